package objects

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// blobs is the tree of blob files: ab/cd/abcd... under names of 32 random hexadecimal digits. No text of
// a client is part of a name, and the root keeps every path inside.
type blobs struct {
	root   *os.Root
	dirs   sync.Map             // folders whose own entry is known to be on the disk
	leaked atomic.Bool          // a blob could not be unlinked
	loose  atomic.Int64         // blobs that no row names yet
	sync   func(*os.File) error // a test watches it

	sweeping func(step, name string) // a test watches it

	mu    sync.Mutex
	inUse map[string]int // blobs that this process still needs, whatever the rows say; see acquire
}

func openBlobs(dir string) (*blobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &blobs{root: root, sync: (*os.File).Sync, sweeping: func(string, string) {}, inUse: map[string]int{}}, nil
}

func newBlobName() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func blobPath(name string) string { return path.Join(name[:2], name[2:4], name) }

// create makes an empty blob under a new name, and acquires the name.
func (b *blobs) create() (*os.File, string, error) {
	name := newBlobName()
	if err := b.makeDirs(name); err != nil {
		return nil, "", err
	}
	b.acquire(name)
	f, err := b.root.OpenFile(blobPath(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		b.release(name)
	}
	return f, name, err
}

// makeDirs makes the folders for a name and syncs the entries that were not known to be on the disk.
func (b *blobs) makeDirs(name string) error {
	parent := "."
	for _, dir := range []string{name[:2], path.Join(name[:2], name[2:4])} {
		if _, ok := b.dirs.Load(dir); !ok {
			if err := b.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			if err := b.syncDir(parent); err != nil {
				return err
			}
			b.dirs.Store(dir, true)
		}
		parent = dir
	}
	return nil
}

// finish makes the blob durable: its bytes, then its entry in the folder. It closes f.
func (b *blobs) finish(f *os.File, name string) error {
	if err := errors.Join(b.sync(f), f.Close()); err != nil {
		return err
	}
	return b.syncDir(path.Dir(blobPath(name)))
}

// link gives the bytes of a blob a second name of their own, durably and without copying them. It acquires that name.
func (b *blobs) link(name string) (string, error) {
	twin := newBlobName()
	if err := b.makeDirs(twin); err != nil {
		return "", err
	}
	b.acquire(twin)
	if err := b.root.Link(blobPath(name), blobPath(twin)); err != nil {
		b.release(twin)
		return "", err
	}
	if err := b.syncDir(path.Dir(blobPath(twin))); err != nil {
		b.remove(twin)
		b.release(twin)
		return "", err
	}
	return twin, nil
}

func (b *blobs) open(name string) (*os.File, error) { return b.root.Open(blobPath(name)) }

// remove unlinks a blob. If that fails, it marks the store as leaked: the next Open then sweeps.
func (b *blobs) remove(name string) error {
	err := b.root.Remove(blobPath(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.leaked.Store(true)
		return err
	}
	return nil
}

func (b *blobs) syncDir(dir string) error {
	d, err := b.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(b.sync(d), d.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// pin keeps the blobs of a content on the disk until the caller calls the returned function. The caller holds s.gate
// for reading, and took it before it read the row that names the content.
func (s *Store) pin(content int64) (unpin func()) {
	s.pinMu.Lock()
	s.pins[content]++
	s.pinMu.Unlock()
	return sync.OnceFunc(func() {
		s.pinMu.Lock()
		var doomed []string
		if s.pins[content]--; s.pins[content] == 0 {
			delete(s.pins, content)
			doomed = s.doomed[content]
			delete(s.doomed, content)
		}
		s.pinMu.Unlock()
		s.unlink(doomed)
	})
}

// release unlinks the blobs of contents that a commit has dropped, now or when their last reader is done.
func (s *Store) release(dropped []freed) {
	if len(dropped) == 0 {
		return
	}
	// Once we have the gate, every reader that read a row before the commit has pinned the row's content.
	s.gate.Lock()
	s.pinMu.Lock()
	var free []string
	for _, f := range dropped {
		if s.pins[f.content] > 0 {
			s.doomed[f.content] = append(s.doomed[f.content], f.blobs...)
		} else {
			free = append(free, f.blobs...)
		}
	}
	s.pinMu.Unlock()
	s.gate.Unlock()
	s.unlink(free)
}

// unlink unlinks blobs whose names are in use, and releases the names.
func (s *Store) unlink(names []string) {
	for _, name := range names {
		if err := s.blobs.remove(name); err != nil {
			s.log.LogAttrs(context.Background(), slog.LevelWarn, "a dropped blob stays until the next clean-up",
				slog.String("error", err.Error()))
		}
		s.blobs.release(name)
	}
}
