package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	idleConnections = 1000
	busyConnections = 256
)

// memory measures what connections and a large upload cost.
func memory(ctx context.Context, w *world, o options) error {
	const object = 8 << 20
	c := newClient(w.targets[0])
	defer c.close()
	err := errors.Join(c.must(ctx, http.MethodPut, key(0), make([]byte, object)),
		c.must(ctx, http.MethodPut, "/lake/small", make([]byte, 1<<10)))
	if err != nil {
		return err
	}
	fmt.Println("\n| memory | the store alone | Latchkey | versitygw's proxy |\n|---|---|---|---|")
	for _, part := range []struct {
		name string
		run  func(context.Context, *target) (string, error)
	}{
		{fmt.Sprintf("%d idle connections, each", idleConnections), idle},
		{fmt.Sprintf("%d busy connections, at the peak above the start", busyConnections), busy},
		{fmt.Sprintf("an upload of %.1f GiB, at the peak above the start", float64(o.upload)/(1<<30)),
			func(ctx context.Context, t *target) (string, error) { return upload(ctx, t, o.upload) }},
	} {
		row := "| " + part.name + " |"
		for _, t := range w.targets {
			text, err := part.run(ctx, t)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			row += " " + text + " |"
		}
		fmt.Println(row)
	}
	return nil
}

// idle opens connections, reads an object on each, and leaves them alone. What the requests themselves leave behind is
// measured before, on one connection.
func idle(ctx context.Context, t *target) (string, error) {
	one := newClient(t)
	defer one.close()
	for range 3 * idleConnections {
		if err := one.must(ctx, http.MethodGet, "/lake/small", nil); err != nil {
			return "", err
		}
	}
	collect(t)
	before := settled(t.pid)
	for range idleConnections {
		c := newClient(t)
		defer c.close()
		if err := c.must(ctx, http.MethodGet, "/lake/small", nil); err != nil {
			return "", err
		}
	}
	collect(t)
	return fmt.Sprintf("%.1f KiB", float64(settled(t.pid)-before)/idleConnections), nil
}

// collect lets Latchkey's garbage collector run, which the runtime does within two minutes on a server that is idle. It
// also shrinks the stacks of the connections.
func collect(t *target) {
	for range 4 {
		if t.profiles == "" {
			return
		}
		if resp, err := http.Get(t.profiles + "/debug/collect"); err == nil {
			_ = resp.Body.Close()
		}
	}
}

// settled is the resident memory of a process once it no longer changes much, in KiB.
func settled(pid int) int64 {
	last := status(pid, "VmRSS")
	for range 20 {
		time.Sleep(500 * time.Millisecond)
		now := status(pid, "VmRSS")
		if d := now - last; d < 64 && d > -64 {
			return now
		}
		last = now
	}
	return last
}

// busy reads large objects on many connections at once.
func busy(ctx context.Context, t *target) (string, error) {
	return peak(t, func() error {
		var wg sync.WaitGroup
		failed := make([]error, busyConnections)
		for n := range busyConnections {
			wg.Go(func() {
				c := newClient(t)
				defer c.close()
				failed[n] = c.must(ctx, http.MethodGet, key(0), nil)
			})
		}
		wg.Wait()
		return errors.Join(failed...)
	})
}

// upload sends one large object.
func upload(ctx context.Context, t *target, size int64) (string, error) {
	return peak(t, func() error {
		c := newClient(t)
		defer c.close()
		return c.send(ctx, http.MethodPut, "/lake/large", "UNSIGNED-PAYLOAD", &stream{size})
	})
}

// peak is how much memory a process takes at most while f runs, above what it had.
func peak(t *target, f func() error) (string, error) {
	before := settled(t.pid)
	done := make(chan error, 1)
	go func() { done <- f() }()
	most := before
	for {
		select {
		case err := <-done:
			return fmt.Sprintf("%.1f MiB", float64(most-before)/1024), err
		case <-time.After(20 * time.Millisecond):
			most = max(most, status(t.pid, "VmRSS"))
		}
	}
}
