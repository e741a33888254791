package events

import (
	"context"
	"errors"
	"time"
)

// due reports whether the records of the queue are to be written now.
func (p *pipe) due(now time.Time) bool {
	n := len(p.queue)
	if n == 0 {
		return p.gap.Dropped > 0 && now.Sub(p.gap.From) >= p.Linger
	}
	return p.lines >= p.Enough || p.Most > 0 && n >= p.Most || now.Sub(p.oldest) >= p.Linger
}

// run writes what comes until ctx ends, and then what is left, for patience at most.
func (p *pipe) run(ctx context.Context, patience time.Duration) {
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(patience, giveUp) })
	defer stop()
	for work.Err() == nil {
		batch, ok := p.take(ctx)
		if !ok {
			break
		}
		p.write(ctx, work, batch)
	}
	p.abandon()
	if err := p.Sink.Close(); err != nil {
		p.mu.Lock()
		p.failed, p.total.Failures = err, p.total.Failures+1
		p.mu.Unlock()
	}
}

// abandon counts what is left in the queue as lost.
func (p *pipe) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.queue {
		p.drop(1, p.queue[i].Event.EventTime, p.queue[i].Event.EventTime)
		p.free(1, p.queue[i].size())
	}
	p.queue, p.lines = nil, 0
}

// take waits until records are due, and takes them. It returns false once ctx has ended and nothing is left.
func (p *pipe) take(ctx context.Context) ([]Record, bool) {
	for {
		p.mu.Lock()
		now, over := time.Now(), ctx.Err() != nil
		if p.due(now) || over {
			batch := p.batch()
			p.mu.Unlock()
			return batch, len(batch) > 0
		}
		wait := time.Hour
		if len(p.queue) > 0 {
			wait = p.Linger - now.Sub(p.oldest)
		} else if p.gap.Dropped > 0 {
			wait = p.Linger - now.Sub(p.gap.From)
		}
		p.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-p.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// batch takes as many records off the queue as are written together, and says behind them what was dropped. They stay
// counted until they are written.
func (p *pipe) batch() []Record {
	n, lines := 0, int64(0)
	for n < len(p.queue) && (p.Most == 0 || n < p.Most) && (n == 0 || lines < p.Enough) {
		lines += int64(len(p.queue[n].JSON))
		n++
	}
	p.lines -= lines
	batch := append(make([]Record, 0, n+1), p.queue[:n]...)
	clear(p.queue[:n])
	p.queue = p.queue[n:]
	if len(p.queue) == 0 {
		p.queue = nil
	}
	if p.gap.Dropped == 0 {
		return batch
	}
	gap, err := gapRecord(p.o, p.gap)
	if err != nil {
		p.failed = err
		return batch
	}
	p.gap.Dropped = 0
	p.records, p.bytes = p.records+1, p.bytes+gap.size()
	return append(batch, gap)
}

// write writes a batch, however often that takes. It gives up when the work is to end, or after the pipe's retries.
func (p *pipe) write(ctx, work context.Context, batch []Record) {
	err := p.Sink.Write(work, batch)
	backoff := minBackoff
	for tries := 0; err != nil; tries++ {
		p.mu.Lock()
		p.failed, p.total.Failures = err, p.total.Failures+1
		p.mu.Unlock()
		if _, ok := errors.AsType[*Rejected](err); ok || work.Err() != nil || p.Retries > 0 && tries >= p.Retries {
			break
		}
		p.pause(ctx, work, backoff)
		backoff = min(2*backoff, maxBackoff)
		err = p.Sink.Write(work, batch)
	}
	var bytes int64
	for i := range batch {
		bytes += batch[i].size()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free(len(batch), bytes)
	if refused, ok := errors.AsType[*Rejected](err); ok {
		p.total.Written += int64(len(batch) - refused.Records)
		p.total.Dropped += int64(refused.Records) // a gap record would be refused, too
		return
	}
	if err == nil {
		p.total.Written += int64(len(batch))
		return
	}
	for i := range batch {
		if g := batch[i].Event.Latchkey; g != nil && g.Gap != nil { // they are counted already
			p.total.Dropped -= g.Dropped
			p.drop(g.Dropped, g.From, g.To)
			continue
		}
		p.drop(1, batch[i].Event.EventTime, batch[i].Event.EventTime)
	}
}

// pause waits before the next try. The end of ctx cuts the first pauses short: what waits at a shutdown is tried at
// once.
func (p *pipe) pause(ctx, work context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	ended := ctx.Done()
	if ctx.Err() != nil {
		ended = nil
	}
	select {
	case <-timer.C:
	case <-ended:
	case <-work.Done():
	}
}
