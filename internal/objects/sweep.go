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

// Shards is into how many parts the blobs are divided by their names.
const Shards = 256

// acquire says that somebody answers for a blob: it is being written, or was dropped and may still be read. It comes
// before the blob's file, or before the commit that drops its row.
func (b *blobs) acquire(name string) {
	b.mu.Lock()
	b.inUse[name]++
	b.mu.Unlock()
}

// release ends what hold began. From then on a row names the blob, or its file has gone, or could not be unlinked.
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

// sweep removes every orphan: it is for a folder that was not closed in order.
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

// SweepOrphans removes the blob files of one of Shards parts that no row names and nobody holds, and counts them. It
// may run while the store is in use. Files that are no blobs stay.
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
			return nil // not ours
		}
		if orphan, err := s.isOrphan(ctx, st, name); err != nil || !orphan {
			return err
		}
		switch err := s.blobs.root.Remove(p); {
		case err == nil:
			removed++
		case !errors.Is(err, fs.ErrNotExist): // else its own writer was faster
			return err
		}
		return nil
	})
	return removed, err
}

// isOrphan reports whether nobody will ever name a blob file that was found. A blob that is being written is held until
// its row is committed, and one that was dropped since before its row went. Names are never used twice. So an orphan is
// one that is not held, then has no row, and still is not held.
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
