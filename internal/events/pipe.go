package events

import (
	"context"
	"sync"
	"time"

	"latchkey/internal/audit"
)

// reserved is how many bytes a request reserves for its record in a sink that blocks. A record of a long key takes
// more; the buffer is then larger than its bound by what the requests under way take.
const reserved = 8 << 10

// How long a sink that failed waits before it tries again: from the first to the last.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 10 * time.Second
)

// pipe is the buffer of a sink.
type pipe struct {
	Pipe
	o *Options

	wake chan struct{} // the writer is to look again

	mu      sync.Mutex
	queue   []Record
	lines   int64     // bytes of the lines in queue
	oldest  time.Time // when the first record of queue came
	records int       // in queue, being written, and reserved
	bytes   int64     // likewise
	room    chan struct{}
	gap     audit.Gap // what was dropped since the last gap record
	total   Stat
	told    Stat // as of the last report
	failed  error
}

func newPipe(p Pipe, o *Options) *pipe {
	return &pipe{Pipe: p, o: o, wake: make(chan struct{}, 1), room: make(chan struct{})}
}

func (p *pipe) stat() Stat {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.total
	s.Sink, s.Records, s.Bytes = p.Name, p.records, p.bytes
	return s
}

// news is what happened since it was called last.
func (p *pipe) news() (dropped, failures int64, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped, failures, why = p.total.Dropped-p.told.Dropped, p.total.Failures-p.told.Failures, p.failed
	p.told, p.failed = p.total, nil
	return dropped, failures, why
}

func (p *pipe) full(size int64) bool {
	return p.records+1 > p.o.Limits.Records || p.bytes+size > p.o.Limits.Bytes
}

// push takes a record, or drops it. A record that has room reserved for it always finds it.
func (p *pipe) push(r Record, hasRoom bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	size, now := r.size(), time.Now()
	if hasRoom {
		p.records, p.bytes = p.records-1, p.bytes-reserved
	} else if p.full(size) {
		p.drop(1, now, now)
		p.signal()
		return
	}
	if len(p.queue) == 0 {
		p.oldest = now
	}
	p.queue = append(p.queue, r)
	p.records, p.bytes, p.lines = p.records+1, p.bytes+size, p.lines+int64(len(r.JSON))
	if len(p.queue) == 1 || p.due(now) {
		p.signal()
	}
}

func (p *pipe) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// drop counts records that are lost.
func (p *pipe) drop(n int64, from, to time.Time) {
	if p.gap.Dropped == 0 {
		p.gap.From = from.UTC()
	}
	p.gap.Dropped, p.gap.To = p.gap.Dropped+n, to.UTC()
	p.total.Dropped += n
}

// reserve waits until there is room for a record. It returns false if none came in time.
func (p *pipe) reserve(ctx context.Context) bool {
	var late <-chan time.Time
	for {
		p.mu.Lock()
		if !p.full(reserved) {
			p.records, p.bytes = p.records+1, p.bytes+reserved
			p.mu.Unlock()
			return true
		}
		room := p.room
		p.mu.Unlock()
		if late == nil {
			timer := time.NewTimer(p.o.Limits.Wait)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-room:
		case <-late:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (p *pipe) unreserve() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free(1, reserved)
}

// free makes room, and tells those who wait for it.
func (p *pipe) free(records int, bytes int64) {
	p.records, p.bytes = p.records-records, p.bytes-bytes
	close(p.room)
	p.room = make(chan struct{})
}
