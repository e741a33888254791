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

// leaseTerm is how long a node that died keeps others from a task, and how long a batch may take at most.
const leaseTerm = 2 * time.Minute

// stateLimit is how long reading the state of a task, or taking its lease, may take.
const stateLimit = 30 * time.Second

// maxBatches is how many batches of a task run before the other tasks have their turn.
const maxBatches = 100

// Loop runs tasks when they are due. Fill it; Run and Pass belong to one goroutine.
type Loop struct {
	DB      *store.DB
	Update  Commit // the engine's, whose snapshot follows
	Now     func() time.Time
	Log     *slog.Logger
	Tasks   []Task
	Observe func(Report) // metrics; nil: nobody wants to know

	node  string           // how leases know this node
	local map[string]State // of local tasks
}

// Report tells metrics of a task: after each of its runs here, and whenever the loop looks at its state.
type Report struct {
	Task      string
	Ran       bool // on this node, now
	Failed    bool
	Removed   int64
	Succeeded time.Time // when it last succeeded, on whatever node; zero: never
}

// Run runs every task when it is due, until ctx ends. It returns when the batch that is on its way has ended.
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

// Pass runs once every task that is due, and tells how long to wait before the next pass.
func (l *Loop) Pass(ctx context.Context) time.Duration {
	if l.node == "" {
		l.node, l.local = uuid.NewString(), map[string]State{}
	}
	next := maxWait
	told := false
	for i := range l.Tasks {
		t := &l.Tasks[i]
		wait, err := l.visit(ctx, t)
		switch {
		case ctx.Err() != nil:
			return 0
		case err != nil:
			l.observe(Report{Task: t.Name, Ran: true, Failed: true})
			if !told { // the others fail for the same reason: the database is away
				l.Log.Error("maintenance cannot begin", slog.String("task", t.Name), slog.Any("error", err))
			}
			told = true
		default:
			next = min(next, wait)
		}
	}
	return max(next, minWait)
}

// visit runs a task if it is due, and tells when it is due next.
func (l *Loop) visit(ctx context.Context, t *Task) (time.Duration, error) {
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
	return l.lead(ctx, t)
}

func (t *Task) lease() string { return "maintenance/" + t.Name }

// readState reads the state of a task. One that cannot be read is none: to run a task once more harms nobody.
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

// take takes the lease of a task and gives its state, which another node may have changed since it was looked at.
func (l *Loop) take(ctx context.Context, t *Task) (s State, err error) {
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

// lead runs a task under its lease, and tells when it is due next. When another node has the lease, or has just run the
// task, it does nothing: the other will tell.
func (l *Loop) lead(ctx context.Context, t *Task) (time.Duration, error) {
	s, err := l.take(ctx, t)
	switch {
	case errors.Is(err, store.ErrLeased):
		return maxWait, nil // that node may die
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

// run is one run. When ctx ends in the middle, the state stays what it was: the next node goes on at once.
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
		l.tell(t, &end, removed, err)
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

// tell logs a run.
func (l *Loop) tell(t *Task, s *State, removed int64, err error) {
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
