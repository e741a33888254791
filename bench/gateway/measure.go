package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// work is one kind of request that is measured.
type work struct {
	name    string
	method  string
	size    int
	clients int
	rounds  int // all targets in turns
	each    int // requests of one round for each target
}

// result is what a target did.
type result struct {
	took  []time.Duration
	wall  time.Duration
	cpu   time.Duration // of the target's process
	bytes int64
}

func (r *result) p(q float64) time.Duration {
	slices.Sort(r.took)
	return r.took[int(q*float64(len(r.took)-1))]
}

// rate is megabytes (10^6) a second.
func (r *result) rate() float64 { return float64(r.bytes) / r.wall.Seconds() / 1e6 }

// measure does the work at all targets, round by round, each round in another order.
func (w *world) measure(ctx context.Context, k work) ([]result, error) {
	out := make([]result, len(w.targets))
	body := bytes.Repeat([]byte("x"), k.size)
	clients := make([][]*client, len(w.targets))
	for i, t := range w.targets {
		for range k.clients {
			clients[i] = append(clients[i], newClient(t))
		}
	}
	defer func() {
		for _, c := range slices.Concat(clients...) {
			c.close()
		}
	}()
	for n := range k.clients {
		if err := clients[0][n].must(ctx, http.MethodPut, key(n), body); err != nil {
			return nil, err
		}
	}
	if k.method == http.MethodGet {
		body = nil
	}
	for round := range k.rounds + 1 { // the first one warms up
		for turn := range w.targets {
			i := (turn + round) % len(w.targets)
			got, err := one(ctx, k, w.targets[i], clients[i], body)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				out[i].took = append(out[i].took, got.took...)
				out[i].wall, out[i].cpu, out[i].bytes = out[i].wall+got.wall, out[i].cpu+got.cpu, out[i].bytes+got.bytes
			}
		}
	}
	return out, nil
}

func key(n int) string { return "/lake/k" + strconv.Itoa(n) }

// one is a round at one target.
func one(ctx context.Context, k work, t *target, clients []*client, body []byte) (result, error) {
	var wg sync.WaitGroup
	took := make([][]time.Duration, len(clients))
	failed := make([]error, len(clients))
	cpu, began := cpuTime(t.pid), time.Now()
	for n, c := range clients {
		wg.Go(func() {
			for range k.each / len(clients) {
				start := time.Now()
				if failed[n] = c.must(ctx, k.method, key(n), body); failed[n] != nil {
					return
				}
				took[n] = append(took[n], time.Since(start))
			}
		})
	}
	wg.Wait()
	r := result{slices.Concat(took...), time.Since(began), cpuTime(t.pid) - cpu, 0}
	r.bytes = int64(len(r.took)) * int64(k.size)
	return r, errors.Join(failed...)
}

// ticks are the kernel's units of CPU time in a second (USER_HZ).
const ticks = 100

// cpuTime is the CPU time that a process has used.
func cpuTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const user, system = 11, 12 // behind the name (proc(5), stat)
	a, _ := strconv.Atoi(fields[user])
	b, _ := strconv.Atoi(fields[system])
	return time.Duration(a+b) * time.Second / ticks
}

// status is a size from the status of a process, in KiB, such as VmRSS.
func status(pid int, name string) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n
		}
	}
	return 0
}

// profiled takes a CPU profile of Latchkey while f runs, if profiles are wanted.
func (w *world) profiled(o options, name string, f func() error) error {
	if o.profiles == "" {
		return f()
	}
	if err := os.MkdirAll(o.profiles, 0o755); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		seconds := cmp.Or(os.Getenv("PROFILE_SECONDS"), "15")
		resp, err := http.Get(w.targets[1].profiles + "/debug/pprof/profile?seconds=" + seconds)
		if err != nil {
			done <- err
			return
		}
		defer resp.Body.Close()
		file, err := os.Create(filepath.Join(o.profiles, strings.NewReplacer(" ", "-").Replace(name)+".pprof"))
		if err == nil {
			_, err = io.Copy(file, resp.Body)
			err = errors.Join(err, file.Close())
		}
		done <- err
	}()
	err := f()
	return errors.Join(err, <-done)
}
