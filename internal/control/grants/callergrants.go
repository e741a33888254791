package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/policy"
)

// CallerGrant is what a caller is told about a grant of its own. It has neither the grant's id nor its grantee.
type CallerGrant struct {
	Permission     access.Permission
	Scope          access.Scope
	ApplicationARN string // an ARN; ALL: any application; NA: the grant is not bound to applications at all
}

// CallerGrantList is a page of the caller's grants.
type CallerGrantList struct {
	Grants []CallerGrant
	Next   string
}

// CallerGrants lists the grants of the caller, in the order of their creation. prefix limits the list to grants whose
// scope begins with it. It may be only the first characters of a path. byApplication limits the list to grants that the
// caller's own application may use.
func (g *Grants) CallerGrants(
	call *control.Call, prefix string, byApplication bool, token string, size int,
) (*CallerGrantList, error) {
	if err := g.mayInstance(call, "s3:ListCallerAccessGrants", policy.Values{}); err != nil {
		return nil, err
	}
	if _, err := g.instance(call); err != nil {
		return nil, err
	}
	if err := access.CheckScopePrefix(prefix); err != nil {
		return nil, control.AccessFault(err)
	}
	application, person := "", ""
	if d, ok := call.OnBehalfOf(); ok {
		application, person = d.ApplicationARN, d.UserID
	}
	list := listName("ListCallerAccessGrants", call, prefix, map[bool]string{true: "app"}[byApplication], application,
		person)
	after, err := g.Control.After(list, token)
	if err != nil {
		return nil, err
	}
	page := &CallerGrantList{}
	var last int64
	for grant := range call.Snapshot.Grants().ForIdentities(access.ListRequest{
		Account: call.Target, Region: call.Facts.Region, Identities: Identities(call), After: after,
		ScopePrefix: prefix, ByApplication: byApplication, Application: application,
	}) {
		if !listable(call, &grant) {
			continue
		}
		if len(page.Grants) == size {
			page.Next = g.Control.NextToken(list, last)
			return page, nil
		}
		page.Grants, last = append(page.Grants, CallerGrant{grant.Permission, grant.Scope, grant.CallerApplication()}),
			grant.Seq
	}
	return page, nil
}

// listable reports whether a caller is told of a grant: a person whom an engine has named is not told of grants that do
// not answer such people.
func listable(call *control.Call, grant *access.Grant) bool {
	p, ok := call.Person()
	if !ok || !p.Asserted || grant.Grantee.Type == access.IAM {
		return true
	}
	l := call.Snapshot.Location(grant.Account, grant.Region, grant.LocationID)
	return l != nil && l.Asserted
}
