package policy

import "strings"

// Policies are the documents that count for a request. A nil document in a list, and one of the wrong kind,
// is a policy that cannot be read: it allows nothing, and neither does anything else.
type Policies struct {
	Identity   []*Document // of the principal and its groups: kind Identity
	Boundary   *Document   // permissions boundary, nil for none: kind Identity
	Session    []*Document // of the session, together: kind Session, or Identity for managed ones
	HasSession bool        // the session is limited by Session even if that is empty: then nothing is allowed
	Guard      []*Document // only their explicit denies count, such as the allow-list of identity contexts: kind Identity or Session
	Resource   []*Document // of the resource: kind Resource
}

// Evaluate decides a request in the order of AWS's evaluation logic:
//
// An explicit deny anywhere ends it. Within the resource's account the request is allowed if identity
// policies, boundary and session policies all allow it; or if the resource policy does, and names the caller
// himself (user, role session, "*"); or if it names the caller's role, and boundary and session policies
// allow it. Naming the account adds nothing to what identity policies say. From another account, the
// resource policy must allow and so must identity policies, boundary and session policies. Services and
// anonymous callers have the resource policy alone. The root user needs no identity policy.
func Evaluate(r Request, p Policies) Decision {
	return decide(&r, &p, Resource, p.Resource)
}

// EvaluateTrust decides whether a principal may do an action (sts:AssumeRole, sts:TagSession, ...) on a role
// with this trust policy. It is Evaluate with the trust policy as the resource's, except that this must
// always allow: identity policies alone never suffice. p.Resource is not looked at. The request's resource
// is the role's ARN and its resource account the role's. An action is one decision: who needs several of
// them (sts:AssumeRole and sts:SetContext, say) asks for each.
func EvaluateTrust(r Request, trust *Document, p Policies) Decision {
	return decide(&r, &p, Trust, []*Document{trust})
}

// layered is what one layer says when nothing in it denies.
type layered struct {
	form form // how the allowing statement names the caller; formNone when nothing allows
	hit  hit
}

func (l *layered) allows() bool { return l.form != formNone }

// hit is the statement that decided.
type hit struct {
	layer     Layer
	document  int
	name      string
	statement int // from 1
	sid       string
}

// list is the documents of one layer and the kinds that may stand there.
type list struct {
	layer Layer
	docs  []*Document
	kinds [2]Kind
}

func decide(r *Request, p *Policies, kind Kind, resource []*Document) Decision {
	e := evaluation{req: r, action: strings.ToLower(r.Action)}
	d := Decision{action: r.Action}
	resourceLayer := LayerResource
	if kind == Trust {
		resourceLayer = LayerTrust
	}
	var boundary [1]*Document
	lists := [...]list{
		{LayerIdentity, p.Identity, [2]Kind{Identity, Identity}},
		{LayerBoundary, boundary[:0], [2]Kind{Identity, Identity}},
		{LayerSession, p.Session, [2]Kind{Session, Identity}},
		{LayerGuard, p.Guard, [2]Kind{Session, Identity}},
		{resourceLayer, resource, [2]Kind{kind, kind}},
	}
	if p.Boundary != nil {
		boundary[0] = p.Boundary
		lists[1].docs = boundary[:]
	}
	for i := range lists {
		if l := &lists[i]; !l.readable() {
			d.Missing = l.layer
			return d
		}
	}
	var said [len(lists)]layered
	for i := range lists {
		if e.layer(&lists[i], &said[i]) {
			d.deny(said[i].hit)
			return d
		}
	}
	id, bnd, ses, res := &said[0], &said[1], &said[2], &said[4]

	who := &r.Principal
	known := who.Kind == Root || who.Kind == User || who.Kind == Role
	same := known && who.Account != "" && who.Account == r.ResourceAccount
	limits := missingLimit(p, bnd, ses)
	idAllows := id.allows() || who.Kind == Root

	switch {
	case !known:
		if res.allows() && !(kind == Trust && who.Kind == Anonymous) {
			return d.allow(res.hit)
		}
		d.Missing = resourceLayer
	case kind == Trust && !res.allows():
		d.Missing = resourceLayer
	case same && res.form == formDirect:
		return d.allow(res.hit)
	case same && res.form == formLimited && limits == LayerNone:
		return d.allow(res.hit)
	case same && res.form == formLimited:
		d.Missing = limits
	case !idAllows:
		d.Missing = LayerIdentity
	case limits != LayerNone:
		d.Missing = limits
	case !same && !res.allows():
		d.Missing = resourceLayer
	case id.allows():
		return d.allow(id.hit)
	default: // the root user
		return d.allow(hit{layer: LayerIdentity})
	}
	return d
}

// missingLimit is the boundary or session layer if one is there and does not allow.
func missingLimit(p *Policies, bnd, ses *layered) Layer {
	switch {
	case p.Boundary != nil && !bnd.allows():
		return LayerBoundary
	case (p.HasSession || len(p.Session) > 0) && !ses.allows():
		return LayerSession
	}
	return LayerNone
}

// readable reports whether every document is there and of a kind that belongs there.
func (l *list) readable() bool {
	for _, d := range l.docs {
		if d == nil || d.kind != l.kinds[0] && d.kind != l.kinds[1] {
			return false
		}
	}
	return true
}

// layer evaluates the documents of one layer. It returns true at an explicit deny, whose place is then in
// out.hit.
func (e *evaluation) layer(l *list, out *layered) (denied bool) {
	for i, d := range l.docs {
		for j := range d.statements {
			s := &d.statements[j]
			if !s.deny && out.form == formDirect {
				continue // nothing more to gain
			}
			f := e.applies(s)
			if f == formNone {
				continue
			}
			h := hit{layer: l.layer, document: i, name: d.name, statement: j + 1, sid: s.sid}
			if s.deny {
				*out = layered{formNone, h}
				return true
			}
			if f > out.form {
				*out = layered{f, h}
			}
		}
	}
	return false
}

// applies says whether the statement is about this request, and how it names the caller: formDirect in a
// policy without principals.
func (e *evaluation) applies(s *statement) form {
	if e.matchesAction(s) == s.notAction {
		return formNone
	}
	if !e.matchesResource(s) {
		return formNone
	}
	f := formDirect
	if len(s.principals) > 0 {
		if f = s.names(&e.req.Principal); f == formNone {
			return formNone
		}
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(e, s.deny) {
			return formNone
		}
	}
	return f
}

func (e *evaluation) matchesAction(s *statement) bool {
	for i := range s.actions {
		if matchGlobs(s.actions[i].matcher.globs, e.action) {
			return true
		}
	}
	return false
}

func (e *evaluation) matchesResource(s *statement) bool {
	if len(s.resources) == 0 {
		return true
	}
	for i := range s.resources {
		matched, resolved := s.resources[i].matcher.match(e.req.Resource, e)
		if matched || !resolved && s.notResource && !s.deny {
			return !s.notResource
		}
	}
	return s.notResource
}
