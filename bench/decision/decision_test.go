package decision

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
)

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// measure decides the requests one after the other, and reports the median, the 99th percentile and the share of
// grants, besides ns/op.
func measure(b *testing.B, ix *access.Index, requests []*access.Request) {
	times := make([]time.Duration, 0, b.N)
	b.ReportAllocs()
	granted, i := 0, 0
	for b.Loop() {
		r := requests[i%len(requests)]
		i++
		start := time.Now()
		v := ix.Decide(r)
		took := time.Since(start)
		times = append(times, took)
		if v.OK {
			granted++
		}
	}
	b.StopTimer()
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2]), "p50-ns")
	b.ReportMetric(float64(times[len(times)*99/100]), "p99-ns")
	b.ReportMetric(100*float64(granted)/float64(i), "%granted")
}

// BenchmarkDecision builds one index for each size, with the worst cases in it, and measures all kinds of requests on
// it.
func BenchmarkDecision(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("grants=%d", n), func(b *testing.B) {
			if n >= 10_000_000 && testing.Short() {
				b.Skip("ten million grants: not with -short")
			}
			p := newPopulation(n)
			before := heap()
			start := time.Now()
			builder := access.NewBuilder(n)
			for range n {
				builder.Add(p.any())
			}
			ix := builder.Index()
			built := time.Since(start)
			perGrant := float64(heap()-before) / float64(n)
			b.Run("build", func(b *testing.B) {
				for b.Loop() { // it was measured above, once
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(built.Seconds(), "s")
				b.ReportMetric(perGrant, "B/grant")
			})
			b.Run("realistic", func(b *testing.B) { measure(b, ix, p.requests(b, 20_000)) })
			b.Run("has", func(b *testing.B) {
				g := p.any()
				with := ix.With([]access.Grant{g}, nil)
				b.ReportAllocs()
				for b.Loop() {
					if !with.Has(g.ID) {
						b.Fatal("gone")
					}
				}
			})
			b.Run("update", func(b *testing.B) { measureUpdates(b, p, ix) })
			b.Run("compact", func(b *testing.B) {
				start := time.Now()
				ix.With([]access.Grant{p.any()}, nil).Compact()
				took := time.Since(start)
				for b.Loop() { // it was measured above, once
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(took.Seconds(), "s")
			})
			b.Run("realistic after 1000 updates", func(b *testing.B) {
				next := ix
				for range 1000 {
					next = next.With([]access.Grant{p.any()}, nil)
				}
				measure(b, next, p.requests(b, 20_000))
			})
			worst(b, p, ix)
			runtime.KeepAlive(ix)
		})
	}
}

// measureUpdates adds a grant and removes another, over and over.
func measureUpdates(b *testing.B, p *population, ix *access.Index) {
	var times []time.Duration
	var last access.GrantID
	b.ReportAllocs()
	for b.Loop() {
		g := p.any()
		start := time.Now()
		ix = ix.With([]access.Grant{g}, []access.GrantID{last})
		times = append(times, time.Since(start))
		last = g.ID
		if ix.Pending() > 50_000 {
			b.StopTimer()
			ix = ix.Compact()
			b.StartTimer()
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2]), "p50-ns")
	b.ReportMetric(float64(times[len(times)*99/100]), "p99-ns")
}

// worst adds the grants of the worst cases to the index, and measures a request for each case.
func worst(b *testing.B, p *population, ix *access.Index) {
	member := func(i int) access.Identity { return identity(1_000_000_000 + i) }
	var add []access.Grant
	for i := range crowdSize {
		add = append(add, p.grant("s3://crowd/*", member(i), access.Read))
	}
	deep, at := "s3://deep/", make([]string, 0, depth)
	for i := range depth {
		deep += fmt.Sprintf("segment-%d/", i)
		at = append(at, deep+"*")
	}
	for i := range depth * 20 {
		add = append(add, p.grant(at[i%depth], member(i), access.Read))
	}
	ix = ix.With(add, nil)
	caller := p.caller()
	crowd := slices.Clone(caller)
	for i := range crowd {
		crowd[i] = member(crowdSize / groupsOf * i)
	}
	long := "s3://crowd/" + strings.Repeat("k/", 512)
	for _, c := range []struct {
		name    string
		request *access.Request
	}{
		{"100000 grantees, none of them the caller", request(b, "s3://crowd/x", caller)},
		{"100000 grantees, 201 of them the caller", request(b, "s3://crowd/x", crowd)},
		{"60 segments with grants, none for the caller", request(b, deep+"x", caller)},
		{"target of 1024 bytes", request(b, long, caller)},
	} {
		b.Run(c.name, func(b *testing.B) { measure(b, ix, []*access.Request{c.request}) })
	}
}
