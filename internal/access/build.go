package access

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Builder collects grants for an index. A zero Builder is not usable; see NewBuilder.
type Builder struct {
	seed     seed
	insts    map[instance]uint32
	names    []instance
	scopes   interner // instance number, then search key
	grantees interner // kind, length of the principal, principal, id for clients if it differs
	apps     interner
	locs     interner
	subs     interner
	rows     []row
	buf      []byte
}

type row struct {
	term  entryTerm
	rest  entryRest
	scope uint32
}

// NewBuilder makes a Builder with room for n grants.
func NewBuilder(n int) *Builder { return newBuilder(makeSeed(), n) }

func newBuilder(seed seed, n int) *Builder {
	b := &Builder{seed: seed, insts: map[instance]uint32{}, rows: make([]row, 0, n)}
	for _, t := range []*interner{&b.scopes, &b.grantees, &b.apps, &b.locs, &b.subs} {
		t.seed = seed.hash
	}
	b.apps.intern(nil)
	return b
}

// Add adds a grant. Add ignores a grant without an id, a scope, a grantee or a permission, because such a grant could
// match nothing. The order of the calls does not matter.
func (b *Builder) Add(g Grant) {
	if g.ID.IsZero() || g.Scope.IsZero() || !g.Permission.Valid() || !g.Grantee.Type.Valid() ||
		g.Principal == "" || len(g.Principal) > maxName || len(g.Grantee.ID) > maxName {
		return
	}
	in := b.instance(instance{g.Account, g.Region})
	key, tail := g.Scope.searchKey()
	r := row{
		term: entryTerm{seq: g.Seq, perm: g.Permission, kind: g.Grantee.Type, object: g.Object},
		rest: entryRest{id: g.ID, created: g.CreatedAt.UnixMicro()},
	}
	b.buf = binary.BigEndian.AppendUint32(b.buf[:0], in)
	b.buf = append(append(b.buf, key...), tail...)
	r.scope = b.scopes.intern(b.buf)
	clientID := g.Grantee.ID
	if clientID == g.Principal {
		clientID = ""
	}
	b.buf = append(b.buf[:0], byte(g.Grantee.Type))
	b.buf = binary.BigEndian.AppendUint16(b.buf, uint16(len(g.Principal)))
	b.buf = append(append(b.buf, g.Principal...), clientID...)
	r.term.grantee = b.grantees.intern(b.buf)
	r.term.app = b.apps.intern([]byte(g.ApplicationARN))
	r.rest.loc = b.locs.intern([]byte(g.LocationID))
	if strings.HasSuffix(g.Scope.text, g.SubPrefix) {
		r.rest.sub = uint32(len(g.SubPrefix)) << 1
	} else {
		r.rest.sub = b.subs.intern([]byte(g.SubPrefix))<<1 | 1
	}
	b.rows = append(b.rows, r)
}

func (b *Builder) instance(in instance) uint32 {
	i, ok := b.insts[in]
	if !ok {
		in = instance{AccountID(strings.Clone(string(in.account))), strings.Clone(in.region)}
		i = uint32(len(b.names))
		b.insts[in] = i
		b.names = append(b.names, in)
	}
	return i
}

// addView adds the live entries of a view without making grants of them.
func (b *Builder) addView(v *view) {
	l := v.layer
	if l == nil {
		return
	}
	grantees := slices.Repeat([]uint32{none}, len(l.grantees))
	for s := range len(l.scopes) - 1 {
		scope := none
		rec := &l.scopes[s]
		for e := rec.first; e < l.scopes[s+1].first; e++ {
			if v.dead.has(e) {
				continue
			}
			if scope == none {
				b.buf = binary.BigEndian.AppendUint32(b.buf[:0], b.instance(l.names[rec.inst]))
				b.buf = append(b.buf, l.text[rec.off:rec.off+uint64(rec.size)]...)
				scope = b.scopes.intern(b.buf)
			}
			r := row{term: l.terms[e], rest: l.rest[e], scope: scope}
			if w := &grantees[r.term.grantee]; *w == none {
				*w = b.grantees.intern(l.granteeKey(r.term.grantee))
			}
			r.term.grantee = grantees[r.term.grantee]
			r.term.app = b.apps.intern([]byte(l.apps[r.term.app]))
			r.rest.loc = b.locs.intern([]byte(l.locs[r.rest.loc]))
			if r.rest.sub&1 != 0 {
				r.rest.sub = b.subs.intern([]byte(l.oddSubs[r.rest.sub>>1]))<<1 | 1
			}
			b.rows = append(b.rows, r)
		}
	}
}

// finish builds the layer. The Builder must not be used afterwards.
func (b *Builder) finish() *layer {
	if len(b.rows) == 0 {
		return nil
	}
	l := &layer{seed: b.seed, names: b.names}
	l.apps, l.locs, l.oddSubs = b.apps.strings(), b.locs.strings(), b.subs.strings()
	granteeNumber := b.placeGrantees(l)
	scopeNumber := b.placeScopes(l)
	for i := range b.rows {
		r := &b.rows[i]
		r.scope, r.term.grantee = scopeNumber[r.scope], granteeNumber[r.term.grantee]
	}
	b.placeEntries(l)
	l.makeDirectories()
	l.makeTries()
	l.makeByGrantee()
	l.makeByID()
	return l
}
