package buckets_test

import (
	"testing"

	"latchkey/internal/bucket"
	"latchkey/internal/fault"
)

// TestAStoreWithoutNonces checks that buckets of a store without nonces are registered without one, and that the store
// is never asked for a nonce.
func TestAStoreWithoutNonces(t *testing.T) {
	w := newWorld(t)
	w.Upstream = unasked{}
	call := w.call(w.a)
	c := w.intend(call, "lake")
	must(t, w.Register(t.Context(), call, c))
	b := w.call(w.a).Snapshot.Bucket("lake")
	if b == nil || b.Nonce != "" {
		t.Fatalf("registered as %+v", b)
	}
	must(t, w.Genuine(t.Context(), b)) // would ask the store
	if err := w.Register(t.Context(), w.call(w.a), c); err != nil {
		t.Errorf("another request of the account that made the same bucket: %v", err)
	}
}

// TestABucketOfAnotherUpstream checks that the bucket is not looked for in the present upstream, which may have another
// bucket of that name.
func TestABucketOfAnotherUpstream(t *testing.T) {
	w := newWorld(t)
	b := &bucket.Bucket{Name: "lake", Account: accountA, Nonce: "n", Upstream: "elsewhere"}
	if _, err := w.InUpstream(b); !fault.Is(err, fault.Unavailable, fault.Bucket) {
		t.Errorf("in the upstream: %v", err)
	}
	if err := w.Genuine(t.Context(), b); !fault.Is(err, fault.Unavailable, fault.Bucket) {
		t.Errorf("genuine: %v", err)
	}
	b.Upstream = ""
	if u, err := w.InUpstream(b); err != nil || u != w.Upstream {
		t.Errorf("of the server's only one: %v, %v", u, err)
	}
}
