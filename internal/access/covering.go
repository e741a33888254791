package access

import "iter"

// Covering goes through every grant that would answer the request if it were the caller's, came through the grant's
// application, and no other grant won: those of the instance whose scope contains the target and whose permission
// covers the permission. Identities and Application of the request do not matter. The order means nothing. It is for
// administrators: it shows the grants of everybody.
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

// at goes through the live entries at the scopes of the instance that contain the target.
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
