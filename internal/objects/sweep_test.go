package objects

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"sync"
	"testing"
	"time"
)

// sweepAll removes the orphans of all parts.
func sweepAll(t *testing.T, s *Store) (removed int) {
	t.Helper()
	for shard := range Shards {
		n, err := s.SweepOrphans(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		removed += n
	}
	return removed
}

// orphan makes a blob file that is not in use and has no row.
func orphan(t *testing.T, s *Store) string {
	t.Helper()
	f, name, err := s.blobs.create()
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	s.blobs.release(name)
	return name
}

func TestSweepWhileInUse(t *testing.T) {
	t.Run("an orphan goes, and nothing else", func(t *testing.T) {
		s := openStore(t)
		kept := pattern(maxInline + 1)
		put(t, s, "k", string(kept))
		u, err := s.CreateUpload(t.Context(), CreateUpload{Bucket: "b", Key: "u"})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.PutPart(t.Context(), PutPart{Bucket: "b", Key: "u", UploadID: u.ID, Number: 1, Body: bodyOf(kept)})
		if err != nil {
			t.Fatal(err)
		}
		name := orphan(t, s)
		strange := path.Join(name[:2], "README")
		if err := s.blobs.root.WriteFile(strange, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if n := sweepAll(t, s); n != 1 {
			t.Errorf("%d blobs were removed", n)
		}
		if _, ok := blobFiles(t, s)[name]; ok {
			t.Error("the orphan is still there")
		}
		if err := s.blobs.root.Remove(strange); err != nil {
			t.Errorf("a file that is no blob went: %v", err)
		}
		done := Complete{Bucket: "b", Key: "u", UploadID: u.ID, Size: -1, Parts: []CompletePart{{Number: 1, ETag: p.ETag}}}
		if _, err := s.Complete(t.Context(), done); err != nil {
			t.Errorf("the upload cannot be completed: %v", err)
		}
		for _, key := range []string{"k", "u"} {
			if got, _ := get(t, s, Get{Key: key}); !bytes.Equal(got, kept) {
				t.Errorf("%s has %d bytes", key, len(got))
			}
		}
		checkOrder(t, s)
	})
	t.Run("a blob stays that is being written", func(t *testing.T) {
		s := openStore(t)
		content := pattern(maxInline + bufferSize)
		r, w := io.Pipe()
		done := make(chan error, 1)
		go func() {
			_, err := s.Put(context.Background(), Put{Bucket: "b", Key: "k", Body: Body{Reader: r, Length: int64(len(content))}})
			done <- err
		}()
		if _, err := w.Write(content[:len(content)-1]); err != nil {
			t.Fatal(err)
		}
		for len(blobFiles(t, s)) == 0 {
			time.Sleep(time.Millisecond)
		}
		if n := sweepAll(t, s); n != 0 {
			t.Errorf("%d blobs were removed", n)
		}
		w.Write(content[len(content)-1:])
		w.Close()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got, _ := get(t, s, Get{Key: "k"}); !bytes.Equal(got, content) {
			t.Errorf("%d bytes", len(got))
		}
	})
	t.Run("a blob stays that is being copied", func(t *testing.T) {
		s := openStore(t)
		put(t, s, "k", string(pattern(maxInline+1)))
		looked := false
		s.blobs.sync = func(f *os.File) error {
			if looked = len(blobFiles(t, s)) == 2; looked {
				sweepAll(t, s)
			}
			return f.Sync()
		}
		_, err := s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "twin"})
		if err != nil || !looked {
			t.Fatal(err, looked)
		}
		checkOrder(t, s)
	})
	t.Run("a blob stays that was dropped and is still read", func(t *testing.T) {
		s := openStore(t)
		put(t, s, "k", string(pattern(maxInline+1)))
		c, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), "b", Delete{Key: "k"}); err != nil {
			t.Fatal(err)
		}
		if n := sweepAll(t, s); n != 0 || len(blobFiles(t, s)) != 1 {
			t.Errorf("%d blobs were removed", n)
		}
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, pattern(maxInline+1)) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		c.Close()
		checkOrder(t, s)
	})
	t.Run("a blob stays whose commit is uncertain", func(t *testing.T) {
		s := openStore(t)
		p, err := s.receive(bodyOf(pattern(maxInline+1)), CRC32)
		if err != nil {
			t.Fatal(err)
		}
		s.settle(p, storageFault(uncertain{errors.New("the disk")}))
		if n := sweepAll(t, s); n != 0 || len(blobFiles(t, s)) != 1 {
			t.Errorf("%d blobs were removed", n)
		}
		s.unlink([]string{p.blob})
	})
	t.Run("a blob stays that gets its row while it is looked at", func(t *testing.T) {
		s := openStore(t)
		u, err := s.CreateUpload(t.Context(), CreateUpload{Bucket: "b", Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.receive(bodyOf(pattern(maxInline+1)), CRC64NVME)
		if err != nil {
			t.Fatal(err)
		}
		store := sync.OnceFunc(func() {
			if _, err := s.storePart(t.Context(), "b", u, 1, p); err != nil {
				t.Error(err)
			}
		})
		s.blobs.sweeping = func(step, _ string) {
			if step == "asked" {
				store()
			}
		}
		sweepAll(t, s)
		store()
		checkOrder(t, s)
	})
	t.Run("a blob stays that is dropped while it is looked at, and still read", func(t *testing.T) {
		s := openStore(t)
		put(t, s, "k", string(pattern(maxInline+1)))
		c, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		s.blobs.sweeping = func(step, _ string) {
			if step == "asks" {
				if err := s.Delete(t.Context(), "b", Delete{Key: "k"}); err != nil {
					t.Error(err)
				}
			}
		}
		if sweepAll(t, s); len(blobFiles(t, s)) != 1 {
			t.Error("it went under its reader")
		}
		c.Close()
		checkOrder(t, s)
	})
	t.Run("a failed write lets go of what it would have dropped", func(t *testing.T) {
		s := openStore(t)
		put(t, s, "k", string(pattern(maxInline+1)))
		want := errors.New("no")
		err := s.update(t.Context(), func(t *tx) error {
			if _, err := t.delete(1, Delete{Key: "k"}); err != nil {
				return err
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Fatal(err)
		}
		checkOrder(t, s)
	})
	t.Run("it ends with its context", func(t *testing.T) {
		s := openStore(t)
		name := orphan(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var shard int
		for shard = range Shards {
			if _, err := s.SweepOrphans(ctx, shard); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		if _, ok := blobFiles(t, s)[name]; !ok {
			t.Error("it went on")
		}
		sweepAll(t, s)
	})
}

// Objects come and go, are copied and read while orphans are swept. No read may miss a byte.
func TestSweepAgainstWriters(t *testing.T) {
	s := openStore(t)
	content := pattern(maxInline + 1)
	ctx, cancel := context.WithCancel(t.Context())
	var sweeping, writing sync.WaitGroup
	sweeping.Go(func() {
		for ctx.Err() == nil {
			for shard := range Shards {
				if n, err := s.SweepOrphans(ctx, shard); n != 0 || err != nil && ctx.Err() == nil {
					t.Errorf("%d blobs were removed, %v", n, err)
				}
			}
		}
	})
	for w := range 4 {
		key := string(rune('a' + w))
		writing.Go(func() {
			for range 60 {
				if _, err := s.Put(ctx, Put{Bucket: "b", Key: key, Body: bodyOf(content)}); err != nil {
					t.Error(err)
					return
				}
				c, err := s.Get(ctx, Get{Bucket: "b", Key: key})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Delete(ctx, "b", Delete{Key: key}); err != nil {
					t.Error(err)
				}
				if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				c.Close()
			}
		})
	}
	writing.Wait()
	cancel()
	sweeping.Wait()
	checkOrder(t, s)
}
