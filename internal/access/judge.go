package access

// evaluate puts one grant to the question: its outcome if no other grant were there.
func evaluate(r *Request, g *Grant) Outcome {
	mine := false
	for _, id := range r.Identities {
		mine = mine || id == g.Identity()
	}
	switch {
	case !mine:
		return WrongGrantee
	case g.Account != r.Account || g.Region != r.Region || !g.Scope.Contains(r.Target):
		return OutOfScope
	case !g.Permission.Covers(r.Permission):
		return WrongPermission
	case g.ApplicationARN != "" && g.ApplicationARN != r.Application:
		return WrongApplication
	}
	return Chosen
}

// rank orders grants that answer a request with the same scope; the smallest wins.
type rank struct {
	wide bool        // READWRITE where less would do: every other sufficient permission is equal
	kind GranteeType // directory user, directory group, IAM
	seq  int64       // the oldest
}

func (a rank) before(b rank) bool {
	switch {
	case a.wide != b.wide:
		return b.wide
	case a.kind != b.kind:
		return a.kind < b.kind
	}
	return a.seq < b.seq
}

// DecideAlone is the decision if no grant but this one were there. Its Reason says why the grant does not answer.
func (r *Request) DecideAlone(g *Grant) Decision {
	if r.Check() != nil {
		return Decision{Reason: InvalidRequest}
	}
	o := evaluate(r, g)
	if o == Chosen {
		return newDecision(r, *g)
	}
	return Decision{Reason: miss(o)}
}
