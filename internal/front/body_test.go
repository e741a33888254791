package front

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// counted is a body that counts what is read of it.
type counted struct {
	io.Reader
	read  int
	until time.Time
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func (c *counted) Close() error      { return nil }
func (c *counted) Until(t time.Time) { c.until = t }

// exchange is a request of a source, with a body whose length is announced or not.
func exchange(f *Frame, from string, body *counted, announced int64) (*Exchange, *http.Request) {
	r := httptest.NewRequest("POST", "/", body)
	r.Body, r.ContentLength, r.RemoteAddr = body, announced, from+":1234"
	return f.Begin(httptest.NewRecorder(), r, Kind{}), r
}

func TestAttack43_ABodyIsBoundedBeforeItIsRead(t *testing.T) {
	b := budget.Budget{Bytes: 1000, Time: time.Minute}
	for name, c := range map[string]struct {
		length, announced int64
		most              int // bytes that may be read
		refused           bool
	}{
		"as long as allowed":           {1000, 1000, 1000, false},
		"as long as allowed, in parts": {1000, -1, 1000, false},
		"announced longer":             {5000, 5000, 0, true},
		"longer than anybody said":     {5000, -1, 1001, true},
	} {
		t.Run(name, func(t *testing.T) {
			body := &counted{Reader: strings.NewReader(strings.Repeat("x", int(c.length)))}
			x, r := exchange(&Frame{}, "192.0.2.1", body, c.announced)
			x.Limit(b)
			got, err := io.ReadAll(r.Body)
			if c.refused != fault.Is(err, fault.TooLarge, fault.Body) || !c.refused && (err != nil || len(got) != 1000) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if body.read > c.most {
				t.Errorf("%d bytes were read", body.read)
			}
			if body.until.IsZero() {
				t.Error("the connection was given no time")
			}
			if _, again := r.Body.Read(make([]byte, 1)); c.refused && !errors.Is(again, err) {
				t.Errorf("the next read: %v", again)
			}
		})
	}
}

func TestAttack43_ABodyHasATimeAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe, in := io.Pipe()
		x, r := exchange(&Frame{}, "192.0.2.1", &counted{Reader: pipe}, -1)
		x.Limit(budget.Budget{Bytes: 1 << 20, Time: time.Minute})
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for {
				if _, err := in.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(10 * time.Second)
			}
		}()
		began := time.Now()
		_, err := io.ReadAll(r.Body)
		if !fault.Is(err, fault.Incomplete, fault.Body) || time.Since(began) > 2*time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		pipe.Close()
		<-gone
	})
}

// TestAttack43_OneSourceLeavesRoomForOthers: bodies in memory are counted until their requests end, those of nobody
// apart from those of callers.
func TestAttack43_OneSourceLeavesRoomForOthers(t *testing.T) {
	f := &Frame{}
	read := func(from string, n int64, proved bool) (*Exchange, error) {
		x, r := exchange(f, from, &counted{Reader: io.LimitReader(endless{}, n)}, n)
		if proved {
			if err := x.Proved(); err != nil {
				t.Fatal(err)
			}
		}
		x.Limit(budget.Budget{Bytes: n})
		_, err := io.Copy(io.Discard, r.Body)
		return x, err
	}
	first, err := read("192.0.2.1", maxUnprovenSource, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read("192.0.2.1", 1, false); fault.KindOf(err) != fault.Throttled {
		t.Errorf("one byte more of the same source: %v", err)
	}
	if _, err := read("192.0.2.2", 1<<20, false); err != nil {
		t.Errorf("another source: %v", err)
	}
	if _, err := read("192.0.2.1", 1<<20, true); err != nil {
		t.Errorf("a caller behind the same address: %v", err)
	}
	if err := first.Proved(); err != nil {
		t.Errorf("proved: %v", err)
	}
	if _, err := read("192.0.2.1", 1<<20, false); err != nil {
		t.Errorf("after the first one was proved: %v", err)
	}
	if _, err := read("192.0.2.1", maxHeldSource-maxUnprovenSource, true); fault.KindOf(err) != fault.Throttled {
		t.Errorf("more than a caller's source may have: %v", err)
	}
	first.letGo()
	if _, err := read("192.0.2.3", 1<<20, true); err != nil {
		t.Errorf("another caller: %v", err)
	}
}

func TestAttack43_AllSourcesTogetherAreBounded(t *testing.T) {
	f := &Frame{}
	for n, from := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"} {
		x, _ := exchange(f, from, &counted{}, 0)
		if err := x.Hold(maxUnprovenSource); (err == nil) != (n < maxUnproven/maxUnprovenSource) {
			t.Errorf("source %d: %v", n+1, err)
		}
	}
}

// endless is a body without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
