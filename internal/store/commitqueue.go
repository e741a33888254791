package store

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// commitQueue commits what many callers write at the same time in few transactions. One goroutine owns the writing
// connection. It takes everything that is queued, commits it with one write to the disk, and only then answers the
// callers. On SQLite it commits updates and audit records, each update in a savepoint of its own. On PostgreSQL it
// commits audit records only.
type commitQueue struct {
	db      *DB
	updates chan *pendingUpdate
	records chan *pendingRecords

	mu      sync.RWMutex // read-locked while a caller sends to a channel
	closed  bool
	stopped chan struct{}
}

// The largest group that one commit takes. Updates are fewer because each runs its caller's code.
const (
	maxUpdates = 64
	maxRecords = 1024
)

var errClosed = errors.New("the store is closed")

func newCommitQueue(db *DB, w groupWriter) *commitQueue {
	q := &commitQueue{
		db:      db,
		updates: make(chan *pendingUpdate, 4*maxUpdates),
		records: make(chan *pendingRecords, 4*maxRecords),
		stopped: make(chan struct{}),
	}
	go q.run(w)
	return q
}

// groupWriter commits groups through the connection of a commit queue.
type groupWriter interface {
	// commit makes the records durable and runs the updates, in one transaction. It answers every one of them, whatever
	// happens.
	commit(db *DB, updates []*pendingUpdate, records []*pendingRecords)
	close()
}

func (q *commitQueue) submit(ctx context.Context, o *pendingUpdate) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return unavailable("update", errClosed)
	}
	select {
	case q.updates <- o:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *commitQueue) submitRecord(ctx context.Context, r *pendingRecords) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return unavailable("record", errClosed)
	}
	select {
	case q.records <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close accepts nothing more, commits what is queued, and returns when that is done.
func (q *commitQueue) close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.updates)
		close(q.records)
	}
	q.mu.Unlock()
	<-q.stopped
}

func (q *commitQueue) run(w groupWriter) {
	defer close(q.stopped)
	defer w.close()
	updates, records := q.updates, q.records
	var ops []*pendingUpdate
	var recs []*pendingRecords
	for updates != nil || records != nil {
		ops, recs = ops[:0], recs[:0]
		select {
		case o, ok := <-updates:
			if !ok {
				updates = nil
				continue
			}
			ops = append(ops, o)
		case r, ok := <-records:
			if !ok {
				records = nil
				continue
			}
			recs = append(recs, r)
		}
		// The callers that the last commit answered are about to queue their next write. The yield lets them join this group.
		runtime.Gosched()
		ops = drain(updates, ops, maxUpdates)
		recs = drain(records, recs, maxRecords)
		w.commit(q.db, ops, recs)
	}
}

func drain[T any](from chan T, into []T, limit int) []T {
	for len(into) < limit {
		select {
		case v, ok := <-from:
			if !ok {
				return into
			}
			into = append(into, v)
		default:
			return into
		}
	}
	return into
}
