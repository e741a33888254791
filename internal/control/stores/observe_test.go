package stores_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/bucket"
	"latchkey/internal/control/stores"
	"latchkey/internal/store"
)

// watched is a store that is observed.
type watched struct {
	*stores.Stores
	t   *testing.T
	bad *badStore
	now time.Time
	n   int // changes that were told
}

func watch(t *testing.T, registered bool) *watched {
	t.Helper()
	w := &watched{t: t, bad: &badStore{}, now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
	w.Stores = behind(t, w.bad, true)
	w.Upstreams.All()[0].Buckets.Only = nil
	w.Changed = func(string) { w.n++ }
	if registered {
		must(t, w.update(t.Context(), func(tx *store.Tx) error {
			return store.Buckets.Insert(tx, &bucket.Bucket{Name: "lake", Account: account, Upstream: "bad"})
		}))
	}
	return w
}

func (w *watched) update(ctx context.Context, do func(*store.Tx) error) error {
	_, err := w.Control.DB.Update(ctx, do)
	return err
}

// look changes the store and observes it. It returns what is told of this look.
func (w *watched) look(change func(*badStore)) (told []string) {
	w.t.Helper()
	w.bad.mu.Lock()
	if change != nil {
		change(w.bad)
	}
	w.bad.mu.Unlock()
	w.now = w.now.Add(time.Minute)
	for more := true; more; {
		var err error
		more, err = w.Observe(w.t.Context(), w.Upstreams.All()[0], w.now, w.update)
		must(w.t, err)
	}
	for _, c := range w.state().Changes {
		if c.Time.Equal(w.now) {
			told = append(told, c.Bucket+": "+c.Text)
		}
	}
	return told
}

func (w *watched) state() bucket.UpstreamObservation {
	w.t.Helper()
	all, err := w.List(w.t.Context())
	must(w.t, err)
	return all[1].Observation
}

func (w *watched) wants(what string, got []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: told %q, want %q", what, got, want)
	}
}

func TestWhatOthersChangeIsTold(t *testing.T) {
	w := watch(t, true)
	w.wants("what is there at first", w.look(func(s *badStore) { s.more = "pond" }))
	w.wants("nothing", w.look(nil))
	if o := w.state(); o.Registered != 1 || o.Unregistered != 1 || o.Missing != 0 || !o.Time.Equal(w.now) {
		t.Errorf("%+v", o)
	}
	w.wants("a new bucket", w.look(func(s *badStore) { s.more = "sea" }),
		"pond: the store does not have the bucket any more", "sea: the store has a new bucket, which no account has")
	w.wants("versioning", w.look(func(s *badStore) { s.versioning = "Enabled" }),
		"lake: versioning was off and is Enabled")
	w.wants("versioning again", w.look(func(s *badStore) { s.versioning = "Suspended" }),
		"lake: versioning was Enabled and is Suspended")
	w.wants("a bucket that is gone", w.look(func(s *badStore) { s.gone = true }),
		"lake: the store does not have the bucket any more")
	w.wants("a bucket that is still gone", w.look(nil))
	if c, err := w.Conditions(t.Context()); err != nil || fmt.Sprint(c["lake"].Text) != "missing in the store" ||
		w.state().Missing != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	w.wants("it is back", w.look(func(s *badStore) { s.gone = false }), "lake: the store has the bucket again")
	w.wants("another of the name", w.look(func(s *badStore) { s.made = 7 }),
		"lake: the store's bucket is another one of the same name: it was made 2026-01-07T00:00:00Z")
	if c, err := w.Conditions(t.Context()); err != nil || c["lake"].Text != "another bucket of this name in the store" {
		t.Errorf("%+v, %v", c, err)
	}
	if w.n != 7 {
		t.Errorf("%d changes were counted", w.n)
	}
}

// TestAnAdoptedBucketIsNoStray checks that nobody has to wait for the next look.
func TestAnAdoptedBucketIsNoStray(t *testing.T) {
	w := watch(t, false)
	w.look(nil)
	if o := w.state(); o.Unregistered != 1 {
		t.Fatalf("%+v", o)
	}
	must(t, w.update(t.Context(), func(tx *store.Tx) error {
		return store.Buckets.Insert(tx, &bucket.Bucket{Name: "lake", Account: account, Upstream: "bad"})
	}))
	if o := w.state(); o.Unregistered != 0 {
		t.Errorf("it still counts: %+v", o)
	}
	w.look(nil)
	if o := w.state(); o.Unregistered != 0 || o.Registered != 1 {
		t.Errorf("after the next look: %+v", o)
	}
}

// TestAStoreThatDoesNotAnswerHasNotChanged checks that nothing is taken for gone that nobody could look at.
func TestAStoreThatDoesNotAnswerHasNotChanged(t *testing.T) {
	w := watch(t, true)
	w.wants("at first", w.look(nil))
	before := w.state()
	keys.SecretAccessKey = "another" // the store's side: it refuses ours
	t.Cleanup(func() { keys.SecretAccessKey = "secret" })
	w.wants("refused", w.look(func(s *badStore) { s.gone = true }))
	after := w.state()
	if after.Problem == "" || !after.Time.Equal(before.Time) || after.Missing != 0 {
		t.Errorf("%+v", after)
	}
	keys.SecretAccessKey = "secret"
	w.wants("it answers", w.look(nil), "lake: the store does not have the bucket any more")
	if o := w.state(); o.Problem != "" {
		t.Errorf("%+v", o)
	}
}

// TestKeysThatMayNotListBuckets checks that each registered bucket is asked for then.
func TestKeysThatMayNotListBuckets(t *testing.T) {
	w := watch(t, true)
	w.wants("at first", w.look(func(s *badStore) { s.unlisted, s.more = true, "pond" }))
	if o := w.state(); o.Problem != "" || o.Missing != 0 || o.Unregistered != 0 {
		t.Errorf("%+v", o)
	}
	w.wants("gone", w.look(func(s *badStore) { s.gone = true }), "lake: the store does not have the bucket any more")
}

// TestOurOwnChangesAreNotTold checks that adopting and deleting a bucket here is nobody else's change.
func TestOurOwnChangesAreNotTold(t *testing.T) {
	w := watch(t, false)
	w.wants("at first", w.look(nil))
	must(t, w.update(t.Context(), func(tx *store.Tx) error {
		return store.Buckets.Insert(tx, &bucket.Bucket{Name: "lake", Account: account, Upstream: "bad"})
	}))
	w.wants("adopted", w.look(nil))
	must(t, w.update(t.Context(), func(tx *store.Tx) error { return store.Buckets.Delete(tx, "lake") }))
	w.wants("deleted here", w.look(func(s *badStore) { s.gone = true }))
}
