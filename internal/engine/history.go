package engine

import (
	"slices"

	"latchkey/internal/store"
)

// history remembers the newest changes that went into the snapshot. Every look at the store asks for them
// again: if they are no longer there as they were, the store was taken back to an earlier state, whatever
// revision it has reached since. Update stamps every revision with a random change, so two histories never
// look the same; a revision that was committed around Update is known by the rows that it changed.
type history struct {
	base store.Rev      // the revision before seen; the snapshot's own when nothing is remembered
	seen []store.Change // the whole changes of the revisions above base
}

// How much is remembered. It is read again at every poll; a revision with more changes is not remembered.
const (
	rememberRevs    = 4
	rememberChanges = 64
)

// split takes what is remembered off the changes above base. It is not ok when the store tells another
// history.
func (h *history) split(changes []store.Change, at store.Rev) (fresh []store.Change, ok bool) {
	n := len(h.seen)
	if len(changes) < n || !slices.Equal(changes[:n], h.seen) {
		return nil, false
	}
	fresh = changes[n:]
	return fresh, len(fresh) == 0 || fresh[0].Rev > at
}

// extend remembers changes up to the revision at.
func (h *history) extend(fresh []store.Change, at store.Rev) {
	all := append(slices.Clone(h.seen), fresh...)
	from := at - rememberRevs
	keep := all[:0]
	for rev := at; rev > from; rev-- {
		i, _ := slices.BinarySearchFunc(all, rev, func(c store.Change, r store.Rev) int { return int(c.Rev - r) })
		if i == len(all) || all[i].Rev != rev || len(all)-i > rememberChanges {
			from = rev
			break
		}
		keep = all[i:]
	}
	h.base, h.seen = max(from, 0), slices.Clone(keep)
}

// gapless reports whether changes are those of every revision from after+1 on.
func gapless(changes []store.Change, after store.Rev) bool {
	for _, c := range changes {
		if c.Rev != after && c.Rev != after+1 {
			return false
		}
		after = c.Rev
	}
	return true
}
