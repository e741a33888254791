package gateway_test

import (
	"net/http"
	"strings"
	"testing"
)

// resolving is a world with a bucket, an instance, and users without policies of their own but s3:GetDataAccess.
func resolving(t *testing.T) (w *world, alice awsKeys) {
	t.Helper()
	w = start(t)
	w.bucket(w.root, "lake", "pond")
	w.grants()
	for _, key := range []string{"finance/q1.csv", "finance/q2.csv", "finance10/x", "hr/a", "secret"} {
		w.object("/lake/"+key, "content of "+key)
	}
	w.object("/pond/p", "pond")
	return w, w.user("alice", mayAskOnly)
}

var mayAskOnly = allow(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`)

func copyFrom(source string) http.Header { return http.Header{"X-Amz-Copy-Source": {source}} }

func TestGrantsAnswerRequests(t *testing.T) {
	w, alice := resolving(t)
	refused(t, "without a grant", w.get(alice, "/lake/finance/q1.csv"), 403, "AccessDenied",
		"because no identity-based policy allows the s3:GetObject action")
	w.grant("alice", "lake/finance/*", "READ", false)
	if got := w.get(alice, "/lake/finance/q1.csv"); got.body != "content of finance/q1.csv" {
		t.Errorf("a granted read: %v", got)
	}
	served(t, "a listing in the scope", w.get(alice, "/lake?list-type=2&prefix=finance/"))
	served(t, "HEAD", w.do(alice, ask{method: "HEAD", path: "/lake/finance/q1.csv"}))
	refused(t, "a key that does not exist", w.get(alice, "/lake/finance/none"), 404, "NoSuchKey", "")
	for name, got := range map[string]*answer{
		"a key of another prefix": w.get(alice, "/lake/hr/a"),
		"a key of a longer name":  w.get(alice, "/lake/finance10/x"),
		"a key that is not there": w.get(alice, "/lake/hr/none"),
		"a write with READ":       w.put(alice, "/lake/finance/new", "x"),
		"a delete with READ":      w.del(alice, "/lake/finance/q1.csv"),
		"an ACL with a write":     w.do(alice, ask{method: "PUT", path: "/lake/finance/q1.csv", body: "x"}),
		"a copy out of the scope": w.do(alice, ask{method: "PUT", path: "/lake/hr/b",
			header: copyFrom("/lake/finance/q1.csv")}),
		"the policy of the bucket":    w.get(alice, "/lake?policy"),
		"the location of the bucket":  w.get(alice, "/lake?location"),
		"the deletion of the bucket":  w.del(alice, "/lake"),
		"another bucket":              w.get(alice, "/pond/p"),
		"uploads of a shorter prefix": w.get(alice, "/lake?uploads"),
	} {
		refused(t, name, got, 403, "AccessDenied", "")
	}
	w.grant("alice", "lake/out/*", "WRITE", false)
	served(t, "a copy from one grant to another", w.do(alice,
		ask{method: "PUT", path: "/lake/out/copy", header: copyFrom("/lake/finance/q1.csv")}))
	refused(t, "a copy from where only WRITE is", w.do(alice,
		ask{method: "PUT", path: "/lake/out/two", header: copyFrom("/lake/out/copy")}), 403, "AccessDenied", "")
	refused(t, "a read with WRITE", w.get(alice, "/lake/out/copy"), 403, "AccessDenied", "")
	got := w.do(alice, ask{method: "POST", path: "/lake?delete", body: deletion("out/copy", "finance/q1.csv")})
	if got.status != 200 || strings.Count(got.body, "<Deleted>") != 1 || !strings.Contains(got.body,
		"<Key>out/copy</Key></Deleted>") ||
		!w.exists("/lake/finance/q1.csv") || w.exists("/lake/out/copy") {
		t.Errorf("a deletion of several keys: %v %s", got, got.body)
	}
}
