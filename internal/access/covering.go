package access

import "iter"

// Covering goes through every grant that could answer the request for somebody. The grant belongs to the instance,
// its scope contains the target, and its permission covers the requested one. Covering ignores the request's
// Identities and Application. The order of the grants means nothing. Covering is for administrators, because it shows
// the grants of everybody.
func (ix *Index) Covering(r *Request) iter.Seq[Grant] {
	return func(yield func(Grant) bool) {
		if r.Check() != nil {
			return
		}
		for v, e := range ix.at(r) {
			if v.terms[e].perm.Covers(r.Permission) && !yield(v.grant(e)) {
				return
			}
		}
	}
}

// at goes through the live entries of the instance at the scopes that contain the target.
func (ix *Index) at(r *Request) iter.Seq2[*view, uint32] {
	return func(yield func(*view, uint32) bool) {
		key, tail := r.Target.searchKey()
		for i := range ix.views {
			v := &ix.views[i]
			if v.layer == nil {
				continue
			}
			s, _ := v.deepest(instance{r.Account, r.Region}, key, tail)
			for ; s != none; s = v.scopes[s].parent {
				for e := v.scopes[s].first; e < v.scopes[s+1].first; e++ {
					if !v.dead.has(e) && !yield(v, e) {
						return
					}
				}
			}
		}
	}
}
