package maintenance

import (
	"context"
	"time"

	"latchkey/internal/store"
)

// Task is one kind of clean-up.
type Task struct {
	Name     string        // in metrics, logs and the name of its lease
	Interval time.Duration // from the beginning of one run to the next

	// Local says that the task concerns this node alone, such as files on its disk. Every node runs it, without a lease.
	// Its first interval begins when the node starts.
	Local bool

	// Batch does a bounded part of the work. When its context ends, it must leave nothing half done.
	Batch func(context.Context, Step) (Progress, error)
}

// Step is the input of a batch.
type Step struct {
	Now    time.Time // the same for all batches of a run
	Cursor int64     // Progress.Cursor of the batch before; 0: begin at the start

	// Update commits a change, unless this node has lost the task's lease. Then it fails with store.ErrLeased and writes
	// nothing. It is nil for a local task.
	Update Commit
}

// Commit runs a function in one transaction and commits it.
type Commit func(context.Context, func(*store.Tx) error) error

// Progress is what a batch has done.
type Progress struct {
	Removed int64 // rows, files or the like
	Cursor  int64 // where the next batch continues; 0: at the start
	More    bool  // there is, or may be, more to do
}

// State is what is kept about a task between its runs: in the store, for all nodes, or for a local task in the node's
// memory.
type State struct {
	Began      time.Time // of the last run
	Succeeded  time.Time // when the last successful run ended; zero: never
	Failed     bool      // whether the last run failed
	Unfinished bool      // there is more to do
	Cursor     int64     `json:",omitempty"` // where the next run continues
}

// The shortest and the longest time before the loop looks again, and the time before it retries a failed task.
const (
	minWait    = time.Second
	maxWait    = time.Minute
	retryAfter = time.Minute
)

// wait is how long it is until a task with this state is due. 0 or less means that it is due. A state that is much
// later than the present was written with a wrong clock, and delays nothing.
func (t *Task) wait(s State, now time.Time) time.Duration {
	every := t.Interval
	switch {
	case s.Began.IsZero(), s.Began.After(now.Add(leaseTerm)), s.Unfinished && !s.Failed:
		return 0
	case s.Failed:
		every = min(every, retryAfter)
	}
	return s.Began.Add(every).Sub(now)
}
