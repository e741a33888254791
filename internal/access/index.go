package access

import (
	"maps"
	"slices"
)

// Index is a set of grants that answers requests. It is an immutable snapshot: any number of goroutines may read it
// without locks while its owner derives the next one with With. The zero Index is not usable; a Builder that
// got no grants makes an index of none.
//
// An Index has one large layer and up to three small ones. The small layers contain the grants that were added since
// the last Compact, the newest in the smallest layer. An update therefore costs the same among ten grants and among
// ten million. Removed grants are only marked. From time to time the owner merges all layers with Compact, beside the
// readers and the writer, and then calls CatchUp on the result.
type Index struct {
	seed    seed
	views   [layers]view // the large one first
	live    int
	version uint64  // how many times With was applied
	log     *change // the newest first, back to the last Compact
}

type view struct {
	*layer
	dead deadSet
}

const layers = 4

// capacity is the size of the small layers in grants. What does not fit into a layer is merged into the next larger
// one. Layer 1 has no limit: it grows until Compact merges it.
var capacity = [layers]int{2: 4096, 3: 128}

type change struct {
	version uint64
	add     []Grant
	remove  []GrantID
	prev    *change
}

// Index makes the index. The Builder must not be used afterwards.
func (b *Builder) Index() *Index {
	ix := &Index{seed: b.seed}
	ix.views[0] = makeView(b)
	ix.live = ix.views[0].live()
	return ix
}

func makeView(b *Builder) view {
	v := view{layer: b.finish()}
	if v.layer != nil && len(v.leftDups) > 0 {
		var d deadEdit
		for _, e := range v.leftDups {
			d.add(e)
		}
		v.dead = d.set
	}
	return v
}

func (v *view) live() int {
	if v.layer == nil {
		return 0
	}
	return len(v.terms) - v.dead.n
}

// Len is the number of grants.
func (ix *Index) Len() int { return ix.live }

// Pending is the number of grants that a Compact would move or drop: those in the small layers, and the removed ones
// that still take room. An owner might compact when Pending exceeds ten thousand and a tenth of Len.
func (ix *Index) Pending() int {
	n := 0
	for i := range ix.views {
		n += ix.views[i].dead.n
		if i > 0 && ix.views[i].layer != nil {
			n += ix.views[i].live()
		}
	}
	return n
}

// Has reports whether the grant still exists. A vended credential is on the leash of its grant: it works only while
// Has is true. Has does not allocate.
func (ix *Index) Has(id GrantID) bool {
	v, _ := ix.find(&id)
	return v >= 0
}

// Grant finds a grant by its id, and reports false if the index has none with that id.
func (ix *Index) Grant(id GrantID) (Grant, bool) {
	v, e := ix.find(&id)
	if v < 0 {
		return Grant{}, false
	}
	return ix.views[v].grant(e), true
}

func (ix *Index) find(id *GrantID) (int, uint32) {
	for i := range ix.views {
		v := &ix.views[i]
		if v.layer == nil {
			continue
		}
		if e := v.find(id); e != none && !v.dead.has(e) {
			return i, e
		}
	}
	return -1, none
}

// With derives an index in which the grants of remove are removed and then those of add are added. The receiver does
// not change. Removing a grant that is not in the index does nothing. Adding a grant whose id is in the index
// replaces that grant. The same change may therefore be applied twice. Only one goroutine at a time may derive from
// an index, or changes are lost.
func (ix *Index) With(add []Grant, remove []GrantID) *Index {
	next := *ix
	next.version++
	next.log = &change{next.version, slices.Clone(add), slices.Clone(remove), ix.log}
	next.remove(add, remove)
	if len(add) > 0 {
		next.insert(add)
	}
	next.live = 0
	for i := range next.views {
		next.live += next.views[i].live()
	}
	return &next
}

func (ix *Index) remove(replaced []Grant, removed []GrantID) {
	var edits [layers]deadEdit
	for i := range ix.views {
		edits[i].set = ix.views[i].dead
	}
	for i := range len(removed) + len(replaced) {
		var id GrantID
		if i < len(removed) {
			id = removed[i]
		} else {
			id = replaced[i-len(removed)].ID
		}
		if v, e := ix.find(&id); v >= 0 {
			edits[v].add(e)
		}
	}
	for i := range ix.views {
		ix.views[i].dead = edits[i].set
	}
}

// insert puts grants into the smallest layer that has room for them and for all smaller layers.
func (ix *Index) insert(add []Grant) {
	size := len(add)
	at := layers - 1
	for ; ; at-- {
		size += ix.views[at].live()
		if at == 1 || size <= capacity[at] {
			break
		}
	}
	b := newBuilder(ix.seed, size)
	last := make(map[GrantID]int, len(add))
	for i := range add {
		last[add[i].ID] = i
	}
	for i := range add {
		if last[add[i].ID] == i {
			b.Add(add[i])
		}
	}
	for i := at; i < layers; i++ {
		b.addView(&ix.views[i])
		ix.views[i] = view{}
	}
	ix.views[at] = makeView(b)
}

// Compact derives the same index in one layer. It takes about a microsecond a grant, and may run beside readers and
// beside the writer; see CatchUp.
func (ix *Index) Compact() *Index {
	b := newBuilder(ix.seed, ix.live)
	for i := range ix.views {
		b.addView(&ix.views[i])
	}
	out := b.Index()
	out.version = ix.version
	return out
}

// CatchUp applies to a compacted index the changes that led from the index that was compacted to latest. It reports
// false if latest was not derived from that index.
func (ix *Index) CatchUp(latest *Index) (*Index, bool) {
	if latest.seed != ix.seed || latest.version < ix.version {
		return nil, false
	}
	var missed []*change
	for c := latest.log; c != nil && c.version > ix.version; c = c.prev {
		missed = append(missed, c)
	}
	if uint64(len(missed)) != latest.version-ix.version {
		return nil, false
	}
	if len(missed) == 0 {
		return ix, true
	}
	// A grant that was added and removed meanwhile is not added at all. With removes before it adds, as each of the
	// changes did.
	added := map[GrantID]Grant{}
	var removed []GrantID
	for _, c := range slices.Backward(missed) {
		for _, id := range c.remove {
			delete(added, id)
		}
		for _, g := range c.add {
			added[g.ID] = g
		}
		removed = append(removed, c.remove...)
	}
	out := ix.With(slices.Collect(maps.Values(added)), removed)
	out.version, out.log.version = latest.version, latest.version
	return out, true
}
