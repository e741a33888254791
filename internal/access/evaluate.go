package access

// evaluate gives the outcome that a grant would have if it were the only one.
func evaluate(r *Request, g *Grant) Outcome {
	isCallers := false
	for _, id := range r.Identities {
		isCallers = isCallers || id == g.Identity()
	}
	switch {
	case !isCallers:
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

// rank orders the grants that answer a request with the same scope. The smallest rank wins.
type rank struct {
	wide bool        // READWRITE where READ or WRITE would do; it ranks last
	kind GranteeType // directory user, directory group, IAM
	seq  int64       // order of creation: the oldest wins
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
