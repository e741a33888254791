package engine

import (
	"slices"

	"latchkey/internal/store"
)

// history remembers the newest changes that went into the snapshot. Every check of the store asks for them again. If
// they are not there as they were, the store was restored to an earlier state, whatever revision it has reached since.
// Update stamps every revision with a random change, so two histories never look the same. A revision that was
// committed without Update is recognised by the rows that it changed.
type history struct {
	base    store.Rev      // the revision before the remembered ones; the snapshot's own when nothing is remembered
	changes []store.Change // all changes of the remembered revisions
}

// How much is remembered. All of it is read again at every poll. A revision with more changes is not remembered.
const (
	rememberRevs    = 4
	rememberChanges = 64
)

// newChanges returns those of the changes above base that are new. It returns false when the store has another history.
func (h *history) newChanges(changes []store.Change, at store.Rev) (fresh []store.Change, ok bool) {
	n := len(h.changes)
	if len(changes) < n || !slices.Equal(changes[:n], h.changes) {
		return nil, false
	}
	fresh = changes[n:]
	return fresh, len(fresh) == 0 || fresh[0].Rev > at
}

// remember adds changes up to the revision at.
func (h *history) remember(fresh []store.Change, at store.Rev) {
	all := append(slices.Clone(h.changes), fresh...)
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
	h.base, h.changes = max(from, 0), slices.Clone(keep)
}

// gapless reports whether the changes cover every revision from after+1 on.
func gapless(changes []store.Change, after store.Rev) bool {
	for _, c := range changes {
		if c.Rev != after && c.Rev != after+1 {
			return false
		}
		after = c.Rev
	}
	return true
}
