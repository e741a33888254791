package gateway_test

import (
	"io"
	"maps"
	"strings"
	"testing"
)

// TestAttack49_AStreamByAGrantEndsWithIt takes away what a download and an upload by a grant of the caller's go by
// while they are under way. Another grant does not rescue them.
func TestAttack49_AStreamByAGrantEndsWithIt(t *testing.T) {
	all := maps.Clone(losses)
	all["grants answer no requests any more"] = func(w *world, _ awsKeys, _ string) { w.resolve(false) }
	all["another grant would do"] = func(w *world, _ awsKeys, grant string) {
		w.grant("alice", "lake/in/l*", "READWRITE", false)
		w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + grant})
	}
	all["the location's role does not trust the service"] = func(w *world, _ awsKeys, _ string) {
		w.iam("UpdateAssumeRolePolicy", "RoleName", "loc", "PolicyDocument", strings.Replace(trusting, "Allow", "Deny", 1))
	}
	all["a Deny of the caller's own"] = func(w *world, _ awsKeys, _ string) {
		w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`,
			`{"Effect":"Deny","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}`))
	}
	for name, take := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, alice := resolving(t)
			grant := w.grant("alice", "lake/in/*", "READWRITE", false)
			w.object("/lake/in/large", strings.Repeat("x", large))
			reading := w.open(alice, "/lake/in/large")
			r := w.request(alice, ask{method: "PUT", path: "/lake/in/lnew", hash: "UNSIGNED-PAYLOAD",
				body: strings.Repeat("x", large)})
			content, send := io.Pipe()
			r.Body = content
			answered := make(chan *answer, 1)
			go func() { answered <- w.tried(r) }()
			if _, err := send.Write(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
			take(w, alice, grant)
			if n, err := io.Copy(io.Discard, reading.Body); err == nil || n >= large-1 {
				t.Errorf("the client read %d bytes more, %v", n, err)
			}
			go func() { _, _ = io.CopyN(send, zeros{}, large-1<<20) }()
			if got := <-answered; got != nil && got.status != 403 {
				t.Errorf("the upload got %v", got)
			}
			send.CloseWithError(io.ErrClosedPipe)
			if w.listed("in/lnew") {
				t.Error("it was stored")
			}
		})
	}
	t.Run("a closer grant that is made meanwhile does no harm", func(t *testing.T) {
		t.Parallel()
		w, alice := resolving(t)
		w.grant("alice", "lake/in/*", "READ", false)
		w.object("/lake/in/large", strings.Repeat("x", large))
		reading := w.open(alice, "/lake/in/large")
		w.grant("alice", "lake/in/large", "READ", true)
		if n, err := io.Copy(io.Discard, reading.Body); err != nil || n != large-1 {
			t.Errorf("the client read %d bytes more, %v", n, err)
		}
	})
}
