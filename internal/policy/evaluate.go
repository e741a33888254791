package policy

import "strings"

// Policies are the documents that count for a request. If a list has a nil document or one of the wrong kind, a
// policy could not be read, and the request is denied.
type Policies struct {
	Identity   []*Document // of the principal and its groups; kind Identity
	Boundary   *Document   // permissions boundary, nil for none; kind Identity
	Session    []*Document // of the session, taken together; kind Session, or Identity for managed policies
	HasSession bool        // Session limits the session even if it is empty: then nothing is allowed

	// Only the explicit denies of Guard count, such as those of the allow-list of identity contexts. Kind Identity or
	// Session.
	Guard    []*Document
	Resource []*Document // of the resource; kind Resource
}

// Evaluate decides a request by AWS's evaluation logic.
//
// An explicit deny in any policy denies the request.
//
// If the caller belongs to the resource's account, the request is allowed in each of three cases: identity policies,
// boundary and session policies all allow it; or the resource policy allows it and names the caller's user or role
// session, or "*"; or the resource policy allows it and names the caller's role, and boundary and session policies
// allow it, too. A resource policy that names the account allows nothing beyond the identity policies.
//
// If the caller belongs to another account, the resource policy must allow the request, and so must identity
// policies, boundary and session policies.
//
// For services and anonymous callers only the resource policy counts. The root user needs no identity policy.
func Evaluate(r Request, p Policies) Decision {
	return decide(&r, &p, Resource, p.Resource)
}

// EvaluateTrust decides whether a principal may perform an action (sts:AssumeRole, sts:TagSession, ...) on a role
// with this trust policy. It decides as Evaluate does with the trust policy as the resource policy, except that the
// trust policy must always allow the action: identity policies alone are never enough. It ignores p.Resource. The
// request's resource is the role's ARN, and its resource account is the role's. Each action needs a decision of its
// own: a caller who needs several, such as sts:AssumeRole and sts:SetContext, must be allowed each of them.
func EvaluateTrust(r Request, trust *Document, p Policies) Decision {
	return decide(&r, &p, Trust, []*Document{trust})
}

// layerResult is the outcome of one layer in which nothing denies.
type layerResult struct {
	form form // how the allowing statement names the caller; formNone when nothing allows
	hit  hit
}

func (l *layerResult) allows() bool { return l.form != formNone }

// hit is the statement that decided.
type hit struct {
	layer     Layer
	document  int
	name      string
	statement int // from 1
	sid       string
	unknown   string // an undocumented condition key of a Deny
}

// list is the documents of one layer, and the kinds of document that the layer may have.
type list struct {
	layer Layer
	docs  []*Document
	kinds [2]Kind
}

func decide(r *Request, p *Policies, kind Kind, resource []*Document) Decision {
	e := evaluation{req: r, meter: r.Meter, action: strings.ToLower(r.Action)}
	if e.meter == nil {
		e.meter = new(Meter)
	}
	e.meter.mu.Lock()
	defer e.meter.mu.Unlock()
	e.meter.align(r)
	d := Decision{action: r.Action}
	if len(r.Resource) > maxValue {
		return d.halt(LongResource)
	}
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
			d.Missing, d.Limit = l.layer, l.layer
			return d
		}
	}
	var results [len(lists)]layerResult
	for i := range lists {
		if e.layer(&lists[i], &results[i]) {
			d.deny(results[i].hit)
			return d
		}
	}
	if e.meter.stop != NotStopped {
		return d.halt(e.meter.stop)
	}
	o := outcome{
		identity: &results[0],
		resource: &results[4],
		limit:    missingLimit(p, &results[1], &results[2]),
	}
	d.Limit = o.limit
	return o.decide(d, r, resourceLayer)
}

// outcome is what the layers of a request say when none of them denies.
type outcome struct {
	identity, resource *layerResult
	limit              Layer // boundary or session layer that does not allow; LayerNone if there is none
}

