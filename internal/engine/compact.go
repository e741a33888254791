package engine

import (
	"latchkey/internal/access"
)

// compacted is a compacted index, with the number of grants that had come and gone when it was taken.
type compacted struct {
	index *access.Index
	edits int
}

// compactAfter is how many grants may come and go before the index is compacted. A tenth of all grants may come and go
// besides.
const compactAfter = 10_000

// compact puts a finished compacted index into the snapshot, and starts a new compaction when enough has changed. The
// compaction runs beside the follower, in a task that Close waits for.
func (f *follower) compact() {
	select {
	case c := <-f.compacted:
		f.compacts = false
		s := f.current.Load()
		index, ok := c.index.CatchUp(s.grants)
		if !ok {
			break // everything was loaded again meanwhile
		}
		next := *s
		next.grants = index
		f.edits -= c.edits
		f.current.Store(&next)
	default:
	}
	s := f.current.Load()
	if f.compacts || f.edits < compactAfter+s.grants.Len()/10 {
		return
	}
	f.compacts = true
	edits := f.edits
	f.tasks.Go(func() { f.compacted <- compacted{s.grants.Compact(), edits} })
}
