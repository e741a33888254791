package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"latchkey/e2e/stores"
)

// starter starts a system for a suite in a folder of its own.
type starter func(ctx context.Context, dir string, s suite) (*system, error)

// runAll runs the tests with several workers. Each worker has a system of its own, because the tests number their
// buckets from one. A system that a test failed against is replaced: what the test left there would fail the next one.
func runAll(ctx context.Context, tests []test, start starter, workers int) (map[string]outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan test)
	results := make(map[string]outcome, len(tests))
	var mu sync.Mutex
	var busy sync.WaitGroup
	for range workers {
		busy.Go(func() {
			w := &worker{start: start}
			defer w.drop()
			for t := range jobs {
				o, err := w.run(ctx, t)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				results[t.id()] = o
				mu.Unlock()
			}
		})
	}
	for _, t := range tests {
		if t.nameless {
			continue
		}
		select {
		case jobs <- t:
		case <-ctx.Done():
		}
	}
	close(jobs)
	busy.Wait()
	return results, context.Cause(ctx)
}

// worker runs tests against a system of its own.
type worker struct {
	start starter
	suite string
	on    *system
	dir   string
}

func (w *worker) run(ctx context.Context, t test) (outcome, error) {
	if w.on != nil && w.suite != t.suite.name {
		w.drop()
	}
	if w.on == nil {
		if err := w.begin(ctx, t.suite); err != nil {
			return outcome{}, err
		}
	}
	o := run(ctx, w.dir, w.on, t.name)
	if err := ctx.Err(); err != nil {
		return outcome{}, err
	}
	if !o.passed {
		w.drop()
	}
	return o, nil
}

// begin starts a system in a fresh folder, beside the binary that the tests call for their administration.
func (w *worker) begin(ctx context.Context, s suite) error {
	program, err := stores.VersitygwProgram()
	if err != nil {
		return err
	}
	if w.dir, err = os.MkdirTemp("", "conformance-"); err != nil {
		return err
	}
	if err := os.Symlink(program, filepath.Join(w.dir, "versitygw")); err != nil {
		return err
	}
	w.suite = s.name
	if w.on, err = w.start(ctx, w.dir, s); err != nil {
		os.RemoveAll(w.dir)
		return fmt.Errorf("start a server for %s: %w", s.name, err)
	}
	return nil
}

// drop ends the system and removes its folder.
func (w *worker) drop() {
	if w.on != nil {
		w.on.stop()
		os.RemoveAll(w.dir)
		w.on = nil
	}
}