// decide combines the layers. d is a decision that has neither allowed nor denied yet.
func (o *outcome) decide(d Decision, r *Request, resourceLayer Layer) Decision {
	caller := &r.Principal
	known := caller.Kind == Root || caller.Kind == User || caller.Kind == Role
	same := known && caller.Account != "" && caller.Account == r.ResourceAccount
	trust := resourceLayer == LayerTrust

	switch {
	case !known:
		if o.resource.allows() && !(trust && caller.Kind == Anonymous) {
			return d.allow(o.resource.hit)
		}
		d.Missing = resourceLayer
	case trust && !o.resource.allows():
		d.Missing = resourceLayer
	case same && o.resource.form == formDirect:
		return d.allow(o.resource.hit)
	case same && o.resource.form == formLimited && o.limit == LayerNone:
		return d.allow(o.resource.hit)
	case same && o.resource.form == formLimited:
		d.Missing = o.limit
	case !o.identity.allows() && caller.Kind != Root:
		d.Missing = LayerIdentity
	case o.limit != LayerNone:
		d.Missing = o.limit
	case !same && !o.resource.allows():
		d.Missing = resourceLayer
	case o.identity.allows():
		return d.allow(o.identity.hit)
	default: // the root user
		return d.allow(hit{layer: LayerIdentity})
	}
	return d
}

// missingLimit is the boundary or session layer if the request has one and it does not allow the request.
func missingLimit(p *Policies, boundary, session *layerResult) Layer {
	switch {
	case p.Boundary != nil && !boundary.allows():
		return LayerBoundary
	case (p.HasSession || len(p.Session) > 0) && !session.allows():
		return LayerSession
	}
	return LayerNone
}

// readable reports whether no document is missing and each has a kind that the layer may have.
func (l *list) readable() bool {
	for _, d := range l.docs {
		if d == nil || d.kind != l.kinds[0] && d.kind != l.kinds[1] {
			return false
		}
	}
	return true
}

// layer evaluates the documents of one layer. It returns true at an explicit deny. The denying statement is then in
// out.hit.
func (e *evaluation) layer(l *list, out *layerResult) (denied bool) {
	for i, d := range l.docs {
		for j := range d.statements {
			s := &d.statements[j]
			if !s.deny && out.form == formDirect {
				continue // no form reaches further
			}
			f := e.applies(s)
			if e.meter.stop != NotStopped {
				return false
			}
			if f == formNone {
				continue
			}
			h := hit{layer: l.layer, document: i, name: d.name, statement: j + 1, sid: s.sid}
			if s.deny {
				h.unknown = s.undocumented()
				*out = layerResult{formNone, h}
				return true
			}
			if f > out.form {
				*out = layerResult{f, h}
			}
		}
	}
	return false
}

// applies says how a statement that applies to the request names the caller. The result is formNone if the statement
// does not apply. It is formDirect in a policy without principals.
func (e *evaluation) applies(s *statement) form {
	if e.matchesAction(s) == s.notAction {
		return formNone
	}
	if !e.matchesResource(s) {
		return formNone
	}
	f := formDirect
	if len(s.principals) > 0 {
		if !e.meter.spend(len(s.principals)) {
			return formNone
		}
		if f = s.names(&e.req.Principal); f == formNone {
			return formNone
		}
	}
	if !e.conditions(s) {
		return formNone
	}
	return f
}

// conditions reports whether the conditions of a statement are fulfilled.
func (e *evaluation) conditions(s *statement) bool {
	if len(s.conditions) == 0 {
		return true
	}
	if e.meter.memory != nil {
		if known, ok := e.meter.memory.fulfilled[s]; ok {
			return known
		}
	}
	before := e.meter.steps
	all := true
	for i := range s.conditions {
		if !s.conditions[i].fulfilled(e, s.deny) {
			all = false
			break
		}
	}
	e.meter.remember(e.req, s, all, e.meter.steps-before)
	return all
}

func (e *evaluation) matchesAction(s *statement) bool {
	for i := range s.actions {
		if matchGlobs(s.actions[i].matcher.globs, e.action, e.meter) {
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
		matched, variables := s.resources[i].matcher.match(e.req.Resource, e)
		switch {
		case variables == unsure && s.notResource == s.deny:
			continue // it may match or not: what grants less
		case matched, variables == unsure, variables == unresolved && s.notResource && !s.deny:
			return !s.notResource
		}
	}
	return s.notResource
}
