package objects

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"latchkey/internal/fault"
)

// The environment of a child process that writes until it is killed.
const (
	childDir  = "LATCHKEY_TEST_OBJECTS_DIR"
	childFrom = "LATCHKEY_TEST_OBJECTS_FROM"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		from, _ := strconv.Atoi(os.Getenv(childFrom))
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir, from))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// crashContent is the content of the nth object: inline, in one buffer, or in several.
func crashContent(n int) []byte {
	b := pattern([]int{50, maxInline + n%100, 2*bufferSize + n, 3000}[n%4])
	copy(b, fmt.Sprintf("object %d ", n))
	return b
}

// writeUntilKilled puts objects from four goroutines, replaces some, uploads some in parts, and prints
// the number of each one that was acknowledged.
func writeUntilKilled(dir string, from int) error {
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := s.CreateBucket(ctx, "b"); err != nil && !fault.Is(err, fault.AlreadyExists, fault.BucketOwned) {
		return err
	}
	failed := make(chan error)
	for w := range 4 {
		go func() {
			for n := from + w; ; n += 4 {
				if err := writeOne(ctx, s, n); err != nil {
					failed <- err
					return
				}
				// One write call, so that lines do not mix; what is printed is acknowledged.
				os.Stdout.WriteString(strconv.Itoa(n) + "\n")
			}
		}()
	}
	return <-failed
}

func writeOne(ctx context.Context, s *Store, n int) error {
	key := fmt.Sprintf("k/%d", n)
	if n%3 == 0 { // in two parts
		u, err := s.CreateUpload(ctx, CreateUpload{Bucket: "b", Key: key})
		if err != nil {
			return err
		}
		p, err := s.PutPart(ctx, PutPart{Bucket: "b", Key: key, UploadID: u.ID, Number: 1, Body: bodyOf(crashContent(n))})
		if err != nil {
			return err
		}
		_, err = s.Complete(ctx,
			Complete{Bucket: "b", Key: key, UploadID: u.ID, Size: -1, Parts: []CompletePart{{Number: 1, ETag: p.ETag}}})
		return err
	}
	if n%5 == 0 { // over another one
		if _, err := s.Put(ctx, Put{Bucket: "b", Key: key, Body: bodyOf(pattern(maxInline * 2))}); err != nil {
			return err
		}
	}
	_, err := s.Put(ctx, Put{Bucket: "b", Key: key, Body: bodyOf(crashContent(n))})
	return err
}

// TestAcknowledgedSurvivesAKill kills a writing process again and again. Every acknowledged write must read back, and
// every other one must leave nothing behind.
func TestAcknowledgedSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	acknowledged := map[int]bool{}
	for round := range 8 {
		child := exec.CommandContext(t.Context(), self)
		child.Env = append(os.Environ(), childDir+"="+dir, childFrom+"="+strconv.Itoa(next))
		var stderr bytes.Buffer
		child.Stderr = &stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for count := 0; lines.Scan(); count++ {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("the child says %q", lines.Text())
			}
			acknowledged[n] = true
			next = max(next, n+5)
			if count == 12+7*round {
				child.Process.Kill() // and read what it had said before
			}
		}
		if err := child.Wait(); child.ProcessState.Exited() {
			t.Fatalf("the child ended by itself: %v\n%s", err, stderr.String())
		}
		s, err := Open(t.Context(), dir, Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		for n := range acknowledged {
			if got, _ := get(t, s, Get{Key: fmt.Sprintf("k/%d", n)}); !bytes.Equal(got, crashContent(n)) {
				t.Errorf("round %d: object %d has %d bytes", round, n, len(got))
			}
		}
		checkOrder(t, s)
		if round%2 == 0 { // else the next child finds a folder that was not closed
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		} else if err := s.closeParts(); err != nil {
			t.Fatal(err)
		}
	}
	if len(acknowledged) < 100 {
		t.Errorf("only %d objects were acknowledged", len(acknowledged))
	}
}

// TestSweep leaves a folder as crashes leave it and opens it again.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	kept := pattern(maxInline + 1)
	put(t, s, "k", string(kept))
	orphan, name, err := s.blobs.create()
	if err != nil {
		t.Fatal(err)
	}
	orphan.Close()
	stranger := filepath.Join(dir, "blobs", "README")
	if err := os.WriteFile(stranger, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.closeParts(); err != nil { // without the mark of an orderly end
		t.Fatal(err)
	}
	s = openIn(t, dir)
	if _, ok := blobFiles(t, s)[name]; ok {
		t.Error("an orphan was not swept")
	}
	if got, _ := get(t, s, Get{Key: "k"}); !bytes.Equal(got, kept) {
		t.Errorf("the sweep changed an object: %d bytes", len(got))
	}
	if _, err := os.Stat(stranger); err != nil {
		t.Errorf("the sweep took a file that is not the store's: %v", err)
	}
	os.Remove(stranger)
}

func TestFolderIsLocked(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	if second, err := Open(t.Context(), dir, Options{}); err == nil {
		second.Close()
		t.Fatal("a folder was opened twice")
	}
	put(t, s, "k", "still works")
}

// TestWritesAreSyncedBeforeTheirCommit watches the order of a power-proof write: the blob's bytes, then
// its folder, then the row.
func TestWritesAreSyncedBeforeTheirCommit(t *testing.T) {
	s := openStore(t)
	var mode, level string
	if err := s.committer.conn.QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode); err != nil ||
		mode != "wal" {
		t.Errorf("the journal's mode is %q: %v", mode, err)
	}
	if err := s.committer.conn.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&level); err != nil ||
		level != "2" {
		t.Errorf("synchronous is %q, want FULL: %v", level, err)
	}
	var synced []string
	s.blobs.sync = func(f *os.File) error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if _, err := s.Head(t.Context(), Get{Bucket: "b", Key: "k"}); !fault.Is(err, fault.NotFound, fault.Key) {
			t.Errorf("the row was there before %s was synced", f.Name())
		}
		kind := "folder"
		if !info.IsDir() {
			kind = fmt.Sprintf("file of %d", info.Size())
		}
		synced = append(synced, kind)
		return f.Sync()
	}
	remove := func(t *testing.T) {
		t.Helper()
		if err := s.Delete(t.Context(), "b", Delete{Key: "k"}); err != nil {
			t.Fatal(err)
		}
	}
	size := 2*bufferSize + 5
	t.Run("put", func(t *testing.T) {
		put(t, s, "k", string(pattern(size)))
		// first the parents of two new folders
		want := []string{"folder", "folder", fmt.Sprintf("file of %d", size), "folder"}
		if !slices.Equal(synced, want) {
			t.Errorf("synced %v, want %v", synced, want)
		}
		remove(t)
	})
	t.Run("copy", func(t *testing.T) {
		if _, err := s.Put(t.Context(), Put{Bucket: "b", Key: "source", Body: bodyOf(pattern(size))}); err != nil {
			t.Fatal(err)
		}
		before := blobFiles(t, s)
		synced = nil
		if _, err := s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "source"}, Bucket: "b", Key: "k"}); err != nil {
			t.Fatal(err)
		}
		if len(blobFiles(t, s)) != len(before)+1 || len(synced) == 0 ||
			slices.Contains(synced, fmt.Sprintf("file of %d", size)) {
			t.Errorf("a copy is a new name in a synced folder; synced %v", synced)
		}
	})
}
