package gateway_test

import (
	"strings"
	"testing"
)

// TestAttack43_ListsOfNothing: a body of megabytes of empty elements ends as soon as it has more of them than an honest
// one can have. Honest lists of the largest size are served.
func TestAttack43_ListsOfNothing(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	id := w.upload(w.root, "/lake/m")
	keys := strings.Repeat("<Object><Key>k</Key><VersionId>null</VersionId></Object>", 1000)
	honest := ask{method: "POST", path: "/lake?delete", body: "<Delete>" + keys + "</Delete>"}
	served(t, "a thousand keys", w.do(w.root, honest))
	for name, c := range map[string]struct{ path, body string }{
		"keys":       {"/lake?delete", "<Delete>" + strings.Repeat("<Object/>", 900_000) + "</Delete>"},
		"parts":      {"/lake/m?uploadId=" + id, "<CompleteMultipartUpload>" + strings.Repeat("<Part/>", 1_100_000)},
		"attributes": {"/lake?delete", "<Delete" + strings.Repeat(` a="b"`, 1_000_000) + "/>"},
		"levels":     {"/lake?delete", "<Delete>" + strings.Repeat("<Object>", 1_000)},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, name, w.do(w.root, ask{method: "POST", path: c.path, body: c.body}), 400, "MalformedXML", "")
		})
	}
	refused(t, "a body that is too long",
		w.do(w.root, ask{method: "POST", path: "/lake?delete", body: strings.Repeat(" ", 8<<20+1)}), 400,
		"MaxMessageLengthExceeded", "")
}
