package server

import (
	"context"
	"os"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"time"
)

// headroom is how much the heap may at least grow between two collections. With Go's default a small server under load
// collects every few milliseconds, and spends a third of its time on it. If only the percentage were raised, a large
// server would need several times its memory.
const headroom = 128 << 20

// PaceCollector adjusts the garbage collector's percentage to the size of the live heap until ctx ends. It is for a
// process that is a server. If GOGC is set, it leaves the collector alone.
func PaceCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	ticker := time.NewTicker(10 * time.Second)
	defer ticker.Stop()
	for {
		sample := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
		runtimemetrics.Read(sample)
		if sample[0].Value.Kind() == runtimemetrics.KindUint64 {
			debug.SetGCPercent(collectorPercent(sample[0].Value.Uint64()))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// collectorPercent is the percentage that gives a live heap of this size its headroom. It is 100, Go's default, for
// heaps of at least the headroom, and at most 400.
func collectorPercent(live uint64) int {
	if live == 0 {
		return 400
	}
	return int(min(max(headroom*100/live, 100), 400))
}
