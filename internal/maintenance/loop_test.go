package maintenance

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// task returns a task with one batch, which calls do.
func task(do func(context.Context, Step) error) Task {
	return Task{Name: "test", Interval: time.Hour, Batch: func(ctx context.Context, s Step) (Progress, error) {
		return Progress{Removed: 1}, do(ctx, s)
	}}
}

func nothing(context.Context, Step) error { return nil }

func TestTasksRunWhenTheyAreDue(t *testing.T) { onBoth(t, tasksRunWhenTheyAreDue) }

func tasksRunWhenTheyAreDue(t *testing.T, w *world) {
	a, b := w.node(task(nothing)), w.node(task(nothing))
	ran := func(what string, inA, inB int) {
		t.Helper()
		a.Pass(t.Context())
		b.Pass(t.Context())
		if len(a.runs) != inA || len(b.runs) != inB {
			t.Errorf("%s: %d and %d runs, want %d and %d", what, len(a.runs), len(b.runs), inA, inB)
		}
	}
	ran("at first", 1, 0)
	ran("at once again", 1, 0)
	w.advance(time.Hour - time.Second)
	ran("before the interval is over", 1, 0)
	w.advance(time.Second)
	ran("when it is over", 2, 0)
	if b.last.Succeeded != start.Add(time.Hour) {
		t.Errorf("the other node hears of %+v", b.last)
	}
	a = w.node(task(nothing)) // a restart is no reason to run
	ran("after a restart", 0, 0)
	w.advance(-2 * time.Hour)
	ran("when the clock was far ahead and is not any more", 1, 0)
	w.update(func(tx *store.Tx) error {
		return errors.Join(store.TakeLease(tx, "maintenance/test", "x", 0), store.EndLease(tx, "maintenance/test", "x", "{"))
	})
	ran("when the state cannot be read", 2, 0)
}

func TestOneNodeAtATime(t *testing.T) {
	t.Run("while a node is at it the others wait", func(t *testing.T) {
		w := newWorld(t)
		b := w.node(task(nothing))
		a := w.node(task(func(ctx context.Context, _ Step) error {
			if wait := b.Pass(ctx); wait != maxWait || len(b.runs) != 0 {
				t.Errorf("it waits %v, after %d runs", wait, len(b.runs))
			}
			return nil
		}))
		a.Pass(t.Context())
		if len(a.runs) != 1 || a.runs[0].Failed {
			t.Errorf("%+v", a.runs)
		}
		if wait, err := b.runLeased(t.Context(), &b.Tasks[0]); wait != time.Hour || err != nil || len(b.runs) != 0 {
			t.Errorf("a node that looked before: %v, %v", wait, err)
		}
		b.Pass(t.Context())
		if len(b.runs) != 0 {
			t.Error("the other ran it, too")
		}
	})
	t.Run("a node that died is waited for as long as its lease lasts", func(t *testing.T) {
		w := newWorld(t)
		w.update(func(tx *store.Tx) error { return store.TakeLease(tx, "maintenance/test", "dead", leaseTerm) })
		a := w.node(task(nothing))
		a.Pass(t.Context())
		w.advance(leaseTerm - time.Second)
		if a.Pass(t.Context()); len(a.runs) != 0 {
			t.Error("it did not wait")
		}
		w.advance(time.Second)
		if a.Pass(t.Context()); len(a.runs) != 1 {
			t.Error("it waits for ever")
		}
	})
	t.Run("a node that lost its lease writes no more", func(t *testing.T) {
		w := newWorld(t)
		b := w.node(task(nothing))
		a := w.node(task(func(ctx context.Context, s Step) error {
			w.advance(leaseTerm)
			b.Pass(ctx)
			err := s.Update(ctx, func(tx *store.Tx) error {
				return store.TokenUses.Insert(tx, &store.TokenUse{ID: "late"})
			})
			if !errors.Is(err, store.ErrLeased) {
				t.Errorf("got %v", err)
			}
			return err
		}))
		a.Pass(t.Context())
		if len(b.runs) != 1 || len(a.runs) != 1 || !a.runs[0].Failed {
			t.Errorf("%+v, %+v", a.runs, b.runs)
		}
		if _, err := store.TokenUses.Get(t.Context(), w.db, "late"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("it wrote: %v", err)
		}
		if s, err := readState(t.Context(), w.db, &a.Tasks[0]); err != nil || s.Failed || s.Succeeded.IsZero() {
			t.Errorf("the other's state is gone: %+v, %v", s, err)
		}
	})
	t.Run("every batch makes the lease last", func(t *testing.T) {
		w := newWorld(t)
		b := w.node(task(nothing))
		a := w.node(Task{Name: "test", Interval: time.Hour, Batch: func(ctx context.Context, s Step) (Progress, error) {
			w.advance(leaseTerm - time.Second)
			err := s.Update(ctx, func(*store.Tx) error { return nil })
			b.Pass(ctx)
			return Progress{Cursor: s.Cursor + 1, More: s.Cursor < 3}, err
		}})
		a.Pass(t.Context())
		if len(b.runs) != 0 || a.runs[0].Failed {
			t.Errorf("%+v, %+v", a.runs, b.runs)
		}
	})
}

