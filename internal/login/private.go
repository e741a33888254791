package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// readPrivate reads a file that only its owner may use: a regular file of this user that nobody else may read or write.
// Its error is fs.ErrNotExist when there is none.
func readPrivate(path string) ([]byte, error) {
	// O_NOFOLLOW: a link could lead to a file that is not ours. O_NONBLOCK: a pipe must not make us wait.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s is a link, not a file", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := isPrivate(path, info); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxDocument))
}

func isPrivate(path string, info fs.FileInfo) error {
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s may be read or written by others (mode %04o): run chmod 600 on it if nobody did, or delete it",
			path, info.Mode().Perm())
	case ok && int(owner.Uid) != os.Geteuid():
		return fmt.Errorf("%s belongs to another user", path)
	}
	return nil
}

// privateFolder makes a folder for its owner alone. It refuses a folder in which others could replace our files.
func privateFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	// The owner of a folder can replace files in it, whatever its mode. The machine's administrator can do that anyway.
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 && int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("the folder %s belongs to another user", path)
	}
	// In a folder with the sticky bit, such as /tmp, nobody else can rename or delete our files.
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("the folder %s may be written by others (mode %04o)", path, info.Mode().Perm())
	}
	return nil
}

// writePrivate replaces a file as a whole. A reader sees the old or the new content, even after a power cut.
func writePrivate(path string, content []byte) (err error) {
	if err := privateFolder(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// lock waits until no other process holds the lock with this name. It holds the lock until unlock is called or the
// process ends. The file stays, because deleting it would let two processes lock two files.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	if err := privateFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// WritePrivate writes a file that only its owner may read.
func WritePrivate(path, content string) error { return writePrivate(path, []byte(content)) }
