package engine

import (
	"hash/maphash"
	"iter"
	"math/bits"
	"slices"
)

// pmap is a persistent map: a copy of the struct is a frozen copy of the map. It is a hash trie of nodes with 32 slots,
// so changing one entry among a million copies a few small nodes. The zero pmap is empty.
//
// Changes carry a token. Later changes under the same token change the nodes that were made under it in place. So a
// batch, and a first load, is as cheap as with an ordinary map. Whoever publishes a pmap drops the token, which freezes
// the nodes.
type pmap[K ~string, V any] struct {
	seed maphash.Seed
	root *pnode[K, V]
	n    int
}

// token marks the nodes of one unpublished batch. It has a size, so that each token has an address of its own.
type token struct{ _ byte }

type pleaf[K ~string, V any] struct {
	hash uint64
	key  K
	val  V
}

// pnode has a leaf or a child for each of 32 values of its five bits of the hash. Below the last bits of the hash,
// leaves is a plain list and the maps are unused.
type pnode[K ~string, V any] struct {
	owner    *token
	leafMap  uint32
	childMap uint32
	leaves   []pleaf[K, V]
	children []*pnode[K, V]
}

const (
	pbits = 5
	pend  = 65 // the shift below the last node that has bits of a 64-bit hash
)

func (m *pmap[K, V]) len() int { return m.n }

// get returns the value of k without allocating.
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
		if n.childMap&bit == 0 {
			return v, false
		}
		n = n.children[rank(n.childMap, bit)]
	}
	for i := range n.leaves {
		if n.leaves[i].key == k {
			return n.leaves[i].val, true
		}
	}
	return v, false
}

// at is get, with the zero value for a missing entry.
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

// all yields the entries in no particular order.
func (m *pmap[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { m.root.each(yield) }
}

func (n *pnode[K, V]) set(t *token, shift uint, l pleaf[K, V]) (*pnode[K, V], bool) {
	n = n.owned(t)
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
	i, j := rank(n.leafMap, bit), rank(n.childMap, bit)
	switch {
	case n.childMap&bit != 0:
		added := false
		n.children[j], added = n.children[j].set(t, shift+pbits, l)
		return n, added
	case n.leafMap&bit == 0:
		n.leafMap |= bit
		n.leaves = slices.Insert(n.leaves, i, l)
		return n, true
	case n.leaves[i].key == l.key:
		n.leaves[i] = l
		return n, false
	}
	child := &pnode[K, V]{owner: t} // two keys share these bits: both move into a new node below
	child, _ = child.set(t, shift+pbits, n.leaves[i])
	child, _ = child.set(t, shift+pbits, l)
	n.leaves, n.leafMap = slices.Delete(n.leaves, i, i+1), n.leafMap&^bit
	n.children, n.childMap = slices.Insert(n.children, j, child), n.childMap|bit
	return n, true
}

// delete removes a key, which must be there.
func (n *pnode[K, V]) delete(t *token, shift uint, h uint64, k K) *pnode[K, V] {
	n = n.owned(t)
	if shift >= pend {
		n.leaves = slices.DeleteFunc(n.leaves, func(l pleaf[K, V]) bool { return l.key == k })
		return n
	}
	bit := uint32(1) << (h >> shift & 31)
	i, j := rank(n.leafMap, bit), rank(n.childMap, bit)
	if n.leafMap&bit != 0 {
		n.leaves, n.leafMap = slices.Delete(n.leaves, i, i+1), n.leafMap&^bit
		return n
	}
	child := n.children[j].delete(t, shift+pbits, h, k)
	n.children[j] = child
	// a lone leaf moves back up, so that equal maps have equal shapes
	if len(child.children) == 0 && len(child.leaves) == 1 {
		n.children, n.childMap = slices.Delete(n.children, j, j+1), n.childMap&^bit
		n.leaves, n.leafMap = slices.Insert(n.leaves, i, child.leaves[0]), n.leafMap|bit
	}
	return n
}

func (n *pnode[K, V]) owned(t *token) *pnode[K, V] {
	if n.owner == t {
		return n
	}
	return &pnode[K, V]{
		owner:    t,
		leafMap:  n.leafMap,
		childMap: n.childMap,
		leaves:   slices.Clone(n.leaves),
		children: slices.Clone(n.children),
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
	for _, child := range n.children {
		if !child.each(yield) {
			return false
		}
	}
	return true
}

func rank(m, bit uint32) int { return bits.OnesCount32(m & (bit - 1)) }
