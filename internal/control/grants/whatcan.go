package grants

import (
	"strconv"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/entitlements"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
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
	ReachPage
}

// WhatCan tells the grants that somebody holds in the instance, oldest first, each with the group that it is for, the
// application through which a person comes to it, and what keeps it from being used. Where several are open for a
// target, GetDataAccess answers by the one with the narrowest scope; it does so even when only a wider one is open. It
// is judged as WhoCan judges.
func (g *Grants) WhatCan(call *control.Call, in WhatCan) (*WhatCanPage, error) {
	if err := g.mayOwn(call, "latchkey:WhatCan", policy.Values{}); err != nil {
		return nil, err
	}
	i, err := g.instance(call)
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
	w := g.ways(call, i, &left)
	apps, reason := w.usable(person.ID)
	err = g.listEntitlements(call, page, &left, in, string(person.ID), entitlements.Person(call.Snapshot, person.ID), func(grant *access.Grant) Entitlement {
		r := Entitlement{Person: person, Grant: *grant, Reason: reason}
		if grant.Grantee.Type == access.DirectoryGroup {
			r.Via = call.Snapshot.Group(directory.GroupID(grant.Principal))
		}
		if reason == "" {
			p := w.hold(person.ID, apps, grant)
			r.Application, r.Open, r.Reason = p.Application, p.Open, p.Reason
		}
		return r
	})
	return page, err
}

func (g *Grants) whatPrincipal(call *control.Call, i *store.Instance, in WhatCan) (*WhatCanPage, error) {
	id, session, err := findPrincipal(call, in.Principal)
	if err != nil {
		return nil, err
	}
	page := &WhatCanPage{PrincipalARN: in.Principal}
	s, reason := g.mayCome(call, i, id, session)
	left := newBudget(in.Work)
	err = g.listEntitlements(call, page, &left, in, id, []access.Identity{{Type: access.IAM, Principal: id}}, func(grant *access.Grant) Entitlement {
		r := Entitlement{PrincipalARN: in.Principal, Grant: *grant, Reason: reason}
		switch {
		case s == nil:
		case !s.holds(grant):
			r.Reason = "application_other: the grant is for an application, and users and roles come through none by themselves"
		default:
			r.Reason = g.assumes(s, grant)
			r.Open = r.Reason == ""
		}
		return r
	})
	return page, err
}

// listEntitlements fills a page with the grants of some identities.
func (g *Grants) listEntitlements(call *control.Call, page *WhatCanPage, left *budget, in WhatCan, who string, identities []access.Identity, evaluate func(*access.Grant) Entitlement) error {
	list := listName("WhatCan", call, strconv.FormatBool(in.User != ""), who)
	after, err := g.After(list, in.Token)
	if err != nil {
		return err
	}
	for grant := range call.Snapshot.Grants().ForIdentities(access.ListRequest{
		Account: call.Target, Region: call.Facts.Region, Identities: identities, After: after,
	}) {
		if n := len(page.Entries); n == in.Size || n > 0 && left.spent() {
			page.Next = g.NextToken(list, page.Entries[n-1].Grant.Seq)
			return nil
		}
		left.spend(1)
		page.Entries = append(page.Entries, evaluate(&grant))
	}
	return nil
}

// findPerson finds a directory user of the account by its id, its name or an email address.
func findPerson(call *control.Call, who string) (*directory.User, error) {
	center := call.Snapshot.IdentityCenter(call.Target)
	if center == nil {
		return nil, fault.New(fault.Invalid, fault.Grantee, "The account has no Identity Center instance, and so no directory users")
	}
	in := directory.StoreID(center.IdentityStoreID)
	if u := call.Snapshot.Person(directory.UserID(who)); u != nil && u.Store == in {
		return u, nil
	}
	named, mailed := call.Snapshot.PersonByKey(in, directory.NameKey(who)), call.Snapshot.PersonByKey(in, directory.EmailKey(who))
	switch {
	case named == nil && mailed == nil:
		return nil, fault.New(fault.Invalid, fault.Grantee, "%s is not the id, the name or an email address of a user of the directory", who)
	case named != nil && mailed != nil && named.ID != mailed.ID:
		return nil, fault.New(fault.Invalid, fault.Grantee, "%s is the name of one user of the directory and the email address of another; give the id: %s or %s", who, named.ID, mailed.ID)
	case named != nil:
		return named, nil
	}
	return mailed, nil
}
