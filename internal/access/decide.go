package access

// Verdict is the answer to a request, without its explanation. The zero Verdict denies.
type Verdict struct {
	OK  bool
	ID  GrantID // of the winning grant
	Seq int64

	layer *layer
	entry uint32
}

// Decide finds the grant that answers the request, if there is one. It does not allocate.
//
// Decide searches by scope first. The scopes that contain the target are prefixes of the target's text: they are few,
// and one walk of the trie finds them all. From the longest scope on, Decide matches the grants at the scope with the
// caller's identities. It starts from whichever of the two lists is shorter.
func (ix *Index) Decide(r *Request) Verdict {
	if r.Check() != nil || len(r.Identities) == 0 {
		return Verdict{}
	}
	in := instance{r.Account, r.Region}
	key, tail := r.Target.searchKey()
	s := search{r: r, seed: &ix.seed}
	var at [layers]uint32
	for i := range ix.views {
		at[i] = none
		if l := ix.views[i].layer; l != nil {
			scope, read := l.deepest(in, key, tail)
			at[i] = scope
			s.read += read
		}
	}
	for {
		limit := -1
		for i, scope := range at {
			if scope != none {
				limit = max(limit, int(ix.views[i].scopes[scope].size))
			}
		}
		if limit < 0 {
			return Verdict{}
		}
		for i := range at {
			v := &ix.views[i]
			if at[i] != none && int(v.scopes[at[i]].size) == limit {
				s.match(v, at[i])
				at[i] = v.scopes[at[i]].parent
			}
		}
		if s.view != nil {
			return s.verdict()
		}
	}
}

// Decision gives the verdict in full. The request must be the one that was decided.
func (v Verdict) Decision(r *Request) Decision {
	if !v.OK {
		return Decision{}
	}
	return newDecision(r, v.layer.grant(v.entry))
}

// search is the state of one decision: the caller's identities as a set of fingerprints, and the best
// grant so far.
type search struct {
	r    *Request
	seed *seed
	read uint32 // see layer.warm

	view  *view // of the best grant; nil while there is none
	entry uint32
	rank  rank

	hits [32]hit // entries of the current view with the fingerprint of one of the identities
	n    int

	ready  bool
	seen   [4096 / 64]uint64 // a bit for each fingerprint: it rules out most grants of others
	heads  [1024]uint16      // by fingerprint: number of an identity + 1
	prints [maxFew]uint32    // by number of an identity
	next   [maxFew]uint16    // the next identity with the same head, + 1
}

type hit struct{ entry, identity uint32 }

// maxFew is the number of identities that fit into the set. The identities of a caller who has more are looked up one
// by one.
const maxFew = 512

func (s *search) print(i int) uint32 {
	id := &s.r.Identities[i]
	return s.seed.fingerprint(id.Type, id.Principal)
}

func (s *search) prepare() {
	s.ready = true
	for i := range min(len(s.r.Identities), maxFew) {
		p := s.print(i)
		s.prints[i] = p
		s.seen[p>>6%64] |= 1 << (p % 64)
		head := &s.heads[p%1024]
		s.next[i], *head = *head, uint16(i+1)
	}
}

// match looks for the best grant of the caller at one scope.
func (s *search) match(v *view, scope uint32) {
	rec := &v.scopes[scope]
	first, last := rec.first, v.scopes[scope+1].first
	few := len(s.r.Identities) <= maxFew
	if few && !s.ready {
		s.prepare()
	}
	if few && (rec.bits == 0 || int(last-first) <= 4*len(s.r.Identities)) {
		for i, p := range v.prints[first:last] {
			if s.seen[p>>6%64]>>(p%64)&1 == 0 {
				continue
			}
			for k := s.heads[p%1024]; k != 0; k = s.next[k-1] {
				if s.prints[k-1] == p {
					s.hit(v, first+uint32(i), int(k-1))
				}
			}
		}
		s.settle(v)
		return
	}
	for i := range s.r.Identities {
		var p uint32
		if few {
			p = s.prints[i]
		} else {
			p = s.print(i)
		}
		lo, hi := first, last
		if rec.bits > 0 {
			d := v.dirs[rec.dir+p>>(32-rec.bits):]
			lo, hi = d[0], d[1]
		}
		for e := lo; e < hi && v.prints[e] <= p; e++ {
			if v.prints[e] == p {
				s.hit(v, e, i)
			}
		}
	}
	s.settle(v)
}

// hit keeps an entry for settle. It reads a part of the entry now for the reason that layer.warm gives.
func (s *search) hit(v *view, entry uint32, identity int) {
	s.read += v.terms[entry].grantee
	s.hits[s.n] = hit{entry, uint32(identity)}
	if s.n++; s.n == len(s.hits) {
		s.settle(v)
	}
}

// settle finds the best of the hits that answer the request, and confirms that the grant belongs to the full
// identity: a fingerprint alone never decides. The hit replaces the best grant so far if it ranks before it.
func (s *search) settle(v *view) {
	for s.n > 0 {
		best, rank := -1, s.rank
		for i := range s.n {
			t := &v.terms[s.hits[i].entry]
			if !t.perm.Covers(s.r.Permission) || t.app != 0 && v.apps[t.app] != s.r.Application {
				continue
			}
			if k := rankOf(t, s.r); best < 0 && s.view == nil || k.before(rank) {
				best, rank = i, k
			}
		}
		if best < 0 {
			break
		}
		h := s.hits[best]
		if !v.dead.has(h.entry) && v.isGrantee(v.terms[h.entry].grantee, &s.r.Identities[h.identity]) {
			s.view, s.entry, s.rank = v, h.entry, rank
			break
		}
		s.n--
		s.hits[best] = s.hits[s.n]
	}
	s.n = 0
}

func rankOf(t *entryTerm, r *Request) rank { return rank{t.perm != r.Permission, t.kind, t.seq} }

func (s *search) verdict() Verdict {
	v := s.view
	return Verdict{OK: true, ID: v.rest[s.entry].id, Seq: s.rank.seq, layer: v.layer, entry: s.entry}
}
