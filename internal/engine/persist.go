package engine

import (
	"hash/maphash"
	"iter"
	"math/bits"
	"slices"
)

// pmap is a persistent map: a copy of the struct is a frozen copy of the map. It is a hash trie of 32-way
// nodes, so changing one entry among a million copies a few small nodes. The zero pmap is empty.
//
// Changes carry a token. Nodes made under a token are changed in place by later changes under the same
// token, which makes a batch (and a first load) as cheap as an ordinary map. Whoever publishes a pmap
// drops the token, and its nodes are frozen.
type pmap[K ~string, V any] struct {
	seed maphash.Seed
	root *pnode[K, V]
	n    int
}

// token owns the nodes of one unpublished batch. It has a size so that each has an address of its own.
type token struct{ _ byte }

type pleaf[K ~string, V any] struct {
	hash uint64
	key  K
	val  V
}

// pnode has a leaf or a child for each of 32 values of its five bits of the hash. Below the last bits of
// the hash, leaves is a plain list and the maps are unused.
type pnode[K ~string, V any] struct {
	owner   *token
	leafMap uint32
	kidMap  uint32
	leaves  []pleaf[K, V]
	kids    []*pnode[K, V]
}

const (
	pbits = 5
	pend  = 65 // the shift below the last node that has bits of a 64-bit hash
)

func (m *pmap[K, V]) len() int { return m.n }

// get finds k without allocating.
func (m *pmap[K, V]) get(k K) (v V, ok bool) {
	if m.n == 0 {
		return v, false
	}
	h := maphash.String(m.seed, string(k))
	n := m.root
	for shift := uint(0); n != nil && shift < pend; shift += pbits {
		bit := uint32(1) << (h >> shift & 31)
		if n.leafMap&bit != 0 {
			if l := &n.leaves[rank(n.leafMap, bit)]; l.hash == h && l.key == k {
				return l.val, true
			}
			return v, false
		}
		if n.kidMap&bit == 0 {
			return v, false
		}
		n = n.kids[rank(n.kidMap, bit)]
	}
	for i := range n.leaves {
		if n.leaves[i].key == k {
			return n.leaves[i].val, true
		}
	}
	return v, false
}

// at is get where a missing entry is the zero value.
func (m *pmap[K, V]) at(k K) V {
	v, _ := m.get(k)
	return v
}

// set puts k to v.
func (m *pmap[K, V]) set(t *token, k K, v V) {
	if m.root == nil {
		m.seed, m.root = maphash.MakeSeed(), &pnode[K, V]{owner: t}
	}
	added := false
	m.root, added = m.root.set(t, 0, pleaf[K, V]{hash: maphash.String(m.seed, string(k)), key: k, val: v})
	if added {
		m.n++
	}
}

// delete removes k if it is there.
func (m *pmap[K, V]) delete(t *token, k K) {
	if _, ok := m.get(k); ok {
		m.root = m.root.delete(t, 0, maphash.String(m.seed, string(k)), k)
		m.n--
	}
}

// all yields the entries in no order that means anything.
func (m *pmap[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { m.root.each(yield) }
}

func (n *pnode[K, V]) set(t *token, shift uint, l pleaf[K, V]) (*pnode[K, V], bool) {
	n = n.own(t)
	if shift >= pend {
		for i := range n.leaves {
			if n.leaves[i].key == l.key {
				n.leaves[i] = l
				return n, false
			}
		}
		n.leaves = append(n.leaves, l)
		return n, true
	}
	bit := uint32(1) << (l.hash >> shift & 31)
	i, j := rank(n.leafMap, bit), rank(n.kidMap, bit)
	switch {
	case n.kidMap&bit != 0:
		added := false
		n.kids[j], added = n.kids[j].set(t, shift+pbits, l)
		return n, added
	case n.leafMap&bit == 0:
		n.leafMap |= bit
		n.leaves = slices.Insert(n.leaves, i, l)
		return n, true
	case n.leaves[i].key == l.key:
		n.leaves[i] = l
		return n, false
	}
	kid := &pnode[K, V]{owner: t} // two keys share these bits: both move one node down
	kid, _ = kid.set(t, shift+pbits, n.leaves[i])
	kid, _ = kid.set(t, shift+pbits, l)
	n.leaves, n.leafMap = slices.Delete(n.leaves, i, i+1), n.leafMap&^bit
	n.kids, n.kidMap = slices.Insert(n.kids, j, kid), n.kidMap|bit
	return n, true
}

// delete removes a key that is there.
func (n *pnode[K, V]) delete(t *token, shift uint, h uint64, k K) *pnode[K, V] {
	n = n.own(t)
	if shift >= pend {
		n.leaves = slices.DeleteFunc(n.leaves, func(l pleaf[K, V]) bool { return l.key == k })
		return n
	}
	bit := uint32(1) << (h >> shift & 31)
	i, j := rank(n.leafMap, bit), rank(n.kidMap, bit)
	if n.leafMap&bit != 0 {
		n.leaves, n.leafMap = slices.Delete(n.leaves, i, i+1), n.leafMap&^bit
		return n
	}
	kid := n.kids[j].delete(t, shift+pbits, h, k)
	n.kids[j] = kid
	if len(kid.kids) == 0 && len(kid.leaves) == 1 { // a lone leaf moves back up, so that equal maps have equal shapes
		n.kids, n.kidMap = slices.Delete(n.kids, j, j+1), n.kidMap&^bit
		n.leaves, n.leafMap = slices.Insert(n.leaves, i, kid.leaves[0]), n.leafMap|bit
	}
	return n
}

func (n *pnode[K, V]) own(t *token) *pnode[K, V] {
	if n.owner == t {
		return n
	}
	return &pnode[K, V]{
		owner:   t,
		leafMap: n.leafMap,
		kidMap:  n.kidMap,
		leaves:  slices.Clone(n.leaves),
		kids:    slices.Clone(n.kids),
	}
}

func (n *pnode[K, V]) each(yield func(K, V) bool) bool {
	if n == nil {
		return true
	}
	for i := range n.leaves {
		if !yield(n.leaves[i].key, n.leaves[i].val) {
			return false
		}
	}
	for _, kid := range n.kids {
		if !kid.each(yield) {
			return false
		}
	}
	return true
}

func rank(m, bit uint32) int { return bits.OnesCount32(m & (bit - 1)) }
