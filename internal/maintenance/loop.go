package maintenance

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/store"
)

// leaseTerm is how long a node that died keeps the others from a task. A batch may take no longer.
const leaseTerm = 2 * time.Minute

// stateLimit is how long reading the state of a task, or taking its lease, may take.
const stateLimit = 30 * time.Second

// maxBatches is how many batches of a task run in a row before the other tasks are run.
const maxBatches = 100

// Loop runs tasks when they are due. The caller sets the exported fields. Run and Pass must be called from one
// goroutine.
type Loop struct {
	DB      *store.DB
	Update  Commit // the engine's, so that the snapshot shows the change
	Now     func() time.Time
	Log     *slog.Logger
	Tasks   []Task
	Observe func(Report) // for metrics; nil: reports are dropped

	node  string           // this node's name in leases
	local map[string]State // the states of local tasks, by name
}

// Report describes a task for metrics. The loop reports after each run on this node, and whenever it reads the task's
// state.
type Report struct {
	Task      string
	Ran       bool // this node has just run it
	Failed    bool
	Removed   int64
	Succeeded time.Time // when it last succeeded, on any node; zero: never
}

// Run runs every task when it is due, until ctx ends. It returns after the batch that is then running.
func (l *Loop) Run(ctx context.Context) {
	for ctx.Err() == nil {
		timer := time.NewTimer(l.Pass(ctx))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Pass runs every task that is due once, and returns how long to wait before the next pass.
func (l *Loop) Pass(ctx context.Context) time.Duration {
	if l.node == "" {
		l.node, l.local = uuid.NewString(), map[string]State{}
	}
	next := maxWait
	logged := false
	for i := range l.Tasks {
		t := &l.Tasks[i]
		wait, err := l.runIfDue(ctx, t)
		switch {
		case ctx.Err() != nil:
			return 0
		case err != nil:
			l.observe(Report{Task: t.Name, Ran: true, Failed: true})
			if !logged { // the others fail for the same reason: the database is away
				l.Log.Error("maintenance cannot begin", slog.String("task", t.Name), slog.Any("error", err))
			}
			logged = true
		default:
			next = min(next, wait)
		}
	}
	return max(next, minWait)
}

// runIfDue runs a task if it is due, and returns how long it is until the task is due next.
func (l *Loop) runIfDue(ctx context.Context, t *Task) (time.Duration, error) {
	if t.Local {
		s, known := l.local[t.Name]
		if !known {
			s.Began = l.Now()
		}
		if t.wait(s, l.Now()) <= 0 {
			s = l.run(ctx, t, s, nil)
		}
		l.local[t.Name] = s
		return t.wait(s, l.Now()), nil
	}
	s, err := readState(ctx, l.DB, t)
	if err != nil {
		return 0, err
	}
	l.observe(Report{Task: t.Name, Succeeded: s.Succeeded})
	if wait := t.wait(s, l.Now()); wait > 0 {
		return wait, nil
	}
	return l.runLeased(ctx, t)
}

func (t *Task) lease() string { return "maintenance/" + t.Name }

// readState reads the state of a task. It returns the zero State for one that it cannot decode: an extra run does no
// harm.
func readState(ctx context.Context, q store.Querier, t *Task) (State, error) {
	ctx, cancel := context.WithTimeout(ctx, stateLimit)
	defer cancel()
	r, err := store.ReadLease(ctx, q, t.lease())
	var s State
	if err != nil || json.Unmarshal([]byte(r.Outcome), &s) != nil {
		return State{}, err
	}
	return s, nil
}

// acquire takes the lease of a task and returns the task's state, which another node may have changed since this node
// read it.
func (l *Loop) acquire(ctx context.Context, t *Task) (s State, err error) {
	ctx, cancel := context.WithTimeout(ctx, stateLimit)
	defer cancel()
	_, err = l.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if err := store.TakeLease(tx, t.lease(), l.node, leaseTerm); err != nil {
			return err
		}
		if s, err = readState(ctx, tx, t); err == nil && t.wait(s, l.Now()) > 0 {
			err = errNotDue
		}
		return err
	})
	return s, err
}

var errNotDue = errors.New("another node was faster")

// runLeased runs a task under its lease, and returns how long it is until the task is due next. If another node has the
// lease, or has just run the task, it does nothing. That node reports the run.
func (l *Loop) runLeased(ctx context.Context, t *Task) (time.Duration, error) {
	s, err := l.acquire(ctx, t)
	switch {
	case errors.Is(err, store.ErrLeased):
		return maxWait, nil // look again then, because that node may die
	case errors.Is(err, errNotDue):
		return t.wait(s, l.Now()), nil
	case err != nil:
		return 0, err
	}
	s = l.run(ctx, t, s, func(ctx context.Context, fn func(*store.Tx) error) error {
		return l.Update(ctx, func(tx *store.Tx) error {
			if err := store.KeepLease(tx, t.lease(), l.node, leaseTerm); err != nil {
				return err
			}
			return fn(tx)
		})
	})
	text, _ := json.Marshal(s) // plain values
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, err = l.DB.Update(rest, func(tx *store.Tx) error { return store.EndLease(tx, t.lease(), l.node, string(text)) })
	return t.wait(s, l.Now()), err
}

// run runs a task once. When ctx ends during the run, it returns the state unchanged, so that the next node continues
// at once.
func (l *Loop) run(ctx context.Context, t *Task, s State, update Commit) State {
	step := Step{Now: l.Now(), Cursor: s.Cursor, Update: update}
	end := State{Began: step.Now, Succeeded: s.Succeeded}
	var removed int64
	var err error
	more := true
	for n := 0; more && err == nil && n < maxBatches; n++ {
		var p Progress
		if p, err = l.batch(ctx, t, step); err == nil {
			removed, step.Cursor, more = removed+p.Removed, p.Cursor, p.More
		}
	}
	stopped := ctx.Err() != nil
	if end.Failed = err != nil; err == nil {
		end.Unfinished, end.Succeeded = more, l.Now()
	}
	if more {
		end.Cursor = step.Cursor
	}
	if removed > 0 || end.Failed && !stopped {
		l.logRun(t, &end, removed, err)
	}
	l.observe(Report{Task: t.Name, Ran: true, Failed: end.Failed && !stopped, Removed: removed, Succeeded: end.Succeeded})
	if stopped {
		return s
	}
	return end
}

func (l *Loop) batch(ctx context.Context, t *Task, step Step) (Progress, error) {
	if err := ctx.Err(); err != nil {
		return Progress{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTerm)
	defer cancel()
	return t.Batch(ctx, step)
}

// logRun logs a run.
func (l *Loop) logRun(t *Task, s *State, removed int64, err error) {
	attrs := []slog.Attr{
		slog.String("task", t.Name), slog.Int64("removed", removed), slog.Bool("unfinished", s.Unfinished),
		slog.Duration("took", l.Now().Sub(s.Began)),
	}
	level := slog.LevelInfo
	if err != nil {
		level, attrs = slog.LevelError, append(attrs, slog.Any("error", err))
	}
	l.Log.LogAttrs(context.Background(), level, "maintenance", attrs...)
}

func (l *Loop) observe(r Report) {
	if l.Observe != nil {
		l.Observe(r)
	}
}
