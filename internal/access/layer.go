package access

import (
	"bytes"
	"hash/maphash"
	"sort"
	"time"
)

// A layer is an immutable set of grants, arranged to be searched: a trie of the scopes' texts, at each
// scope its grants, and the ways in by grant id and by grantee. Its large arrays hold no pointers, so the
// garbage collector never walks them.
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
	rest   []entryRest // by entry: what else there is
	dirs   []uint32    // directories of the large scopes, see scopeRec.bits

	byID     []uint32 // entry + 1 by hash of its grant id; open addressing
	whos     []whoRec // by fingerprint; one more at the end closes the last
	whoText  []byte
	byWho    []uint32 // entries by grantee, oldest first
	apps     []string // apps[0] is any
	locs     []string
	oddSubs  []string // sub prefixes that are no suffix of their scope
	leftDups []uint32 // entries whose id another entry has already
}

type instance struct {
	account AccountID
	region  string
}

// scopeRec is a scope. Its search key is the scope's text without the scheme and without the asterisk; an
// exact scope's key ends in NUL, which no scope contains. So containment is being a prefix, and an exact
// scope is longer than every wildcard that contains it.
type scopeRec struct {
	off    uint64 // of the search key in text
	parent uint32 // the longest other scope of the instance that is a prefix of this one, or none
	first  uint32 // its entries
	dir    uint32 // its directory in dirs
	inst   uint32 // its instance in names
	size   uint16 // of the search key
	bits   uint8  // 0: no directory; otherwise entries by the fingerprint's first bits
}

// node is a node of the trie: the bytes start to end of a search key. Up to eight of them stand in label
// itself, more in text, where label is the place of the whole search key.
type node struct {
	label      uint64
	first      uint32 // its children
	scope      uint32 // the scope that ends here, or none
	start, end uint16
	kids       uint16 // up to 256
}

type entryTerm struct {
	seq    int64
	who    uint32
	app    uint32
	perm   Permission
	kind   GranteeType
	object bool
}

type entryRest struct {
	id      GrantID
	created int64 // microseconds
	loc     uint32
	sub     uint32 // length of the sub prefix as a suffix of the scope <<1, or number in oddSubs <<1 | 1
}

// whoRec is a grantee: its kind, its immutable id and, if that is another text, its id for clients.
type whoRec struct {
	off              uint64
	print            uint32
	first            uint32 // its entries in byWho
	principal, shown uint16 // lengths in whoText; the principal comes first
	kind             GranteeType
}

// searchKey is the scope's search key, in two parts so that nothing need be copied.
func (s Scope) searchKey() (key, tail string) {
	switch {
	case s.wild:
		return s.text[len(scheme) : len(s.text)-1], ""
	case len(s.text) == int(s.slash):
		return s.text[len(scheme):], "/\x00"
	}
	return s.text[len(scheme):], "\x00"
}

// deepest is the longest scope of the instance whose search key is a prefix of key+tail, or none. Its
// parents are all others.
//
// What it reads of the scopes on the way is of no use but to have been read, see warm.
func (l *layer) deepest(in instance, key, tail string) (scope, read uint32) {
	root, ok := l.roots[in]
	if !ok {
		return none, 0
	}
	size := len(key) + len(tail)
	found := none
	n := &l.nodes[root]
	for int(n.end) <= size && l.labelled(n, key, tail) {
		if n.scope != none {
			found = n.scope
			read += l.warm(n.scope)
		}
		if int(n.end) == size || n.kids == 0 {
			break
		}
		j := 0
		if n.kids > 1 { // the label of an only child says enough
			j = bytes.IndexByte(l.edge[n.first:n.first+uint32(n.kids)], byteAt(key, tail, int(n.end)))
			if j < 0 {
				break
			}
		}
		n = &l.nodes[n.first+uint32(j)]
	}
	return found, read
}

// warm reads one fingerprint of every cache line of a scope that is not large. A decision's time is the
// memory's: these reads wait for nothing and so go on beside each other and beside the walk, where the
// search that follows would wait for one after the other.
func (l *layer) warm(scope uint32) (read uint32) {
	first, last := l.scopes[scope].first, l.scopes[scope+1].first
	last = min(last, first+512)
	for ; first < last; first += 16 {
		read += l.prints[first]
	}
	return read
}

// labelled reports whether key+tail, which is long enough, has the node's label.
func (l *layer) labelled(n *node, key, tail string) bool {
	if size := n.end - n.start; size > 8 {
		return holds(key, tail, int(n.start), l.text[n.label+uint64(n.start):n.label+uint64(n.end)])
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

// holds reports whether key+tail has label at i; it is long enough.
func holds(key, tail string, i int, label []byte) bool {
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

// isWho reports whether the grantee is that identity.
func (l *layer) isWho(who uint32, id *Identity) bool {
	w := &l.whos[who]
	return w.kind == id.Type && string(l.whoText[w.off:w.off+uint64(w.principal)]) == id.Principal
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
	w := &l.whos[t.who]
	names := l.whoText[w.off : w.off+uint64(w.principal)+uint64(w.shown)]
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
	if w.shown > 0 {
		g.Grantee.ID = string(names[w.principal:])
	}
	if r.sub&1 != 0 {
		g.SubPrefix = l.oddSubs[r.sub>>1]
	} else {
		g.SubPrefix = g.Scope.text[len(g.Scope.text)-int(r.sub>>1):]
	}
	return g
}
