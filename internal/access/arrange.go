package access

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
)

// granteeKey is the key under which the Builder interned a grantee.
func (l *layer) granteeKey(i uint32) []byte {
	w := &l.grantees[i]
	b := []byte{byte(w.kind)}
	b = binary.BigEndian.AppendUint16(b, w.principal)
	return append(b, l.granteeText[w.off:w.off+uint64(w.principal)+uint64(w.clientID)]...)
}

// placeGrantees orders the grantees by fingerprint and returns their new numbers.
func (b *Builder) placeGrantees(l *layer) []uint32 {
	n := b.grantees.len()
	l.grantees = make([]granteeRec, n, n+1)
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
		key := b.grantees.at(uint32(i))
		size := binary.BigEndian.Uint16(key[1:])
		l.grantees[i] = granteeRec{
			kind:      GranteeType(key[0]),
			principal: size,
			clientID:  uint16(len(key) - 3 - int(size)),
			print:     b.seed.fingerprint(GranteeType(key[0]), string(key[3:3+size])),
		}
	}
	slices.SortFunc(order, func(x, y uint32) int {
		if c := cmp.Compare(l.grantees[x].print, l.grantees[y].print); c != 0 {
			return c
		}
		return bytes.Compare(b.grantees.at(x), b.grantees.at(y))
	})
	recs, number := make([]granteeRec, 0, n+1), make([]uint32, n)
	l.granteeText = make([]byte, 0, len(b.grantees.buf)-3*n)
	for i, old := range order {
		number[old] = uint32(i)
		r := l.grantees[old]
		r.off = uint64(len(l.granteeText))
		l.granteeText = append(l.granteeText, b.grantees.at(old)[3:]...)
		recs = append(recs, r)
	}
	l.grantees = append(recs, granteeRec{})
	b.grantees = interner{}
	return number
}

// placeScopes orders the scopes by instance and search key and returns their new numbers.
func (b *Builder) placeScopes(l *layer) []uint32 {
	n := b.scopes.len()
	order := sortedKeys(&b.scopes)
	number := make([]uint32, n)
	l.scopes = make([]scopeRec, 0, n+1)
	l.text = make([]byte, 0, len(b.scopes.buf)-4*n)
	for i, old := range order {
		number[old] = uint32(i)
		key := b.scopes.at(old)
		l.scopes = append(l.scopes, scopeRec{
			off:    uint64(len(l.text)),
			size:   uint16(len(key) - 4),
			inst:   binary.BigEndian.Uint32(key),
			parent: none,
		})
		l.text = append(l.text, key[4:]...)
	}
	l.scopes = append(l.scopes, scopeRec{})
	b.scopes = interner{}
	return number
}

// placeEntries orders the entries by scope, fingerprint and age.
func (b *Builder) placeEntries(l *layer) {
	n := len(b.rows)
	for i := range b.rows {
		l.scopes[b.rows[i].scope+1].first++
	}
	for i := 1; i < len(l.scopes); i++ {
		l.scopes[i].first += l.scopes[i-1].first
	}
	next := make([]uint32, len(l.scopes)-1)
	order := make([]uint32, n)
	for i := range b.rows {
		s := b.rows[i].scope
		order[l.scopes[s].first+next[s]] = uint32(i)
		next[s]++
	}
	for s := range next {
		in := order[l.scopes[s].first:l.scopes[s+1].first]
		if len(in) > 1 {
			slices.SortFunc(in, func(x, y uint32) int {
				// The grantees are numbered by fingerprint, so comparing numbers compares fingerprints.
				p, q := &b.rows[x].term, &b.rows[y].term
				return cmp.Or(cmp.Compare(p.grantee, q.grantee), cmp.Compare(p.seq, q.seq))
			})
		}
	}
	l.prints, l.terms, l.rest = make([]uint32, n), make([]entryTerm, n), make([]entryRest, n)
	for e, i := range order {
		r := &b.rows[i]
		l.prints[e], l.terms[e], l.rest[e] = l.grantees[r.term.grantee].print, r.term, r.rest
	}
	b.rows = nil
}

// smallScope is how many entries a scope may have before it gets a directory.
const smallScope = 64

// makeDirectories gives every large scope a table that leads from the first bits of a fingerprint to the scope's
// entries. Each place of the table stands for about four entries.
func (l *layer) makeDirectories() {
	for s := range len(l.scopes) - 1 {
		first, last := l.scopes[s].first, l.scopes[s+1].first
		if last-first <= smallScope {
			continue
		}
		n := bits.Len32((last - first) / 4)
		l.scopes[s].bits, l.scopes[s].dir = uint8(n), uint32(len(l.dirs))
		e := first
		for place := range uint32(1) << n {
			for e < last && l.prints[e]>>(32-n) < place {
				e++
			}
			l.dirs = append(l.dirs, e)
		}
		l.dirs = append(l.dirs, last)
	}
	l.dirs = slices.Clip(l.dirs)
}

// makeByGrantee lists the entries of every grantee, oldest first.
func (l *layer) makeByGrantee() {
	for e := range l.terms {
		l.grantees[l.terms[e].grantee+1].first++
	}
	for i := 1; i < len(l.grantees); i++ {
		l.grantees[i].first += l.grantees[i-1].first
	}
	l.byGrantee = make([]uint32, len(l.terms))
	next := make([]uint32, len(l.grantees)-1)
	for e := range l.terms {
		w := l.terms[e].grantee
		l.byGrantee[l.grantees[w].first+next[w]] = uint32(e)
		next[w]++
	}
	for w := range next {
		slices.SortFunc(l.byGrantee[l.grantees[w].first:l.grantees[w+1].first], func(x, y uint32) int {
			return cmp.Compare(l.terms[x].seq, l.terms[y].seq)
		})
	}
}

func (l *layer) makeByID() {
	l.byID = make([]uint32, 1<<bits.Len(uint(len(l.rest)*5/4)))
	mask := uint32(len(l.byID) - 1)
next:
	for e := range l.rest {
		id := &l.rest[e].id
		j := uint32(maphash.Bytes(l.seed.hash, id[:])) & mask
		for ; l.byID[j] != 0; j = (j + 1) & mask {
			if l.rest[l.byID[j]-1].id == *id {
				l.leftDups = append(l.leftDups, uint32(e))
				continue next
			}
		}
		l.byID[j] = uint32(e + 1)
	}
}
