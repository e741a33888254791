package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/entitlements"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// WhatCan asks what somebody gets to. One of Principal and User is set.
type WhatCan struct {
	Principal string // ARN of a user, a role or a session of a role
	User      string // of the directory: its id, its name or an email address
	Token     string
	Size      int // of a page
	Work      int // as of WhoCan
}

// WhatCanPage is who was asked about, and a page of the grants. It may have fewer entries than were asked for, and more
// to come.
type WhatCanPage struct {
	Person       *directory.User // nil for a principal
	PrincipalARN string          // empty for a person
	Groups       []*directory.Group
	EntitlementPage
}

// WhatCan tells the grants that somebody holds in the instance, oldest first, each with the group that it is for, the
// application through which a person comes to it, and what keeps it from being used. Where several are open for a
// target, GetDataAccess answers by the one with the narrowest scope; it does so even when only a wider one is open. It
// is evaluated as WhoCan evaluates.
func (g *Grants) WhatCan(call *control.Call, in WhatCan) (*WhatCanPage, error) {
	i, err := g.ownInstance(call, "latchkey:WhatCan")
	if err != nil {
		return nil, err
	}
	switch {
	case (in.Principal == "") == (in.User == ""):
		return nil, fault.New(fault.Invalid, fault.Member, "Exactly one of Principal and User must be given")
	case in.User != "":
		return g.whatPerson(call, i, in)
	}
	return g.whatPrincipal(call, i, in)
}

func (g *Grants) whatPerson(call *control.Call, i *store.Instance, in WhatCan) (*WhatCanPage, error) {
	person, err := findPerson(call, in.User)
	if err != nil {
		return nil, err
	}
	page := &WhatCanPage{Person: person}
	for _, id := range call.Snapshot.GroupsOf(person.ID) {
		page.Groups = append(page.Groups, call.Snapshot.Group(id))
	}
	left := newBudget(in.Work)
	p := g.paths(call, i, &left)
	l := listing{call: call, page: page, left: &left, list: listName("WhatCan", call, "true", string(person.ID))}
	who := &subject{call: call, person: person}
	held := entitlements.Person(call.Snapshot, person.ID)
	return page, g.listEntitlements(l, in, held, func(grant *access.Grant) Entitlement {
		r := p.evaluate(person, aboutGrant(grant), func(arn string) bool { return arn == grant.ApplicationARN })
		r.Grant = grant
		return newEntitlement(who, grant, r)
	})
}

// aboutGrant asks whether a grant would answer for the whole of its own scope, were there no other.
func aboutGrant(grant *access.Grant) question {
	return question{
		data: DataAccess{Permission: grant.Permission, Privilege: access.Default}, target: grant.Scope,
		grant: grant, alone: true,
	}
}

func (g *Grants) whatPrincipal(call *control.Call, i *store.Instance, in WhatCan) (*WhatCanPage, error) {
	id, session, err := findPrincipal(call, in.Principal)
	if err != nil {
		return nil, err
	}
	page := &WhatCanPage{PrincipalARN: in.Principal}
	left := newBudget(in.Work)
	l := listing{call: call, page: page, left: &left, list: listName("WhatCan", call, "false", id)}
	who := simulatePrincipal(call, id, session)
	identities := []access.Identity{{Type: access.IAM, Principal: id}}
	return page, g.listEntitlements(l, in, identities, func(grant *access.Grant) Entitlement {
		q := aboutGrant(grant)
		q.subject, q.instance = who, i
		e := newEntitlement(who, grant, newResult(g.evaluate(q)))
		e.PrincipalARN = in.Principal
		return e
	})
}

// listing is a page that is being filled.
type listing struct {
	call *control.Call
	page *WhatCanPage
	left *budget
	list string // what the page is of, for its token
}

// listEntitlements fills a page with the grants of some identities.
func (g *Grants) listEntitlements(
	l listing, in WhatCan, identities []access.Identity, evaluate func(*access.Grant) Entitlement,
) error {
	after, err := g.Control.After(l.list, in.Token)
	if err != nil {
		return err
	}
	page := l.page
	for grant := range l.call.Snapshot.Grants().ForIdentities(access.ListRequest{
		Account: l.call.Target, Region: l.call.Facts.Region, Identities: identities, After: after,
	}) {
		if n := len(page.Entries); n == in.Size || n > 0 && l.left.spent() {
			page.Next = g.Control.NextToken(l.list, page.Entries[n-1].Grant.Seq)
			return nil
		}
		l.left.spend(1)
		page.Entries = append(page.Entries, evaluate(&grant))
	}
	return nil
}
