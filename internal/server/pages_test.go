package server

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
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
		go func() {
			for range 3 {
				in.Write([]byte("some"))
				in.Write([]byte("more"))
				time.Sleep(stallTimeout - time.Second)
			}
			in.Close()
		}()
		patient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if string(got) != strings.Repeat("somemore", 3) || err != nil {
				t.Errorf("read %q, %v", got, err)
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
