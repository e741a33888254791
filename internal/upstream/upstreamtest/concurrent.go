package upstreamtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// cancelling ends a context in the middle of its bytes.
type cancelling struct {
	io.Reader
	cancel func()
	left   int
}

func (c *cancelling) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p[:min(len(p), 4096)])
	if c.left -= n; c.left <= 0 {
		c.cancel()
	}
	return n, err
}

func cancelled(s *suite) {
	old, fresh := content(1, 5000), content(2, 500_000)
	s.put("k", old)
	gone, cancel := context.WithCancel(s.Context())
	cancel()
	_, err := doIn(gone, s, s3.GetObject, &s3.GetObjectRequest{Bucket: &s.bucket, Key: new("k")}, nil)
	if err == nil {
		s.Error("a read was answered although nobody waits for it")
	}
	_, err = doIn(gone, s, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: &s.bucket}, nil)
	if err == nil {
		s.Error("a listing was answered although nobody waits for it")
	}
	_, err = doIn(gone, s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("k")}, bodyOf(fresh))
	if err == nil {
		s.Error("a write succeeded although nobody waits for it")
	}
	s.has("k", old)

	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	body := &upstream.Body{Reader: &cancelling{bytes.NewReader(fresh), cancel, len(fresh) / 2}, Length: int64(len(fresh))}
	if _, err := doIn(ctx, s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("k")}, body); err != nil {
		s.has("k", old)
	} else {
		s.has("k", fresh)
	}
	s.put("k", old) // the store is of use afterwards
	s.has("k", old)
}

func concurrent(s *suite) {
	const writers, rounds = 6, 4
	var all [][]byte
	for i := range writers {
		all = append(all, content(byte(i), 20_000+i*30_000))
	}
	// A store of files reads an object's attributes apart from its bytes. Between two writers it may give the ETag of the
	// one with the bytes of the other (versitygw 1.8.0 does). The bytes themselves are always one writer's.
	apart := !s.u.Traits().Flat
	whole := func(b []byte, tag string) bool {
		for _, w := range all {
			if bytes.Equal(w, b) && (apart || etag(w) == tag) {
				return true
			}
		}
		return false
	}
	s.put("k", all[0])
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for range rounds {
				_, err := do(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("k")}, bodyOf(all[i]))
				if err != nil {
					s.Errorf("writer %d: %v", i, err)
				}
			}
		})
		wg.Go(func() {
			for range rounds {
				out, err := do(s, s3.GetObject, &s3.GetObjectRequest{Bucket: &s.bucket, Key: new("k")}, nil)
				if err != nil {
					s.Errorf("reader %d: %v", i, err)
					continue
				}
				b, err := io.ReadAll(out.Body)
				if err = errors.Join(err, out.Body.Close()); err != nil || !whole(b, text(out.ETag)) {
					s.Errorf("reader %d has %d bytes that nobody wrote: %v", i, len(b), err)
				}
			}
		})
	}
	wg.Wait()
	if b, out := s.get(&s3.GetObjectRequest{Key: new("k")}); !whole(b, text(out.ETag)) {
		s.Errorf("%d bytes that nobody wrote", len(b))
	}
}

func oneWins(s *suite) {
	const writers = 8
	won := make(chan int, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			in := &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("k"), IfNoneMatch: new("*")}
			switch _, err := do(s, s3.PutObject, in, bodyOf(content(byte(i), 1000))); {
			case err == nil:
				won <- i
			case fault.KindOf(err) != fault.Precondition && fault.KindOf(err) != fault.Conflict:
				s.Errorf("writer %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		s.Fatalf("%d of %d won", len(won), writers)
	}
	s.has("k", content(byte(<-won), 1000))
}
