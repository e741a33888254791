package objects

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
)

// plainWriter hides what a writer can besides writing, as a TLS connection would.
type plainWriter struct{ io.Writer }

func benchSizes(
	b *testing.B,
	run func(b *testing.B, s *Store, content []byte, clients func(*testing.B, func(next func() bool)), key func() string),
) {
	for _, c := range []struct{ size, clients int }{{1 << 10, 1}, {1 << 10, 8}, {1 << 10, 64}, {64 << 10, 8},
		{64 << 20, 1}} {
		b.Run(fmt.Sprintf("size=%d/clients=%d", c.size, c.clients), func(b *testing.B) {
			s := openStore(b)
			content := pattern(c.size)
			var n atomic.Int64
			b.SetBytes(int64(c.size))
			run(b, s, content, func(b *testing.B, client func(next func() bool)) {
				b.ResetTimer()
				var left atomic.Int64
				left.Store(int64(b.N))
				var wg sync.WaitGroup
				for range c.clients {
					wg.Go(func() { client(func() bool { return left.Add(-1) >= 0 }) })
				}
				wg.Wait()
				b.StopTimer()
			}, func() string { return fmt.Sprintf("k%d", n.Add(1)%1000) })
		})
	}
}

func BenchmarkPut(b *testing.B) {
	benchSizes(b,
		func(b *testing.B, s *Store, content []byte, clients func(*testing.B, func(func() bool)), key func() string) {
			clients(b, func(next func() bool) {
				for next() {
					if _, err := s.Put(b.Context(), Put{Bucket: "b", Key: key(), Body: bodyOf(content)}); err != nil {
						b.Error(err)
					}
				}
			})
		})
}

func BenchmarkGet(b *testing.B) {
	benchSizes(b,
		func(b *testing.B, s *Store, content []byte, clients func(*testing.B, func(func() bool)), _ func() string) {
			put(b, s, "k", string(content))
			clients(b, func(next func() bool) {
				for next() {
					c, err := s.Get(b.Context(), Get{Bucket: "b", Key: "k"})
					if err != nil {
						b.Error(err)
						continue
					}
					if n, err := io.Copy(plainWriter{io.Discard}, c); err != nil || n != int64(len(content)) {
						b.Error(n, err)
					}
					c.Close()
				}
			})
		})
}

func BenchmarkList(b *testing.B) {
	s := openStore(b)
	for i := range 2000 {
		put(b, s, fmt.Sprintf("%02d/%04d", i%100, i), "")
	}
	for _, delimiter := range []string{"", "/"} {
		b.Run("delimiter="+delimiter, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(b.Context(), List{Bucket: "b", Delimiter: delimiter, Max: 1000}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkChecksums(b *testing.B) {
	content := pattern(1 << 20)
	for _, a := range algorithms {
		b.Run(string(a), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				h := a.new()
				io.Copy(h, bytes.NewReader(content))
				h.Sum(nil)
			}
		})
	}
}
