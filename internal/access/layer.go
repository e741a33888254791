package access

import (
	"bytes"
	"hash/maphash"
	"sort"
	"time"
)

// A layer is an immutable set of grants, arranged for searching: a trie of the texts of the scopes, the grants at
// each scope, and indexes by grant id and by grantee. Its large arrays have no pointers in them, so the garbage
// collector never walks them.
type layer struct {
	seed  seed
	roots map[instance]uint32 // root nodes; a trie for each instance
	names []instance

	nodes  []node
	edge   []byte      // the first label byte of each node: siblings stand together
	text   []byte      // the search keys of all scopes, in order
	scopes []scopeRec  // in order of instance and search key; one more at the end closes the last
	prints []uint32    // by entry: the fingerprint of its identity, ascending within a scope
	terms  []entryTerm // by entry: what deciding needs
	rest   []entryRest // by entry: the other fields of the grant
	dirs   []uint32    // directories of the large scopes, see scopeRec.bits

	byID        []uint32     // entry + 1 by hash of its grant id; open addressing
	grantees    []granteeRec // by fingerprint; one more at the end closes the last
	granteeText []byte
	byGrantee   []uint32 // entries by grantee, oldest first
	apps        []string // apps[0] means any application
	locs        []string
	oddSubs     []string // sub prefixes that are not a suffix of their scope
	leftDups    []uint32 // entries whose id another entry has, too
}

type instance struct {
	account AccountID
	region  string
}

// scopeRec is a scope. Its search key is the scope's text without the scheme and without the asterisk. The search key
// of an exact scope ends in NUL, which no scope contains. One scope therefore contains another if its search key is a
// prefix of the other's, and an exact scope is longer than every wildcard scope that contains it.
type scopeRec struct {
	off    uint64 // of the search key in text
	parent uint32 // the longest other scope of the instance that is a prefix of this one, or none
	first  uint32 // its entries
	dir    uint32 // its directory in dirs
	inst   uint32 // its instance in names
	size   uint16 // of the search key
	bits   uint8  // 0: no directory; otherwise entries by the fingerprint's first bits
}

// node is a node of the trie. It stands for the bytes start to end of a search key. Up to eight such bytes are in
// label itself. If there are more, label is the position of the whole search key in layer.text.
type node struct {
	label      uint64
	first      uint32 // its children
	scope      uint32 // the scope that ends here, or none
	start, end uint16
	children   uint16 // up to 256
}

type entryTerm struct {
	seq     int64
	grantee uint32
	app     uint32
	perm    Permission
	kind    GranteeType
	object  bool
}

type entryRest struct {
	id      GrantID
	created int64 // microseconds
	loc     uint32
	sub     uint32 // length of the sub prefix as a suffix of the scope <<1, or its number in oddSubs <<1 | 1
}

// granteeRec is a grantee: its kind, its immutable id and, if the two differ, the id that clients see.
type granteeRec struct {
	off                 uint64
	print               uint32
	first               uint32 // its entries in byGrantee
	principal, clientID uint16 // lengths in granteeText; the principal comes first
	kind                GranteeType
}

// searchKey is the search key of the scope. It comes in two parts, so that nothing is copied.
func (s Scope) searchKey() (key, tail string) {
	switch {
	case s.wild:
		return s.text[len(scheme) : len(s.text)-1], ""
	case len(s.text) == int(s.slash):
		return s.text[len(scheme):], "/\x00"
	}
	return s.text[len(scheme):], "\x00"
}

// deepest is the longest scope of the instance whose search key is a prefix of key+tail, or none. The parents of that
// scope are all others.
//
// read has no meaning as a number. It only keeps the compiler from leaving out the reads that warm makes.
func (l *layer) deepest(in instance, key, tail string) (scope, read uint32) {
	root, ok := l.roots[in]
	if !ok {
		return none, 0
	}
	size := len(key) + len(tail)
	found := none
	n := &l.nodes[root]
	for int(n.end) <= size && l.hasLabel(n, key, tail) {
		if n.scope != none {
			found = n.scope
			read += l.warm(n.scope)
		}
		if int(n.end) == size || n.children == 0 {
			break
		}
		j := 0
		if n.children > 1 { // with one child its label need not be searched
			j = bytes.IndexByte(l.edge[n.first:n.first+uint32(n.children)], byteAt(key, tail, int(n.end)))
			if j < 0 {
				break
			}
		}
		n = &l.nodes[n.first+uint32(j)]
	}
	return found, read
}

