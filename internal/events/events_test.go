package events_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/events"
)

// event is a record of a request for a key.
func event(key string) *audit.Event {
	return &audit.Event{
		EventName: "GetObject", EventTime: time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC), EventID: key,
		RecipientAccountID: "123456789012", AWSRegion: "us-east-1",
		RequestParameters: map[string]any{"bucketName": "lake", "key": key},
	}
}

// gate is a sink that the test opens and closes.
type gate struct {
	mu      sync.Mutex
	fail    error
	lines   []events.Record
	open    chan struct{} // closed: writes go through
	entered chan struct{} // gets a value when a write begins
}

func newGate() *gate { return &gate{open: make(chan struct{}), entered: make(chan struct{}, 1000)} }

func (g *gate) Write(ctx context.Context, batch []events.Record) error {
	g.entered <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
		return ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		return g.fail
	}
	g.lines = append(g.lines, batch...)
	return nil
}

func (g *gate) Close() error { return nil }

func (g *gate) set(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fail = err
}

// run runs a recorder until stop is called.
func run(t *testing.T, o events.Options, patience time.Duration) (r *events.Recorder, stop func()) {
	t.Helper()
	if o.Limits == (events.Limits{}) {
		o.Limits = events.DefaultLimits
	}
	r = events.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx, patience); close(done) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return r, stop
}

// await waits for a condition.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func TestAFullBufferDropsAndSaysSo(t *testing.T) {
	g := newGate()
	var log bytes.Buffer
	var mu sync.Mutex
	r, stop := run(t, events.Options{
		Limits: events.Limits{Records: 10, Bytes: 1 << 20, Wait: time.Second}, Account: "123456789012", Region: "eu-west-1",
		Pipes: []events.Pipe{{Name: "gate", Sink: g, Enough: 1}}, LogEvery: time.Millisecond,
		Log: slog.New(slog.NewJSONHandler(&locked{&mu, &log}, nil)),
	}, time.Minute)
	r.Record(nil, event("first"))
	<-g.entered // the sink has it, and still counts it
	for i := range 30 {
		r.Record(nil, event(fmt.Sprint(i)))
	}
	s := r.Stats()[0]
	if s.Records != 10 || s.Dropped != 21 || s.Written != 0 {
		t.Errorf("%+v", s)
	}
	await(t, "lines about all of it in the log", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return dropped(t, log.Bytes()) == 21
	})
	close(g.open)
	await(t, "what waits is written", func() bool { return r.Stats()[0].Records == 0 })
	stop()
	if s := r.Stats()[0]; s.Written != 11 || s.Dropped != 21 || s.Bytes != 0 { // ten, and the gap
		t.Errorf("%+v", s)
	}
	var gaps []*audit.Event
	for _, l := range g.lines {
		if l.Event.EventName == "DataEventsDropped" {
			gaps = append(gaps, l.Event)
		}
	}
	if len(gaps) != 1 || gaps[0].Latchkey.Dropped != 21 || gaps[0].Latchkey.From.IsZero() ||
		gaps[0].Latchkey.To.Before(gaps[0].Latchkey.From) || gaps[0].RecipientAccountID != "123456789012" ||
		gaps[0].AWSRegion != "eu-west-1" {
		t.Errorf("%+v", gaps)
	}
}

