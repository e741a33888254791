package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/entitlements"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// WhatCan asks what a principal or a person can access. Exactly one of Principal and User is set.
type WhatCan struct {
	Principal string // ARN of a user, a role or a session of a role
	User      string // of the directory: its id, its name or an email address
	Token     string
	Size      int // of a page
	Work      int // as of WhoCan
}

// WhatCanPage names the subject and has one page of its grants. A page may have fewer entries than were asked for even
// when more pages follow.
type WhatCanPage struct {
	Person       *directory.User // nil for a principal
	PrincipalARN string          // empty for a person
	Groups       []*directory.Group
	EntitlementPage
}

// WhatCan lists the grants that a subject has in the instance, oldest first. Each entry names the group that the grant
// is for, the application through which a person can use it, and the reason why it cannot be used. Where several grants
// are open for a target, GetDataAccess answers by the one with the narrowest scope. It selects the narrowest grant even
// when only a wider one is open. WhatCan evaluates as WhoCan does.
func (g *Grants) WhatCan(call *control.Call, in WhatCan) (*WhatCanPage, error) {
	i, err := g.ownInstance(call, "latchkey:WhatCan")
	if err != nil {
		return nil, err
	}
	switch {
	case (in.Principal == "") == (in.User == ""):
		return nil, fault.New(fault.Invalid, fault.Member, "Exactly one of Principal and User must be given")
	case in.User != "":
		return g.whatPersonCan(call, i, in)
	}
	return g.whatPrincipalCan(call, i, in)
}

func (g *Grants) whatPersonCan(call *control.Call, i *store.Instance, in WhatCan) (*WhatCanPage, error) {
	person, err := findPerson(call, in.User)
	if err != nil {
		return nil, err
	}
	page := &WhatCanPage{Person: person}
	for _, id := range call.Snapshot.GroupsOf(person.ID) {
		page.Groups = append(page.Groups, call.Snapshot.Group(id))
	}
	remaining := newBudget(in.Work)
	p := g.paths(call, i, &remaining)
	l := listing{call: call, page: page, remaining: &remaining, list: listName("WhatCan", call, "true", string(person.ID))}
	who := &subject{call: call, person: person}
	held := entitlements.Person(call.Snapshot, person.ID)
	return page, g.listEntitlements(l, in, held, func(grant *access.Grant) Entitlement {
		r := p.evaluate(person, aboutGrant(grant), func(arn string) bool { return arn == grant.ApplicationARN })
		r.Grant = grant
		return newEntitlement(who, grant, r)
	})
}

// aboutGrant returns the question whether a grant, considered alone, would answer for the whole of its own scope.
func aboutGrant(grant *access.Grant) question {
	return question{
		data: DataAccess{Permission: grant.Permission, Privilege: access.Default}, target: grant.Scope,
		grant: grant, alone: true,
	}
}

func (g *Grants) whatPrincipalCan(call *control.Call, i *store.Instance, in WhatCan) (*WhatCanPage, error) {
	id, session, err := findPrincipal(call, in.Principal)
	if err != nil {
		return nil, err
	}
	page := &WhatCanPage{PrincipalARN: in.Principal}
	remaining := newBudget(in.Work)
	l := listing{call: call, page: page, remaining: &remaining, list: listName("WhatCan", call, "false", id)}
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
	call      *control.Call
	page      *WhatCanPage
	remaining *budget
	list      string // names the list, for its page token
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
		if n := len(page.Entries); n == in.Size || n > 0 && l.remaining.spent() {
			page.Next = g.Control.NextToken(l.list, page.Entries[n-1].Grant.Seq)
			return nil
		}
		l.remaining.spend(1)
		page.Entries = append(page.Entries, evaluate(&grant))
	}
	return nil
}
