package buckets_test

import (
	"context"
	"errors"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/controltest"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/upstream"
)

const (
	accountA = access.AccountID("123456789012")
	accountB = access.AccountID("210987654321")
	open     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*",` +
		`"Resource":"arn:aws:s3:::lake/*"}]}`
)

type world struct {
	*controltest.World
	*buckets.Buckets
	t    *testing.T
	a, b controltest.Keys
}

// unasked is an upstream with these traits. No test calls its methods.
type unasked upstream.Traits

func (u unasked) Traits() upstream.Traits { return upstream.Traits(u) }

func (unasked) Do(context.Context, upstream.Call) (any, error) {
	return nil, errors.New("nobody should have asked")
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cw := controltest.New(t, controltest.Account(accountA), controltest.Account(accountB))
	return &world{
		World:   cw,
		Buckets: &buckets.Buckets{Control: cw.Control, Upstream: unasked{Nonces: true}},
		t:       t,
		a:       cw.Root(accountA),
		b:       cw.Root(accountB),
	}
}

func (w *world) call(k controltest.Keys) *control.Call {
	w.t.Helper()
	call := w.Call(w.t, k, "iam", "Test")
	must(w.t, call.May("s3:*", "*", policy.Values{}, nil, call.Account)) // as the gateway asks before it registers
	return call
}

func (w *world) register(k controltest.Keys, name string) {
	w.t.Helper()
	call := w.call(k)
	must(w.t, w.Register(w.t.Context(), call, w.intend(call, name)))
}

func (w *world) intend(call *control.Call, name string) *bucket.Creation {
	w.t.Helper()
	c, err := w.Intend(w.t.Context(), call, name, controltest.Region)
	must(w.t, err)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestACallThatKnewAnotherBucket checks that a call that was authorized for one bucket does not change another bucket
// of the same name.
func TestACallThatKnewAnotherBucket(t *testing.T) {
	for name, do := range map[string]func(*world, *control.Call) error{
		"PutPolicy": func(w *world, c *control.Call) error {
			return w.PutPolicy(t.Context(), c, c.Snapshot.Bucket("lake"), open)
		},
		"DeletePolicy": func(w *world, c *control.Call) error {
			return w.DeletePolicy(t.Context(), c, c.Snapshot.Bucket("lake"))
		},
		"Unregister": func(w *world, c *control.Call) error {
			return w.Unregister(t.Context(), c, c.Snapshot.Bucket("lake"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.register(w.a, "lake")
			must(t, do(w, w.call(w.a))) // the honest one
			if name == "Unregister" {
				w.register(w.a, "lake")
			}
			stale := w.call(w.a)
			now := w.call(w.a)
			must(t, w.Unregister(t.Context(), now, now.Snapshot.Bucket("lake")))
			if err := do(w, stale); !fault.Is(err, fault.NotFound, fault.Bucket) {
				t.Errorf("after it was deleted: %v", err)
			}
			w.register(w.b, "lake")
			if err := do(w, stale); !fault.Is(err, fault.NotFound, fault.Bucket) {
				t.Errorf("after it became another's: %v", err)
			}
			if b := w.call(w.b).Snapshot.Bucket("lake"); b == nil || b.Account != accountB || b.Policy != "" {
				t.Errorf("the other's bucket is %+v", b)
			}
		})
	}
}

// TestNamesAreShared checks that only one of two requests that register the same name succeeds, whatever their
// snapshots show.
func TestNamesAreShared(t *testing.T) {
	w := newWorld(t)
	first, second, again := w.call(w.a), w.call(w.b), w.call(w.a)
	for _, c := range []*control.Call{first, second, again} {
		must(t, w.CheckNew(c, "lake", controltest.Region))
	}
	must(t, w.Register(t.Context(), first, w.intend(first, "lake")))
	if _, err := w.Intend(t.Context(), second, "lake", controltest.Region); !fault.Is(err, fault.AlreadyExists,
		fault.Bucket) {
		t.Errorf("the second: %v", err)
	}
	if _, err := w.Intend(t.Context(), again, "lake", controltest.Region); !fault.Is(err, fault.AlreadyExists,
		fault.BucketOwned) {
		t.Errorf("again: %v", err)
	}
	for name, want := range map[string]bool{"lake": false, "v20180820": false, "UPPER": false, "ab": false, "fine": true} {
		if err := w.CheckNew(w.call(w.a), name, controltest.Region); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