func TestARunIsBounded(t *testing.T) {
	w := newWorld(t)
	batches, others := 0, 0
	long := Task{Name: "long", Interval: time.Hour, Batch: func(_ context.Context, s Step) (Progress, error) {
		if int(s.Cursor) != batches {
			t.Errorf("batch %d begins at %d", batches, s.Cursor)
		}
		batches++
		return Progress{Removed: 2, Cursor: int64(batches), More: batches < maxBatches+7}, nil
	}}
	a := w.node(long, task(func(context.Context, Step) error { others++; return nil }))
	if wait := a.Pass(t.Context()); wait != minWait || batches != maxBatches || others != 1 {
		t.Errorf("%d batches, then the others %d times, then it waits %v", batches, others, wait)
	}
	b := w.node(long)
	if wait := b.Pass(t.Context()); wait != maxWait || batches != maxBatches+7 || b.runs[0].Removed != 14 {
		t.Errorf("%d batches in all, then it waits %v: %+v", batches, wait, b.runs)
	}
	log := w.log.String()
	if strings.Count(log, "task=long") != 2 || !strings.Contains(log, "removed=200 unfinished=true") {
		t.Errorf("the log says %s", log)
	}
}

func TestFailuresAreToldAndTriedAgain(t *testing.T) {
	w := newWorld(t)
	var fails error
	a := w.node(task(func(context.Context, Step) error { return fails }), Task{
		Name: "quiet", Interval: time.Hour, Batch: func(context.Context, Step) (Progress, error) { return Progress{}, nil },
	})
	a.Pass(t.Context())
	w.advance(time.Hour)
	fails = errors.New("the disk is full")
	a.Tasks = a.Tasks[:1]
	a.Pass(t.Context())
	if r := a.runs[2]; !r.Failed || r.Succeeded != start || r.Removed != 0 {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(w.log.String(), "level=ERROR") || !strings.Contains(w.log.String(), "the disk is full") {
		t.Errorf("the log says %s", w.log.String())
	}
	if strings.Contains(w.log.String(), "quiet") {
		t.Error("a run that did nothing was logged")
	}
	fails = nil
	if a.Pass(t.Context()); len(a.runs) != 3 {
		t.Error("it was tried again at once")
	}
	w.advance(retryAfter)
	if a.Pass(t.Context()); len(a.runs) != 4 || a.runs[3].Failed {
		t.Errorf("it was not tried again: %+v", a.runs)
	}
}

func TestARunThatIsStoppedLeavesWhatWasCommitted(t *testing.T) {
	onBoth(t, aRunThatIsStoppedLeavesWhatWasCommitted)
}

func aRunThatIsStoppedLeavesWhatWasCommitted(t *testing.T, w *world) {
	ctx, cancel := context.WithCancel(t.Context())
	insert := func(id string) func(*store.Tx) error {
		return func(tx *store.Tx) error { return store.TokenUses.Insert(tx, &store.TokenUse{ID: id}) }
	}
	a := w.node(Task{Name: "test", Interval: time.Hour, Batch: func(ctx context.Context, s Step) (Progress, error) {
		if s.Cursor == 0 {
			return Progress{Removed: 1, Cursor: 1, More: true}, s.Update(ctx, insert("first"))
		}
		return Progress{}, s.Update(ctx, func(tx *store.Tx) error {
			cancel()
			return insert("second")(tx)
		})
	}})
	a.Pass(ctx)
	if len(a.runs) != 1 || a.runs[0].Failed || a.runs[0].Removed != 1 {
		t.Errorf("%+v", a.runs)
	}
	left, err := store.TokenUses.Among(t.Context(), w.db, []string{"first", "second"})
	if err != nil || len(left) != 1 || left[0].ID != "first" {
		t.Errorf("%d rows are there, %v", len(left), err)
	}
	b := w.node(task(nothing))
	if b.Pass(t.Context()); len(b.runs) != 1 {
		t.Error("another node cannot go on at once")
	}
}

func TestWithoutADatabaseLocalTasksGoOn(t *testing.T) {
	w := newWorld(t)
	local := task(nothing)
	local.Name, local.Local = "local", true
	other := task(nothing)
	other.Name = "other"
	a := w.node(task(nothing), other, local)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	a.Pass(t.Context())
	w.advance(time.Hour)
	a.Pass(t.Context())
	if n := len(a.runs); n != 5 || !a.runs[0].Failed || !a.runs[3].Failed {
		t.Errorf("%+v", a.runs)
	}
	if r := a.runs[4]; r.Task != "local" || r.Failed {
		t.Errorf("%+v", r)
	}
	if n := strings.Count(w.log.String(), "cannot begin"); n != 2 {
		t.Errorf("it was logged %d times in two passes", n)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var at []time.Duration
		local := task(func(ctx context.Context, _ Step) error {
			if at = append(at, time.Since(began)); len(at) == 3 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		local.Local = true
		var reports []Report
		l := &Loop{
			Now: time.Now, Log: slog.New(slog.DiscardHandler), Tasks: []Task{local},
			Observe: func(r Report) { reports = append(reports, r) },
		}
		ended := false
		go func() { l.Run(ctx); ended = true }()
		time.Sleep(3*time.Hour + time.Minute)
		synctest.Wait() // the loop stands still, and what it wrote can be read
		if len(at) != 3 || at[0] != time.Hour || at[1] != 2*time.Hour || ended {
			t.Errorf("it ran at %v", at)
		}
		cancel()
		synctest.Wait()
		if !ended || len(reports) != 3 || reports[2].Failed {
			t.Errorf("it has ended: %v, %+v", ended, reports)
		}
	})
}