// warm reads one fingerprint of every cache line of a scope that is not large. A decision spends its time waiting for
// memory. The reads of warm do not depend on each other, so the processor makes them at the same time as the walk.
// The search that follows would wait for each of them in turn.
func (l *layer) warm(scope uint32) (read uint32) {
	first, last := l.scopes[scope].first, l.scopes[scope+1].first
	last = min(last, first+512)
	for ; first < last; first += 16 {
		read += l.prints[first]
	}
	return read
}

// hasLabel reports whether key+tail has the label of the node at the node's position. key+tail must be long enough.
func (l *layer) hasLabel(n *node, key, tail string) bool {
	if size := n.end - n.start; size > 8 {
		return matchesAt(key, tail, int(n.start), l.text[n.label+uint64(n.start):n.label+uint64(n.end)])
	}
	label := n.label
	for i := int(n.start); i < int(n.end); i++ {
		if byteAt(key, tail, i) != byte(label) {
			return false
		}
		label >>= 8
	}
	return true
}

func byteAt(key, tail string, i int) byte {
	if i < len(key) {
		return key[i]
	}
	return tail[i-len(key)]
}

// matchesAt reports whether key+tail has the label at position i. key+tail must be long enough.
func matchesAt(key, tail string, i int, label []byte) bool {
	end := i + len(label)
	if end <= len(key) {
		return key[i:end] == string(label)
	}
	if i >= len(key) {
		return tail[i-len(key):end-len(key)] == string(label)
	}
	cut := len(key) - i
	return key[i:] == string(label[:cut]) && tail[:end-len(key)] == string(label[cut:])
}

// isGrantee reports whether the grantee with this number is the identity.
func (l *layer) isGrantee(grantee uint32, id *Identity) bool {
	w := &l.grantees[grantee]
	return w.kind == id.Type && string(l.granteeText[w.off:w.off+uint64(w.principal)]) == id.Principal
}

// find is the entry of a grant, or none.
func (l *layer) find(id *GrantID) uint32 {
	if len(l.byID) == 0 {
		return none
	}
	mask := uint32(len(l.byID) - 1)
	for j := uint32(maphash.Bytes(l.seed.hash, id[:])) & mask; l.byID[j] != 0; j = (j + 1) & mask {
		if e := l.byID[j] - 1; l.rest[e].id == *id {
			return e
		}
	}
	return none
}

// scopeOf is the scope of an entry.
func (l *layer) scopeOf(entry uint32) uint32 {
	n := len(l.scopes) - 1
	return uint32(sort.Search(n, func(i int) bool { return l.scopes[i+1].first > entry }))
}

// scope makes a Scope of a scopeRec; its text is a copy.
func (l *layer) scope(i uint32) Scope {
	s := &l.scopes[i]
	key := l.text[s.off : s.off+uint64(s.size)]
	last := len(key) - 1
	b := make([]byte, 0, len(scheme)+len(key)+1)
	b = append(b, scheme...)
	exact := key[last] == 0
	if exact {
		b = append(b, key[:last]...)
	} else {
		b = append(append(b, key...), '*')
	}
	return Scope{text: string(b), slash: uint16(len(scheme) + bytes.IndexByte(key, '/')), wild: !exact}
}

// grant makes a Grant of an entry; its texts are copies.
func (l *layer) grant(entry uint32) Grant {
	t, r, at := &l.terms[entry], &l.rest[entry], l.scopeOf(entry)
	in := l.names[l.scopes[at].inst]
	w := &l.grantees[t.grantee]
	names := l.granteeText[w.off : w.off+uint64(w.principal)+uint64(w.clientID)]
	g := Grant{
		ID:             r.id,
		Seq:            t.seq,
		Account:        in.account,
		Region:         in.region,
		LocationID:     LocationID(l.locs[r.loc]),
		Principal:      string(names[:w.principal]),
		Permission:     t.perm,
		ApplicationARN: l.apps[t.app],
		Scope:          l.scope(at),
		Object:         t.object,
		CreatedAt:      time.UnixMicro(r.created).UTC(),
	}
	g.Grantee = Grantee{w.kind, g.Principal}
	if w.clientID > 0 {
		g.Grantee.ID = string(names[w.principal:])
	}
	if r.sub&1 != 0 {
		g.SubPrefix = l.oddSubs[r.sub>>1]
	} else {
		g.SubPrefix = g.Scope.text[len(g.Scope.text)-int(r.sub>>1):]
	}
	return g
}
