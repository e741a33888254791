package objects

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
)

// Shards is the number of parts into which the blobs are divided by their names.
const Shards = 256

// acquire marks a blob as in use: this process writes it, or dropped it while it may still be read. The caller acquires
// the name before it creates the blob's file, or before the commit that drops the blob's row.
func (b *blobs) acquire(name string) {
	b.mu.Lock()
	b.inUse[name]++
	b.mu.Unlock()
}

// release undoes one acquire. By now a row names the blob, or its file is gone, or the file could not be unlinked.
func (b *blobs) release(name string) {
	b.mu.Lock()
	if b.inUse[name]--; b.inUse[name] <= 0 {
		delete(b.inUse, name)
	}
	b.mu.Unlock()
}

func (b *blobs) isInUse(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inUse[name] > 0
}

// sweep removes every orphan. Open calls it for a folder that was not closed in order.
func (s *Store) sweep(ctx context.Context) error {
	removed := 0
	for shard := range Shards {
		n, err := s.SweepOrphans(ctx, shard)
		removed += n
		if err != nil {
			return err
		}
	}
	if removed > 0 {
		s.log.LogAttrs(ctx, slog.LevelInfo, "removed what a crash left unfinished", slog.Int("blobs", removed))
	}
	return nil
}

// SweepOrphans removes the blob files of one of Shards parts that no row names and that are not in use, and counts
// them. It may run while the store is in use. Files that are no blobs stay.
func (s *Store) SweepOrphans(ctx context.Context, shard int) (removed int, err error) {
	st, err := s.read(ctx, `SELECT EXISTS (SELECT 1 FROM pieces WHERE blob = ?)`)
	if err != nil {
		return 0, err
	}
	err = fs.WalkDir(s.blobs.root.FS(), fmt.Sprintf("%02x", shard), func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		name := ""
		if err != nil || d.IsDir() {
			return err
		}
		if name = d.Name(); !isBlobPath(p, name) {
			return nil // no blob
		}
		if orphan, err := s.isOrphan(ctx, st, name); err != nil || !orphan {
			return err
		}
		switch err := s.blobs.root.Remove(p); {
		case err == nil:
			removed++
		case !errors.Is(err, fs.ErrNotExist): // else the blob's writer removed it first
			return err
		}
		return nil
	})
	return removed, err
}

// isOrphan reports whether no row will ever name a blob file that was found. A blob that is being written is in use
// until its row is committed. A dropped blob has been in use since before its row was deleted. Names are never used
// twice. So an orphan is a blob that is not in use, then has no row, and still is not in use.
func (s *Store) isOrphan(ctx context.Context, st *sql.Stmt, name string) (bool, error) {
	if s.blobs.isInUse(name) {
		return false, nil
	}
	s.blobs.sweeping("asks", name)
	var named bool
	if err := st.QueryRowContext(ctx, name).Scan(&named); err != nil {
		return false, err
	}
	s.blobs.sweeping("asked", name)
	return !named && !s.blobs.isInUse(name), nil
}

func isBlobPath(p, name string) bool {
	raw, err := hex.DecodeString(name)
	return err == nil && len(raw) == 16 && p == blobPath(name)
}
