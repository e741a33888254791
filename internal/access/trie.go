package access

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// makeTries builds the trie of every instance over its ordered scopes. It links each scope to its parent: the longest
// other scope that is a prefix of it.
func (l *layer) makeTries() {
	l.roots = make(map[instance]uint32, len(l.names))
	n := len(l.scopes) - 1
	for lo := 0; lo < n; {
		hi := lo
		for hi < n && l.scopes[hi].inst == l.scopes[lo].inst {
			hi++
		}
		root := l.newNodes(1)
		l.roots[l.names[l.scopes[lo].inst]] = root
		l.fill(root, lo, hi, 0, none)
		lo = hi
	}
	l.nodes, l.edge = slices.Clip(l.nodes), slices.Clip(l.edge)
}

func (l *layer) newNodes(n int) uint32 {
	at := uint32(len(l.nodes))
	for range n {
		l.nodes = append(l.nodes, node{scope: none})
		l.edge = append(l.edge, 0)
	}
	return at
}

func (l *layer) key(scope int) []byte {
	s := &l.scopes[scope]
	return l.text[s.off : s.off+uint64(s.size)]
}

// fill makes the node with number at. The node covers the scopes lo to hi, whose search keys have the first start
// bytes in common.
func (l *layer) fill(at uint32, lo, hi, start int, parent uint32) {
	key := l.key(lo)
	end := start + common(key[start:], l.key(hi - 1)[start:])
	first, scope := lo, none
	if len(key) == end {
		scope = uint32(lo)
		l.scopes[lo].parent = parent
		parent = scope
		lo++
	}
	l.nodes[at] = node{
		label: label(l.scopes[first].off, key[start:end]),
		scope: scope,
		start: uint16(start),
		end:   uint16(end),
	}
	if lo == hi {
		return
	}
	var children [257]int // where the scopes of each child begin
	n := 0
	for i := lo; i < hi; n++ {
		children[n] = i
		i = l.lastWith(i, hi, end, l.key(i)[end])
	}
	children[n] = hi
	below := l.newNodes(n)
	l.nodes[at].first, l.nodes[at].children = below, uint16(n)
	for k := range n {
		l.edge[below+uint32(k)] = l.key(children[k])[end]
		l.fill(below+uint32(k), children[k], children[k+1], end, parent)
	}
}

// label is the label itself if it is short, otherwise the position of the search key.
func label(off uint64, b []byte) uint64 {
	if len(b) > 8 {
		return off
	}
	var short [8]byte
	copy(short[:], b)
	return binary.LittleEndian.Uint64(short[:])
}

// lastWith is the end of the run of scopes from lo whose keys have c at position i. It searches in steps that double,
// then by halves.
func (l *layer) lastWith(lo, hi, i int, c byte) int {
	step, at := 1, lo
	for at+step < hi && l.key(at + step)[i] == c {
		at += step
		step *= 2
	}
	limit := min(at+step, hi)
	n, _ := slices.BinarySearchFunc(l.scopes[at:limit], c, func(s scopeRec, c byte) int {
		if l.text[s.off+uint64(i)] == c {
			return -1
		}
		return 1
	})
	return at + n
}

func common(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

type stringHead struct {
	head uint64
	id   uint32
}

// sortedKeys orders the strings of an interner, eight bytes at a time.
func sortedKeys(t *interner) []uint32 {
	hs := make([]stringHead, t.len())
	for i := range hs {
		hs[i].id = uint32(i)
	}
	sortFrom(t, hs, 0)
	out := make([]uint32, len(hs))
	for i, h := range hs {
		out[i] = h.id
	}
	return out
}

// sortFrom orders strings that have their first depth bytes in common and are at least that long.
func sortFrom(t *interner, hs []stringHead, depth int) {
	if len(hs) < 16 {
		slices.SortFunc(hs, func(a, b stringHead) int { return bytes.Compare(t.at(a.id)[depth:], t.at(b.id)[depth:]) })
		return
	}
	for i := range hs {
		var b [8]byte
		copy(b[:], t.at(hs[i].id)[depth:])
		hs[i].head = binary.BigEndian.Uint64(b[:])
	}
	slices.SortFunc(hs, func(a, b stringHead) int { return cmp.Compare(a.head, b.head) })
	for lo := 0; lo < len(hs); {
		hi := lo + 1
		for hi < len(hs) && hs[hi].head == hs[lo].head {
			hi++
		}
		if run := hs[lo:hi]; len(run) > 1 {
			// The strings that end here differ only in the number of NULs at their end: the shorter one is the smaller.
			slices.SortFunc(run, func(a, b stringHead) int {
				return cmp.Compare(min(len(t.at(a.id)), depth+9), min(len(t.at(b.id)), depth+9))
			})
			rest, _ := slices.BinarySearchFunc(run, depth+9, func(h stringHead, size int) int {
				return cmp.Compare(min(len(t.at(h.id)), size), size)
			})
			sortFrom(t, run[rest:], depth+8)
		}
		lo = hi
	}
}
