package server

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"latchkey/internal/front"
)

// deadlines is a response that remembers which deadlines its connection was given.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

func TestBodiesMayTakeLongButNotStandStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		body, in := io.Pipe()
		w, r := &deadlines{ResponseRecorder: httptest.NewRecorder()}, httptest.NewRequest("PUT", "/bucket/key", body)
		r.ContentLength = -1
		part := strings.Repeat("p", minBodyRate*int(stallTimeout/time.Second))
		go func() {
			for range 3 {
				in.Write([]byte(part[:4]))
				in.Write([]byte(part[4:]))
				time.Sleep(stallTimeout - time.Second)
			}
			in.Close()
		}()
		patient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if string(got) != strings.Repeat(part, 3) || err != nil {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
		})).ServeHTTP(w, r)
		if time.Since(start) <= 2*stallTimeout {
			t.Error("the body was too quick to show anything")
		}
		n := len(w.set)
		if n < 4 || n > 5 || !w.set[n-1].IsZero() {
			t.Fatalf("deadlines %v", w.set)
		}
		if w.set[0].Sub(start) != stallTimeout {
			t.Errorf("the first is after %v", w.set[0].Sub(start))
		}
		for i, at := range w.set[1 : n-1] {
			if !at.After(w.set[i]) {
				t.Errorf("deadline %d does not move: %v", i+1, w.set)
			}
		}
	})
}

// dripping answers a PUT whose body has a byte every so often, and returns how long the server put up with it. The
// connection fails reads after its deadline, as a real one does.
func dripping(every time.Duration, until func(http.ResponseWriter, *http.Request)) time.Duration {
	start := time.Now()
	body, in := io.Pipe()
	w, r := &deadlines{ResponseRecorder: httptest.NewRecorder()}, httptest.NewRequest("PUT", "/bucket/key", nil)
	r.ContentLength = -1
	r.Body = &cutAtDeadline{body, w}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, err := in.Write([]byte("d")); err != nil {
				return
			}
			time.Sleep(every)
		}
	}()
	patient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		until(w, r)
		_, _ = io.Copy(io.Discard, r.Body)
	})).ServeHTTP(w, r)
	took := time.Since(start)
	body.Close()
	<-gone
	return took
}

// cutAtDeadline is a body that nobody reads from after the deadline of its connection.
type cutAtDeadline struct {
	*io.PipeReader
	w *deadlines
}

func (c *cutAtDeadline) Read(p []byte) (int, error) {
	n, err := c.PipeReader.Read(p)
	if time.Now().After(c.w.set[len(c.w.set)-1]) {
		return 0, os.ErrDeadlineExceeded
	}
	return n, err
}

func TestAttack43_ABodyThatDripsIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := dripping(40*time.Second, func(http.ResponseWriter, *http.Request) {})
		if took > 2*stallTimeout {
			t.Errorf("a stream that drips lived for %v", took)
		}
		took = dripping(100*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) {
			r.Body.(front.Limited).Until(time.Now().Add(5 * time.Second))
		})
		if took < 4*time.Second || took > 6*time.Second {
			t.Errorf("a body with a deadline of 5 s lived for %v", took)
		}
	})
}

func TestRequestsWithoutBodyGetNoDeadline(t *testing.T) {
	w, r := &deadlines{ResponseRecorder: httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil)
	patient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) })).ServeHTTP(w, r)
	if len(w.set) != 0 {
		t.Errorf("deadlines %v", w.set)
	}
}

func TestAClientThatStandsStillIsCutOff(t *testing.T) {
	late := errors.New("deadline")
	w, r := &deadlines{ResponseRecorder: httptest.NewRecorder()}, httptest.NewRequest("PUT", "/", iotest.ErrReader(late))
	patient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); !errors.Is(err, late) {
			t.Errorf("read: %v", err)
		}
	})).ServeHTTP(w, r)
	if len(w.set) != 1 || w.set[0].IsZero() {
		t.Errorf("deadlines %v: the connection must not go back to idling", w.set)
	}
}
