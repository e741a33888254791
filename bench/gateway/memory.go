package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
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
	if err := newClient(w.targets[0]).must(ctx, http.MethodPut, key(0), make([]byte, object)); err != nil {
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

// idle opens connections, sends a request on each, and leaves them alone.
func idle(ctx context.Context, t *target) (string, error) {
	before := settled(t.pid)
	host := strings.TrimPrefix(t.url, "http://")
	var all []net.Conn
	defer func() {
		for _, c := range all {
			_ = c.Close()
		}
	}()
	for range idleConnections {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
		if err != nil {
			return "", err
		}
		all = append(all, c)
		if _, err := io.WriteString(c, "GET /lake/k0 HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); err != nil {
			return "", err
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return "", err
		}
		_, _ = io.Copy(io.Discard, resp.Body) // a refusal: the request is not signed
		_ = resp.Body.Close()
	}
	return fmt.Sprintf("%.1f KiB", float64(settled(t.pid)-before)/idleConnections), nil
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
