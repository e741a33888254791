package gateway_test

import (
	"net/http"
	"testing"
)

// TestWire07_ListAllMyBucketsOnEveryBucket checks on which resources a policy admits a user to ListBuckets: on that of
// AWS's example of a home folder, and not on the ARN of one bucket or of some.
func TestWire07_ListAllMyBucketsOnEveryBucket(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	alice := w.user("alice", "")
	for resource, want := range map[string]int{
		"arn:aws:s3:::*": http.StatusOK, "*": http.StatusOK, "arn:aws:s3:::lake": http.StatusForbidden,
		"arn:aws:s3:::lake*": http.StatusForbidden, "arn:aws:s3:::lake/*": http.StatusForbidden,
		"arn:aws:s3:::*lake": http.StatusForbidden, "arn:aws:s3:::": http.StatusForbidden,
	} {
		w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"`+resource+`"}`))
		if got := w.get(alice, "/"); got.status != want {
			t.Errorf("a policy on %s: got %v, want %d", resource, got, want)
		}
	}
	w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
		`{"Effect":"Deny","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::*"}`))
	refused(t, "a Deny on every bucket", w.get(alice, "/"), 403, "AccessDenied", `on resource: "arn:aws:s3:::*"`)
}
