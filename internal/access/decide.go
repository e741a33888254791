package access

import "hash/maphash"

// Verdict is the answer to a request, without its explanation. The zero Verdict denies.
type Verdict struct {
	OK  bool
	ID  GrantID // the winner
	Seq int64

	layer *layer
	entry uint32
}

// Decide finds the grant that answers the request, if one does. It does not allocate.
//
// It goes by scope first: the scopes that contain the target are the prefixes of its text, few, and found
// in one walk. From the longest on, the grants there are matched with the caller's identities, from
// whichever side is smaller.
func (ix *Index) Decide(r *Request) Verdict {
	if r.Check() != nil || len(r.Identities) == 0 {
		return Verdict{}
	}
	in := instance{r.Account, r.Region}
	key, tail := r.Target.searchKey()
	var at [layers]uint32
	for i := range ix.views {
		at[i] = none
		if l := ix.views[i].layer; l != nil {
			at[i] = l.deepest(in, key, tail)
		}
	}
	s := search{r: r, seed: ix.seed}
	for {
		longest := -1
		for i, scope := range at {
			if scope != none {
				longest = max(longest, int(ix.views[i].scopes[scope].size))
			}
		}
		if longest < 0 {
			return Verdict{}
		}
		for i := range at {
			v := &ix.views[i]
			if at[i] != none && int(v.scopes[at[i]].size) == longest {
				s.match(v, at[i])
				at[i] = v.scopes[at[i]].parent
			}
		}
		if s.best.OK {
			return s.best
		}
	}
}

// Decision tells the verdict in full. The request must be the one that was decided.
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
	seed maphash.Seed
	best Verdict
	rank rank

	ready  bool
	prints [maxFew]uint32
	slots  [2 * maxFew]uint16 // number of an identity + 1, by fingerprint; open addressing
}

// maxFew is how many identities fit into the set; callers with more are looked up one by one.
const maxFew = 512

func (s *search) print(i int) uint32 {
	id := &s.r.Identities[i]
	return fingerprint(s.seed, id.Type, id.Principal)
}

func (s *search) prepare() {
	s.ready = true
	for i := range s.r.Identities {
		p := s.print(i)
		s.prints[i] = p
		j := p % (2 * maxFew)
		for s.slots[j] != 0 {
			j = (j + 1) % (2 * maxFew)
		}
		s.slots[j] = uint16(i + 1)
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
			for j := p % (2 * maxFew); s.slots[j] != 0; j = (j + 1) % (2 * maxFew) {
				if k := s.slots[j] - 1; s.prints[k] == p {
					s.try(v, first+uint32(i), &s.r.Identities[k])
				}
			}
		}
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
				s.try(v, e, &s.r.Identities[i])
			}
		}
	}
}

// try takes the entry if it answers, is the identity's and comes before the best so far.
func (s *search) try(v *view, entry uint32, id *Identity) {
	t := &v.terms[entry]
	if !t.perm.Covers(s.r.Permission) || t.app != 0 && v.apps[t.app] != s.r.Application ||
		v.dead.has(entry) || !v.isWho(t.who, id) {
		return
	}
	k := rank{t.perm != s.r.Permission, t.kind, t.seq, v.rest[entry].id}
	if s.best.OK && !k.before(s.rank) {
		return
	}
	s.rank = k
	s.best = Verdict{OK: true, ID: k.id, Seq: t.seq, layer: v.layer, entry: entry}
}
