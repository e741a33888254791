package gateway_test

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"
)

// An archive with an entry called ../../other/x stays one object: the gateway unpacks nothing.
func TestAttack08_AnArchiveIsNotUnpacked(t *testing.T) {
	w := start(t)
	served(t, "the bucket", w.do(w.root, ask{method: "PUT", path: "/lake"}))
	var archive bytes.Buffer
	tw := tar.NewWriter(&archive)
	for _, name := range []string{"../../other/x", "in/inside"} {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	before := w.do(w.root, ask{method: "GET", path: "/lake?list-type=2"})
	served(t, "the list before", before)
	got := w.do(w.root, ask{method: "PUT", path: "/lake/a.tar", body: archive.String(),
		header: header("X-Amz-Meta-Snowball-Auto-Extract", "true", "X-Amz-Meta-Minio-Snowball", "true")})
	served(t, "the archive as an object", got)
	after := w.do(w.root, ask{method: "GET", path: "/lake?list-type=2"})
	served(t, "the list after", after)
	if n, want := strings.Count(after.body, "<Key>"), strings.Count(before.body, "<Key>")+1; n != want {
		t.Errorf("%d keys after the archive, want %d: %s", n, want, after.body)
	}
	back := w.do(w.root, ask{method: "GET", path: "/lake/a.tar"})
	served(t, "the archive read back", back)
	if back.body != archive.String() {
		t.Error("the archive changed")
	}
}
