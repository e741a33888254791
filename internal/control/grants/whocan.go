package grants

import (
	"strconv"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/sso"
)

// WhoCan asks who can access a target.
type WhoCan struct {
	Target     string
	Permission access.Permission
	Object     bool // targetType=Object
	All        bool // include those who have a grant but cannot use it
	Token      string
	Size       int // of a page
	Work       int // units of work after which a page ends early; 0: maxPageWork
}

// Entitlement is a subject and a grant. Exactly one of Person and PrincipalARN is set.
type Entitlement struct {
	Person       *directory.User
	PrincipalARN string           // of a user or a role
	Via          *directory.Group // the group that the grant is for; nil: the grant is for the person or the principal
	Grant        access.Grant     // that answers; when a check before the decision fails, the oldest that might
	Application  *sso.Application // the oldest through which the person can come; nil for a principal
	Open         bool             // a credential would be vended
	Direct       *Direct          // when it is open: how plain S3 requests would be answered; nil: not known
	Asserted     bool             // the grant's location answers people whom an engine names
	Reason       string           // why none would, when it is not open: a code, a colon, a text
}

// EntitlementPage is a page of an answer. It may have fewer entries than were asked for even when more pages follow.
type EntitlementPage struct {
	Entries []Entitlement
	Next    string
}

// WhoCan lists everybody to whom GetDataAccess would vend a credential for a target now. The decision is made by the
// same code. The list has people of the directory, each once and with the grant that would win, and users and roles.
//
// People come through an application and a role that only their session knows. The application is the oldest with which
// access works. WhoCan assumes that the role may call GetDataAccess. The role's own grants appear in the role's entry.
// Conditions on the request, such as its source address, are evaluated with the facts of this call.
//
// The order is the age of the first grant that makes somebody a candidate. Members of one group are ordered by their
// ids. The order stays the same from page to page.
func (g *Grants) WhoCan(call *control.Call, in WhoCan) (*EntitlementPage, error) {
	i, err := g.ownInstance(call, "latchkey:WhoCan")
	if err != nil {
		return nil, err
	}
	target, err := access.ParseTarget(in.Target)
	if err != nil {
		return nil, control.AccessFault(err)
	}
	request := access.Request{
		Account: call.Target, Region: call.Facts.Region, Target: target,
		Permission: in.Permission, Privilege: access.Default, Object: in.Object,
	}
	if err := request.Check(); err != nil {
		return nil, control.AccessFault(err)
	}
	list := listName("WhoCan", call,
		in.Target, in.Permission.String(), strconv.FormatBool(in.Object), strconv.FormatBool(in.All))
	at, err := g.openPlace(list, in.Token)
	if err != nil {
		return nil, err
	}
	remaining, from := newBudget(in.Work), at
	c := &candidates{call: call, first: map[access.Identity]int64{}, remaining: &remaining}
	c.find(&request)
	p := g.paths(call, i, &remaining)
	data := DataAccess{Permission: in.Permission, Privilege: access.Default, Object: in.Object}
	page := &EntitlementPage{}
	for next := range c.after(from) {
		if !next.repeated && len(page.Entries) == in.Size || remaining.spent() && at != from {
			page.Next = g.sealPlace(list, at)
			return page, nil
		}
		at = next.place
		if next.repeated {
			continue
		}
		entry := p.entitlement(next, question{data: data, target: target, grant: next.grant}, c.bound)
		if entry.Open || in.All {
			page.Entries = append(page.Entries, entry)
		}
	}
	return page, nil
}

// entitlement evaluates the question for one candidate. bound has the applications that grants are bound to.
func (p *paths) entitlement(c candidate, q question, bound map[string]bool) Entitlement {
	if c.grant.Grantee.Type == access.IAM {
		q.subject, q.instance = simulatePrincipal(p.call, c.grant.Principal, ""), p.instance
		return newEntitlement(q.subject, c.grant, newResult(p.grants.evaluate(q)))
	}
	person := p.call.Snapshot.Person(c.person)
	if person == nil {
		person = &directory.User{ID: c.person}
	}
	r := p.evaluate(person, q, func(arn string) bool { return bound[arn] })
	return newEntitlement(&subject{call: p.call, person: person}, c.grant, r)
}

// newEntitlement makes the entry for a subject from a result. A result without a grant gets grant, which made the
// subject a candidate.
func newEntitlement(s *subject, grant *access.Grant, r result) Entitlement {
	if r.Grant != nil {
		grant = r.Grant
	}
	e := Entitlement{Person: s.person, Grant: *grant, Application: r.Application, Open: r.Open, Reason: r.Reason,
		Direct: r.Direct}
	if l := s.call.Snapshot.Location(grant.Account, grant.Region, grant.LocationID); l != nil {
		e.Asserted = l.Asserted
	}
	switch {
	case grant.Grantee.Type == access.DirectoryGroup:
		e.Via = s.call.Snapshot.Group(directory.GroupID(grant.Principal))
	case s.person == nil && s.call.Principal.ARN != "":
		e.PrincipalARN = s.call.Principal.ARN
	case s.person == nil:
		e.PrincipalARN = grant.Grantee.ID
	}
	return e
}
