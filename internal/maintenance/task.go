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

	// Local says that the task concerns this node alone, such as files on its disk. Every node runs it, without a
	// lease, and begins to count its interval when it starts.
	Local bool

	// Batch does a bounded part of the work. It has to leave nothing half done when its context ends.
	Batch func(context.Context, Step) (Progress, error)
}

// Step is what a batch works with.
type Step struct {
	Now    time.Time // the same for all batches of a run
	Cursor int64     // where the batch before ended; 0: this one is at the beginning

	// Update commits a change, unless this node has lost the task's lease: then it fails with store.ErrLeased and
	// nothing is written. It is nil for a local task.
	Update Commit
}

// Commit runs a function in one transaction and commits it.
type Commit func(context.Context, func(*store.Tx) error) error

// Progress is what a batch has done.
type Progress struct {
	Removed int64 // rows, files or the like
	Cursor  int64 // where the next batch goes on; 0: at the beginning
	More    bool  // there is, or may be, more to do
}

// State is what is kept of a task between its runs: in the store, for all nodes, or in a local task's own node.
type State struct {
	Began      time.Time // of the last run
	Succeeded  time.Time // when the last run ended that did not fail; zero: none has
	Failed     bool      // the last run did
	Unfinished bool      // there is more to do
	Cursor     int64     `json:",omitempty"` // where it goes on
}

// How long the loop waits at least and at most before it looks again, and before it tries again what failed.
const (
	minWait    = time.Second
	maxWait    = time.Minute
	retryAfter = time.Minute
)

// wait is how long it is until a task with this state is due; 0 or less: it is. A state that is much later than the
// present comes from a clock that was wrong, and keeps nobody waiting.
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