// dropped adds up what the lines of a log say was dropped: a line counts what was dropped since the one before.
func dropped(t *testing.T, log []byte) (n int) {
	t.Helper()
	for line := range bytes.Lines(log) {
		var l struct {
			Sink    string
			Dropped int
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if l.Sink == "gate" {
			n += l.Dropped
		}
	}
	return n
}

// locked is a buffer that many may use.
type locked struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestABufferIsBoundedInBytes(t *testing.T) {
	g := newGate()
	r, _ := run(t, events.Options{
		Limits: events.Limits{Records: 1000, Bytes: 64 << 10, Wait: time.Second},
		Pipes:  []events.Pipe{{Name: "gate", Sink: g, Linger: time.Hour, Enough: 1 << 30}},
	}, time.Minute)
	for range 100 {
		r.Record(nil, event(strings.Repeat("k", 1000)))
	}
	if s := r.Stats()[0]; s.Bytes > 64<<10 || s.Records >= 100 || s.Dropped == 0 || s.Records+int(s.Dropped) != 100 {
		t.Errorf("%+v", s)
	}
	close(g.open)
}

func TestNothingIsLostAtAnOrderlyEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	f, err := events.OpenFile(events.FileOptions{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	r, stop := run(t, events.Options{
		Pipes: []events.Pipe{{Name: "file", Sink: f, Linger: time.Hour, Enough: 1 << 30}},
	}, time.Minute)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 500 {
				r.Record(nil, event(fmt.Sprintf("%d/%d", i, j)))
			}
		})
	}
	all.Wait()
	stop()
	if got := read(t, path); len(got) != 4000 {
		t.Errorf("%d records", len(got))
	}
	if s := r.Stats()[0]; s.Written != 4000 || s.Dropped != 0 || s.Records != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestASinkThatFailsIsTriedAgain(t *testing.T) {
	g := newGate()
	close(g.open)
	g.set(errors.New("disk full"))
	r, stop := run(t, events.Options{Pipes: []events.Pipe{{Name: "gate", Sink: g, Enough: 1}}}, time.Minute)
	r.Record(nil, event("one"))
	await(t, "some failures", func() bool { return r.Stats()[0].Failures > 1 })
	g.set(nil)
	await(t, "the record is written", func() bool { return r.Stats()[0].Written == 1 })
	stop()
	if len(g.lines) != 1 {
		t.Errorf("%d records", len(g.lines))
	}
}

func TestASinkThatFailsDoesNotKeepTheServerFromEnding(t *testing.T) {
	g := newGate()
	g.set(errors.New("away"))
	close(g.open)
	r, stop := run(t, events.Options{
		Limits: events.Limits{Records: 5, Bytes: 1 << 20, Wait: time.Second},
		Pipes:  []events.Pipe{{Name: "gate", Sink: g, Most: 2}},
	}, time.Millisecond)
	for i := range 9 {
		r.Record(nil, event(fmt.Sprint(i)))
	}
	stop()
	if s := r.Stats()[0]; s.Dropped != 9 || s.Written != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWhatASinkRefusesIsNotSentAgain(t *testing.T) {
	g := newGate()
	g.set(&events.Rejected{Records: 2, Err: errors.New("no")})
	close(g.open)
	r, _ := run(t, events.Options{
		Pipes: []events.Pipe{{Name: "gate", Sink: g, Linger: time.Hour, Enough: 1 << 30, Most: 3}},
	}, time.Minute)
	for range 3 {
		r.Record(nil, event("k"))
	}
	await(t, "the end of the batch", func() bool { return r.Stats()[0].Records == 0 })
	if s := r.Stats()[0]; s.Written != 1 || s.Dropped != 2 || s.Failures != 1 {
		t.Errorf("%+v", s)
	}
}

func TestABatchIsGivenUpAfterItsRetries(t *testing.T) {
	g := newGate()
	g.set(errors.New("bad request"))
	close(g.open)
	r, _ := run(t, events.Options{
		Pipes: []events.Pipe{{Name: "gate", Sink: g, Retries: 1, Linger: time.Hour, Enough: 1}},
	}, 0)
	r.Record(nil, event("poison"))
	await(t, "it is given up", func() bool { return r.Stats()[0].Dropped == 1 })
	g.set(nil)
	r.Record(nil, event("next"))
	await(t, "the next one and the gap are written", func() bool { return r.Stats()[0].Written == 2 })
}

func TestARecorderThatNeverRanIsClosed(t *testing.T) {
	f, err := events.OpenFile(events.FileOptions{Path: filepath.Join(t.TempDir(), "events")})
	if err != nil {
		t.Fatal(err)
	}
	r := events.New(events.Options{Limits: events.DefaultLimits, Pipes: []events.Pipe{{Name: "file", Sink: f}}})
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil { // twice: the file is closed already
		t.Error(err)
	}
}

func TestNoRecorderRecordsNothing(t *testing.T) {
	var r *events.Recorder
	ticket, err := r.Admit(t.Context())
	if err != nil || r.Takes(&events.Request{}) || r.Stats() != nil {
		t.Error(err, r.Stats())
	}
	r.Record(&ticket, event("k"))
	ticket.Release()
}

// read reads the JSON lines of a file.
func read(t *testing.T, path string) (all []audit.Event) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var e audit.Event
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			t.Fatalf("%s: %q: %v", path, s.Text(), err)
		}
		all = append(all, e)
	}
	return all
}
