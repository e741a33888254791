package engine

import (
	"latchkey/internal/access"
)

// compacted is a compacted index and how many grants had come and gone when it was taken.
type compacted struct {
	index *access.Index
	edits int
}

// compactAfter is how many grants may come and go before the index is compacted, besides a tenth of all.
const compactAfter = 10_000

// compact takes up what was compacted, and begins anew when enough has changed. The work is done beside the
// follower; a task of the engine waits for it.
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
