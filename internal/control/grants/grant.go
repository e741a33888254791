package grants

import (
	"context"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// NewGrant is what a client asks for with CreateAccessGrant.
type NewGrant struct {
	LocationID     access.LocationID
	SubPrefix      string
	Grantee        access.Grantee
	Permission     access.Permission
	ApplicationARN string
	Object         bool // S3PrefixType=Object
	Tags           []access.Tag
}

// CreateGrant gives a grantee a permission on a part of a location. It joins the grant's scope before it checks the
// caller's permission, because policies may name the scope (s3:accessGrantScope).
func (g *Grants) CreateGrant(ctx context.Context, call *control.Call, in NewGrant) (*access.Grant, error) {
	l := call.Snapshot.Location(call.Target, call.Facts.Region, in.LocationID)
	values := requestTags(policy.Values{}, in.Tags)
	var scope access.Scope
	var scopeErr error
	var tags []access.Tag
	if l != nil {
		tags = l.Tags
		values.Set(locationScopeKey, l.Scope.String())
		if scope, scopeErr = access.Join(l.Scope, in.SubPrefix, in.Object); scopeErr == nil {
			values.Set(grantScopeKey, scope.String())
		}
	}
	if err := mayOn(call, "s3:CreateAccessGrant", locationARN(call, in.LocationID), values, tags); err != nil {
		return nil, err
	}
	if _, err := g.instance(call); err != nil {
		return nil, err
	}
	if l == nil {
		return nil, fault.New(fault.NotFound, fault.Location, "")
	}
	if scopeErr != nil {
		return nil, control.AccessFault(scopeErr)
	}
	if err := g.checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := checkBucket(call, scope.Bucket(), fault.Grant); err != nil {
		return nil, err
	}
	principal, err := granteePrincipal(call, in.Grantee)
	if err != nil {
		return nil, err
	}
	if err := checkApplication(call, in.ApplicationARN); err != nil {
		return nil, err
	}
	grant, err := access.NewGrant(access.GrantSpec{
		ID: access.GrantID(uuid.New()), Location: l.Location, SubPrefix: in.SubPrefix, Object: in.Object, Grantee: in.Grantee,
		Principal: principal, Permission: in.Permission, ApplicationARN: in.ApplicationARN,
	})
	if err != nil {
		return nil, control.AccessFault(err)
	}
	err = g.Control.Update(ctx, call, func(tx *store.Tx) error {
		if _, err := store.Locations.Get(ctx, tx, locationID(&l.Location)); err != nil {
			return err
		}
		n, err := store.GrantCount(ctx, tx, l.Account, l.Region)
		if err != nil {
			return err
		}
		if n >= int64(g.Control.Quotas.Grants) {
			return fault.New(fault.LimitExceeded, fault.Grant, "The maximum number of Access Grants (%d) is reached",
				g.Control.Quotas.Grants)
		}
		grant.CreatedAt = tx.Now()
		if err := store.InsertGrant(tx, &grant, in.Tags...); err != nil {
			return err
		}
		recordGrant(call, &grant)
		call.Event.ResponseElements = map[string]any{
			"accessGrantId": grant.ID.String(), "accessGrantArn": grant.ARN(), "grantScope": grant.Scope.String(),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &grant, nil
}

// recordGrant names a grant in the audit record, so that the log can be searched for everything about one grant.
func recordGrant(call *control.Call, g *access.Grant) {
	added := call.Event.Added()
	added.GrantID, added.GrantScope = g.ID.String(), g.Scope.String()
	added.LocationID, added.Grantee = string(g.LocationID), g.Grantee.ID
}

// granteePrincipal returns the immutable id by which a grantee is matched. A principal that is deleted and created
// again under the same name does not get the old one's grants.
func granteePrincipal(call *control.Call, who access.Grantee) (string, error) {
	invalid := fault.New(fault.Invalid, fault.Grantee, "Invalid Grantee in the request: %s does not exist", who.ID)
	if who.Type != access.IAM {
		return who.ID, checkDirectoryGrantee(call, who)
	}
	p, ok := iam.ParsePrincipalARN(who.ID)
	if !ok {
		return "", fault.New(fault.Invalid, fault.Grantee,
			"Invalid Grantee in the request: %s is not the ARN of an IAM user or role", who.ID)
	}
	if p.Role {
		if r := call.Snapshot.RoleByName(p.Account, p.Name); r != nil && r.ARN() == who.ID {
			return r.ID, nil
		}
		return "", invalid
	}
	if u := call.Snapshot.UserByName(p.Account, p.Name); u != nil && u.ARN() == who.ID {
		return u.ID, nil
	}
	return "", invalid
}

// Grant returns a grant.
func (g *Grants) Grant(ctx context.Context, call *control.Call, id string) (*access.Grant, error) {
	return g.grant(ctx, call, "s3:GetAccessGrant", id)
}

// grant finds a grant after checking the action on it. An id that no grant can have is treated as an unknown grant.
func (g *Grants) grant(ctx context.Context, call *control.Call, action, text string) (*access.Grant, error) {
	grant, tags, err := g.find(ctx, call, text)
	if err != nil {
		return nil, err
	}
	values := policy.Values{}
	if grant != nil {
		values.Set(grantScopeKey, grant.Scope.String())
	}
	if err := mayOn(call, action, grantARN(call, text), values, tags); err != nil {
		return nil, err
	}
	if _, err := g.instance(call); err != nil {
		return nil, err
	}
	if grant == nil {
		return nil, fault.New(fault.NotFound, fault.Grant, "")
	}
	return grant, nil
}

// find returns a grant of the addressed account and region with its tags, or nil.
func (g *Grants) find(ctx context.Context, call *control.Call, text string) (*access.Grant, []access.Tag, error) {
	id, err := access.ParseGrantID(text)
	if err != nil {
		return nil, nil, nil
	}
	grant, err := store.GrantByID(ctx, g.Control.DB, id)
	switch {
	case fault.Is(err, fault.NotFound, fault.Grant):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	case grant.Account != call.Target || grant.Region != call.Facts.Region:
		return nil, nil, nil
	}
	tags, err := store.GrantTags(ctx, g.Control.DB, id)
	if fault.Is(err, fault.NotFound, fault.Grant) {
		return nil, nil, nil
	}
	return &grant, tags, err
}

// GrantFilter limits a list of grants. Every field that is set must match exactly.
type GrantFilter struct {
	GranteeType    access.GranteeType
	GranteeID      string
	Permission     access.Permission
	Scope          string
	ApplicationARN string
}

// GrantList is a page of grants.
type GrantList struct {
	Grants []access.Grant
	Next   string
}

// Grants lists the grants of the instance in the order of their creation.
func (g *Grants) Grants(
	ctx context.Context, call *control.Call, f GrantFilter, token string, size int,
) (*GrantList, error) {
	if err := g.mayInstance(call, "s3:ListAccessGrants", policy.Values{}); err != nil {
		return nil, err
	}
	if _, err := g.instance(call); err != nil {
		return nil, err
	}
	list := listName("ListAccessGrants", call, f.GranteeType.String(), f.GranteeID, f.Permission.String(), f.Scope,
		f.ApplicationARN)
	after, err := g.Control.After(list, token)
	if err != nil {
		return nil, err
	}
	page := &GrantList{}
	page.Grants, err = store.GrantsPage(ctx, g.Control.DB, store.GrantFilter{
		Account: call.Target, Region: call.Facts.Region, GranteeType: f.GranteeType, GranteeID: f.GranteeID,
		Permission: f.Permission, Scope: f.Scope, ApplicationARN: f.ApplicationARN,
	}, after, size+1)
	if err != nil {
		return nil, err
	}
	if len(page.Grants) > size {
		page.Grants = page.Grants[:size]
		page.Next = g.Control.NextToken(list, page.Grants[size-1].Seq)
	}
	return page, nil
}

// DeleteGrant deletes a grant. Credentials that were vended by it end at the same moment.
func (g *Grants) DeleteGrant(ctx context.Context, call *control.Call, id string) error {
	grant, err := g.grant(ctx, call, "s3:DeleteAccessGrant", id)
	if err != nil {
		return err
	}
	recordGrant(call, grant)
	return g.Control.Update(ctx, call, func(tx *store.Tx) error { return store.DeleteGrant(tx, grant.ID) })
}
