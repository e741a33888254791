package remote_test

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/remote"
)

// TestAStoreThatIsAway stops a store. Calls fail at once after some failures, and succeed when it is back.
func TestAStoreThatIsAway(t *testing.T) {
	var away atomic.Bool
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		ok(w, r)
	})
	o := at(t, rec.URL)
	o.Limits = remote.Limits{MaxFailures: 3, MinAway: 200 * time.Millisecond, MaxAway: 400 * time.Millisecond}
	u := open(t, o)
	get := func() error {
		_, err := read(t, u, "lake", "k")
		return err
	}
	if err := get(); err != nil || u.Health().Away() {
		t.Fatal(err)
	}
	away.Store(true)
	for range 3 {
		unanswered(t, "a store that is away", get())
	}
	asked := len(rec.all())
	for range 20 {
		unanswered(t, "a store that is left alone", get())
	}
	h := u.Health()
	if len(rec.all()) != asked || !h.Away() || h.Endpoints[0].Failures != 3 || h.Endpoints[0].LastError == "" {
		t.Errorf("the store was asked %d times more, %+v", len(rec.all())-asked, h)
	}
	away.Store(false)
	for deadline := time.Now().Add(10 * time.Second); get() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("the store is back, and is not asked")
		}
	}
	if u.Health().Away() || u.Health().Endpoints[0].Failures != 0 {
		t.Errorf("%+v", u.Health())
	}
}

// TestOneCallTriesAStoreThatIsAway lets many callers wait for a store that does not answer: only one may try it.
func TestOneCallTriesAStoreThatIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it accepts nothing: the kernel takes connections, and nobody answers
	o := at(t, "http://"+l.Addr().String())
	o.Limits = remote.Limits{MaxFailures: 1, Answer: 300 * time.Millisecond, MinAway: 1, MaxAway: 1}
	u := open(t, o)
	_, _ = read(t, u, "lake", "k")
	began := make(chan struct{})
	first := make(chan error, 1)
	go func() {
		close(began)
		_, err := read(t, u, "lake", "k")
		first <- err
	}()
	<-began
	for len(first) == 0 {
		start := time.Now()
		_, err := read(t, u, "lake", "k")
		unanswered(t, "another call", err)
		if len(first) == 0 && time.Since(start) < 200*time.Millisecond {
			break // it did not wait
		}
	}
	<-first
}

// TestSeveralEndpoints has two addresses of a store, one of which is nobody's.
func TestSeveralEndpoints(t *testing.T) {
	one, two := record(t, ok), record(t, ok)
	nobody := "http://127.0.0.1:1"
	u := open(t, at(t, one.URL, nobody, two.URL))
	for range 30 {
		put(t, u, "lake", "k", content(1, 10))
		if _, err := read(t, u, "lake", "k"); err != nil {
			t.Error(err)
		}
	}
	if len(one.all()) < 20 || len(two.all()) < 20 {
		t.Errorf("the endpoints got %d and %d calls", len(one.all()), len(two.all()))
	}
	h := u.Health()
	if h.Away() || !h.Endpoints[1].Away || h.Endpoints[0].Away {
		t.Errorf("%+v", h)
	}
}
