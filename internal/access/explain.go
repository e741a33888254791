package access

import (
	"cmp"
	"math"
	"slices"
)

// Explain decides as Decide does, and says what became of up to limit grants: the caller's grants in the instance,
// and the grants of others at the scopes that contain the target. The winner comes first, then the closest misses.
// Explain is for administrators, because it shows the grants of others.
func (ix *Index) Explain(r *Request, limit int) Decision {
	if r.Check() != nil {
		return Decision{Reason: InvalidRequest}
	}
	v := ix.Decide(r)
	d := v.Decision(r)
	note := func(g Grant) {
		o := evaluate(r, &g)
		if o == Chosen && (!v.OK || g.ID != v.ID) {
			o = LessSpecific
			if g.Scope == d.Grant.Scope {
				o = LostTie
			}
		}
		d.Considered = append(d.Considered, Considered{g, o})
	}
	// Explain looks at twice the limit, so that the closest of many grants are likely to be among those in its answer.
	for g := range ix.ForIdentities(ListRequest{
		Account:    r.Account,
		Region:     r.Region,
		Identities: r.Identities,
		After:      math.MinInt64,
	}) {
		if d.Reason < Granted {
			d.Reason = max(d.Reason, miss(evaluate(r, &g)))
		}
		if len(d.Considered) < 2*limit || g.ID == v.ID {
			note(g)
		} else {
			d.Truncated = true
		}
	}
	for g := range ix.othersAt(r) {
		if len(d.Considered) >= 2*limit {
			d.Truncated = true
			break
		}
		note(g)
	}
	slices.SortStableFunc(d.Considered, func(a, b Considered) int {
		return cmp.Or(cmp.Compare(b.Outcome, a.Outcome), cmp.Compare(len(b.Grant.Scope.text), len(a.Grant.Scope.text)),
			cmp.Compare(a.Grant.Seq, b.Grant.Seq))
	})
	if len(d.Considered) > limit {
		d.Considered, d.Truncated = d.Considered[:limit], true
	}
	return d
}

// miss is the reason to deny if all of the caller's grants have this outcome.
func miss(o Outcome) Reason {
	switch o {
	case OutOfScope:
		return NoScope
	case WrongPermission:
		return NoPermission
	case WrongApplication:
		return OtherApplication
	}
	return NoGrant
}

// othersAt goes through the grants of others at the scopes that contain the target.
func (ix *Index) othersAt(r *Request) func(func(Grant) bool) {
	return func(yield func(Grant) bool) {
		for v, e := range ix.at(r) {
			if slices.ContainsFunc(r.Identities, func(id Identity) bool { return v.isGrantee(v.terms[e].grantee, &id) }) {
				continue
			}
			if !yield(v.grant(e)) {
				return
			}
		}
	}
}
