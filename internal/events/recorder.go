package events

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Options are what a recorder is made of.
type Options struct {
	Selection *Selection // nil: every request is recorded
	Limits    Limits
	Account   string // for which gap records are: the operator's
	Region    string // of gap records
	Pipes     []Pipe
	Log       *slog.Logger  // nil: nothing is logged
	LogEvery  time.Duration // how often a sink that loses or fails is logged at most; 0: a minute
}

// Recorder takes the records of requests and gives them to every sink. The nil Recorder records nothing.
type Recorder struct {
	o     Options
	pipes []*pipe
	ran   atomic.Bool
}

// New returns a recorder. Run writes what it takes.
func New(o Options) *Recorder {
	if o.LogEvery == 0 {
		o.LogEvery = time.Minute
	}
	r := &Recorder{o: o}
	for _, p := range o.Pipes {
		r.pipes = append(r.pipes, newPipe(p, &r.o))
	}
	return r
}

// Takes reports whether a request is to be recorded.
func (r *Recorder) Takes(q *Request) bool { return r != nil && r.o.Selection.Takes(q) }

// Ticket is room that a request has in the buffers of the sinks that block. The zero Ticket has none.
type Ticket struct {
	r    *Recorder
	held []*pipe
}

// Admit waits until each sink that blocks has room for one more record. It fails with Throttled if that takes longer
// than the limits allow, and then the request must not be served. Call Release when the request has ended.
func (r *Recorder) Admit(ctx context.Context) (Ticket, error) {
	t := Ticket{r: r}
	if r == nil {
		return t, nil
	}
	for _, p := range r.pipes {
		if !p.Block {
			continue
		}
		if !p.reserve(ctx) {
			t.Release()
			return Ticket{}, fault.New(fault.Throttled, "", "Please reduce your request rate.").For(fault.EventsNotRecorded)
		}
		t.held = append(t.held, p)
	}
	return t, nil
}

// Release gives back the room that was not used.
func (t *Ticket) Release() {
	for _, p := range t.held {
		p.unreserve()
	}
	t.held = nil
}

// Record takes a record. It uses up the ticket. A sink for which the ticket has no room drops the record if its buffer
// is full.
func (r *Recorder) Record(t *Ticket, e *audit.Event) {
	if r == nil {
		return
	}
	line, err := e.JSON()
	if err != nil {
		r.lost(err)
		return
	}
	for _, p := range r.pipes {
		p.push(Record{e, line}, t.take(p))
	}
}

// take uses up the room in a buffer.
func (t *Ticket) take(p *pipe) bool {
	if t == nil {
		return false
	}
	for i, h := range t.held {
		if h == p {
			t.held = append(t.held[:i:i], t.held[i+1:]...)
			return true
		}
	}
	return false
}

// lost counts a record that cannot be written at all.
func (r *Recorder) lost(err error) {
	for _, p := range r.pipes {
		p.mu.Lock()
		p.drop(1, time.Now(), time.Now())
		p.failed = err
		p.mu.Unlock()
	}
}

// Run writes records until ctx ends, and then everything that waits, for patience at most. It closes the sinks. One
// goroutine calls it, once.
func (r *Recorder) Run(ctx context.Context, patience time.Duration) {
	if r.ran.Swap(true) {
		return
	}
	var all sync.WaitGroup
	for _, p := range r.pipes {
		all.Go(func() { p.run(ctx, patience) })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	ticker := time.NewTicker(r.o.LogEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.report()
		case <-done:
			r.report()
			return
		}
	}
}

// Close closes the sinks of a recorder that never ran. After Run there is nothing left to close.
func (r *Recorder) Close() error {
	if r == nil || r.ran.Swap(true) {
		return nil
	}
	var errs []error
	for _, p := range r.pipes {
		errs = append(errs, p.Sink.Close())
	}
	return errors.Join(errs...)
}

// report logs what the sinks lost, and why they failed, since the last report.
func (r *Recorder) report() {
	for _, p := range r.pipes {
		dropped, failures, why := p.news()
		if r.o.Log == nil || dropped == 0 && failures == 0 {
			continue
		}
		level, attrs := slog.LevelWarn, []slog.Attr{
			slog.String("sink", p.Name), slog.Int64("dropped", dropped), slog.Int64("failures", failures),
		}
		if dropped > 0 {
			level = slog.LevelError
		}
		if why != nil {
			attrs = append(attrs, slog.String("error", why.Error()))
		}
		r.o.Log.LogAttrs(context.Background(), level, "data events were not written", attrs...)
	}
}

// Stat says how a sink fares.
type Stat struct {
	Sink     string
	Records  int   // in the buffer, room for requests under way included
	Bytes    int64 // likewise
	Written  int64 // records since the start
	Dropped  int64 // records that no sink will ever have
	Failures int64 // writes that failed and were tried again
}

// Stats says how the sinks fare.
func (r *Recorder) Stats() (all []Stat) {
	if r == nil {
		return nil
	}
	for _, p := range r.pipes {
		all = append(all, p.stat())
	}
	return all
}
