package gateway_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	plane "latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/engine"
	"latchkey/internal/objects"
	"latchkey/internal/server"
	"latchkey/internal/store"
	"latchkey/internal/upstream"
)

// half does single steps of a bucket's creation on the data folder of a server that does not run.
type half struct {
	t       *testing.T
	control *plane.Control
	buckets *buckets.Buckets
	objects *objects.Store
}

// halfway lets do take some steps. Then the program stops.
func halfway(t *testing.T, dir string, do func(*half)) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, database)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	e, err := engine.Open(t.Context(), db, engine.Options{MaxStaleness: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	o, err := objects.Open(t.Context(), filepath.Join(dir, "objects"), objects.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	c := &plane.Control{DB: db, Engine: e, Now: time.Now, Region: region}
	do(&half{t: t, control: c, buckets: &buckets.Buckets{Control: c, Upstream: o}, objects: o})
}

func (h *half) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *half) call() *plane.Call {
	h.t.Helper()
	snap, err := h.control.Engine.Snapshot()
	h.check(err)
	call := h.control.BeginFor(plane.Outsider{
		Identity: audit.Identity{Type: "Root"}, Account: accountA, Snapshot: snap, Facts: caller.Facts{Time: time.Now()},
	}, plane.Opening{Source: buckets.Source, Operation: "CreateBucket"})
	call.ByRight(plane.BucketIntention)
	return call
}

func (h *half) intend(name string) *bucket.Creation {
	h.t.Helper()
	c, err := h.buckets.Intend(h.t.Context(), h.call(), name, region)
	h.check(err)
	return c
}

func (h *half) make(name, nonce string) {
	h.t.Helper()
	h.check(h.objects.MakeBucket(h.t.Context(), name, nonce))
}

// intentions counts the creations that the server still intends.
func (w *world) intentions() (n int) {
	w.t.Helper()
	for _, err := range store.BucketCreations.All(w.t.Context(), w.server.Control.DB) {
		if err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

func (w *world) recover() {
	w.t.Helper()
	if err := w.server.Buckets.Recover(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// TestACreationThatStoppedHalfWay stops a creation between any two steps and starts the server again.
func TestACreationThatStoppedHalfWay(t *testing.T) {
	late := func(c *server.Config) {
		c.Now = func() time.Time { return time.Now().Add(5*time.Minute + time.Second) }
	}
	begin := func(t *testing.T, stopped func(*half), more ...func(*server.Config)) (*world, awsKeys) {
		t.Helper()
		dir := t.TempDir()
		var b awsKeys
		t.Run("before", func(t *testing.T) { b = start(t, in(dir)).other() })
		halfway(t, dir, stopped)
		w := start(t, append(more, in(dir))...)
		for _, change := range more {
			var c server.Config
			if change(&c); c.Now != nil {
				w.advance(time.Until(c.Now()))
			}
		}
		return w, b
	}
	t.Run("after the intention", func(t *testing.T) {
		w, b := begin(t, func(h *half) { h.intend("lake") })
		refused(t, "another account, while it stands", w.put(b, "/lake", ""), 409, "BucketAlreadyExists", "")
		if got := w.own(w.root, "AdoptBucket",
			`{"Name":"lake","AccountId":"`+accountB+`"}`); got.code != "ResourceNotFoundException" {
			t.Errorf("adopt: %s", got.body)
		}
		w.bucket(w.root, "lake")
		refused(t, "again", w.put(w.root, "/lake", ""), 409, "BucketAlreadyOwnedByYou", "")
		if w.intentions() != 0 {
			t.Error("the intention stands although its bucket is registered")
		}
	})
	t.Run("after the intention, long ago", func(t *testing.T) {
		w, b := begin(t, func(h *half) { h.intend("lake") }, late)
		if w.intentions() != 0 {
			t.Error("the intention stands")
		}
		w.bucket(b, "lake")
	})
	t.Run("after the intention, and nobody restarts", func(t *testing.T) {
		w, b := begin(t, func(h *half) { h.intend("lake") })
		w.recover()
		refused(t, "while it stands", w.put(b, "/lake", ""), 409, "BucketAlreadyExists", "")
		w.advance(5*time.Minute + time.Second)
		w.recover()
		w.bucket(b, "lake")
	})
	t.Run("after the upstream", func(t *testing.T) {
		w, b := begin(t, func(h *half) { h.make("lake", h.intend("lake").Nonce) })
		refused(t, "another account", w.put(b, "/lake", ""), 409, "BucketAlreadyExists", "")
		w.object("/lake/k", "x")
		if w.intentions() != 0 {
			t.Error("the intention stands although its bucket is registered")
		}
		got := w.own(w.root, "QueryAudit", `{"EventName":"CreateBucket"}`).body
		if strings.Count(got, `"Id"`) != 1 || !strings.Contains(got, "AwsServiceEvent") ||
			!strings.Contains(got, "arn:aws:s3:::lake") {
			t.Errorf("the records are %s", got)
		}
	})
	t.Run("after the registration", func(t *testing.T) {
		w, b := begin(t, func(h *half) {
			c := h.intend("lake")
			h.make("lake", c.Nonce)
			h.check(h.buckets.Register(t.Context(), h.call(), c))
		})
		refused(t, "another account", w.put(b, "/lake", ""), 409, "BucketAlreadyExists", "")
		refused(t, "the same account", w.put(w.root, "/lake", ""), 409, "BucketAlreadyOwnedByYou", "")
		w.object("/lake/k", "x")
	})
	t.Run("and somebody's bucket lies there", func(t *testing.T) {
		w, b := begin(t, func(h *half) { h.make("lake", "another nonce"); h.intend("lake") })
		if got := w.own(w.root, "AdoptBucket",
			`{"Name":"lake","AccountId":"`+accountB+`"}`); got.code != "ConflictException" {
			t.Errorf("adopt while somebody creates it: %s", got.body)
		}
		for range 2 {
			refused(t, "the same account", w.put(w.root, "/lake", ""), 409, "BucketAlreadyExists", "")
		}
		if w.intentions() != 0 {
			t.Error("the intention stands although nothing can come of it")
		}
		refused(t, "another account", w.put(b, "/lake", ""), 409, "BucketAlreadyExists", "")
		served(t, "adopt", w.own(w.root, "AdoptBucket", `{"Name":"lake","AccountId":"`+accountB+`"}`))
	})
	t.Run("and somebody's bucket lies there, long ago", func(t *testing.T) {
		w, _ := begin(t, func(h *half) { h.make("lake", "another nonce"); h.intend("lake") }, late)
		refused(t, "it is nobody's", w.get(w.root, "/lake/k"), 404, "NoSuchBucket", "")
		if w.intentions() != 0 {
			t.Error("the intention stands")
		}
	})
}

// TestACreationWhoseAnswerIsLost lets the upstream make the bucket and loses its answer. The same account gets the
// bucket when it tries again.
func TestACreationWhoseAnswerIsLost(t *testing.T) {
	var lose atomic.Bool
	o, err := objects.Open(t.Context(), filepath.Join(t.TempDir(), "objects"), objects.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	w := behind(t, true, func(ctx context.Context, call upstream.Call) (any, error) {
		out, err := o.Do(ctx, call)
		if call.Operation == s3.CreateBucket.Operation && lose.Load() {
			return nil, errors.New("connection reset")
		}
		return out, err
	})
	lose.Store(true)
	refused(t, "lost", w.put(w.root, "/lake", ""), 500, "InternalError", "")
	refused(t, "not registered", w.put(w.root, "/lake/k", "x"), 404, "NoSuchBucket", "")
	lose.Store(false)
	w.bucket(w.root, "lake")
	served(t, "put", w.put(w.root, "/lake/k", "x"))
}

// TestOneNameDoesNotWaitForAnother checks that a creation that hangs in the upstream delays no creation of another
// name.
func TestOneNameDoesNotWaitForAnother(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	w := behind(t, true, func(_ context.Context, call upstream.Call) (any, error) {
		if in, ok := call.Input.(*s3.CreateBucketRequest); ok && *in.Bucket == "slow" {
			close(inside)
			<-release
		}
		return &s3.CreateBucketOutput{}, nil
	})
	done := make(chan int)
	go func() { done <- w.put(w.root, "/slow", "").status }()
	<-inside
	w.bucket(w.root, "fast") // would never return
	served(t, "delete", w.del(w.root, "/fast"))
	close(release)
	if status := <-done; status != 200 {
		t.Errorf("the slow one: %d", status)
	}
}
