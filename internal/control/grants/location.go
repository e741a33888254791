package grants

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// CreateLocation registers a scope with the role that is assumed for it. It checks that the role exists and that the
// caller may pass it. As on AWS, whether the role trusts the service is checked only when somebody asks for access.
func (g *Grants) CreateLocation(
	ctx context.Context, call *control.Call, scope, roleARN string, tags []access.Tag,
) (*store.Location, error) {
	values := requestTags(control.Values(locationScopeKey, scope), tags)
	if err := g.mayOwn(call, "s3:CreateAccessGrantsLocation", values); err != nil {
		return nil, err
	}
	i, err := g.instance(call)
	if err != nil {
		return nil, err
	}
	if err := g.checkTags(tags); err != nil {
		return nil, err
	}
	ls, err := access.ParseLocationScope(scope)
	if err != nil {
		return nil, control.AccessFault(err)
	}
	if err := checkBucket(call, ls.Bucket(), fault.Location); err != nil {
		return nil, err
	}
	role, err := g.passableRole(call, roleARN)
	if err != nil {
		return nil, err
	}
	made, err := access.NewLocation(access.Location{
		ID:      access.LocationID(uuid.NewString()),
		Account: i.Account,
		Region:  i.Region,
		Scope:   ls,
		RoleARN: roleARN,
		RoleID:  role.ID,
	})
	if err != nil {
		return nil, control.AccessFault(err)
	}
	l := &store.Location{Location: made, Tags: tags}
	err = g.Control.Update(ctx, call, func(tx *store.Tx) error {
		if _, err := store.Instances.Get(ctx, tx, instanceID(&i.Instance)); err != nil {
			return err
		}
		n, err := store.Locations.CountChildren(ctx, tx, instanceID(&i.Instance))
		if err != nil {
			return err
		}
		if n >= g.Control.Quotas.Locations {
			return fault.New(fault.LimitExceeded, fault.Location,
				"The maximum number of Access Grants Locations (%d) is reached", g.Control.Quotas.Locations)
		}
		l.CreatedAt = tx.Now()
		if err := store.Locations.Insert(tx, l); err != nil {
			return err
		}
		call.Event.Added().LocationID = string(l.ID)
		call.Event.ResponseElements = map[string]any{
			"accessGrantsLocationId":  string(l.ID),
			"accessGrantsLocationArn": l.ARN(),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// checkBucket checks that the bucket of a scope exists in the account and the region of the call. entity is the kind of
// entity that the error names: a location or a grant.
func checkBucket(call *control.Call, bucket string, entity fault.Entity) error {
	if bucket == "" {
		return nil
	}
	b := call.Snapshot.Bucket(bucket)
	switch {
	case b == nil || b.Account != call.Target:
		return fault.New(fault.Invalid, entity, "The bucket %s does not exist in account %s", bucket, call.Target)
	case b.Region != call.Facts.Region:
		return fault.New(fault.Invalid, entity, "The bucket %s is not in region %s", bucket, call.Facts.Region)
	}
	return nil
}

// passableRole finds the role of a location and checks that the caller may pass it to the service.
func (g *Grants) passableRole(call *control.Call, arn string) (*iam.Role, error) {
	parsed, ok := iam.ParsePrincipalARN(arn)
	if !ok || !parsed.Role {
		return nil, fault.New(fault.Invalid, fault.IAMRole, "The specified IAM Role is invalid: %s is not the ARN of a role",
			arn)
	}
	values := control.Values("iam:PassedToService", ServicePrincipal, "iam:AssociatedResourceArn",
		access.InstanceARN(call.Target, call.Facts.Region))
	role := call.Snapshot.RoleByName(parsed.Account, parsed.Name)
	if role != nil && role.ARN() == arn {
		for _, t := range role.Tags {
			values.Set("iam:ResourceTag/"+t.Key, t.Value)
			values.Set("aws:ResourceTag/"+t.Key, t.Value)
		}
	}
	if err := call.May("iam:PassRole", arn, values, nil, parsed.Account); err != nil {
		return nil, err
	}
	if role == nil || role.ARN() != arn || role.Account != call.Target {
		return nil, fault.New(fault.Invalid, fault.IAMRole, "The specified IAM Role %s does not exist in account %s", arn,
			call.Target)
	}
	return role, nil
}

// Location returns a location.
func (g *Grants) Location(call *control.Call, id access.LocationID) (*store.Location, error) {
	return g.location(call, "s3:GetAccessGrantsLocation", id)
}

// location finds a location after checking the action on it.
func (g *Grants) location(call *control.Call, action string, id access.LocationID) (*store.Location, error) {
	l := call.Snapshot.Location(call.Target, call.Facts.Region, id)
	values := policy.Values{}
	var tags []access.Tag
	if l != nil {
		values, tags = control.Values(locationScopeKey, l.Scope.String()), l.Tags
	}
	if err := mayOn(call, action, locationARN(call, id), values, tags); err != nil {
		return nil, err
	}
	if _, err := g.instance(call); err != nil {
		return nil, err
	}
	if l == nil {
		return nil, fault.New(fault.NotFound, fault.Location, "")
	}
	call.Event.Added().LocationID = string(l.ID)
	return l, nil
}

// LocationList is a page of locations.
type LocationList struct {
	Locations []*store.Location
	Next      string
}

// Locations lists the locations of the instance in the order of their creation. A scope that is not empty limits the
// list to the location with exactly this scope.
func (g *Grants) Locations(call *control.Call, scope, token string, size int) (*LocationList, error) {
	if err := g.mayInstance(call, "s3:ListAccessGrantsLocations", policy.Values{}); err != nil {
		return nil, err
	}
	if _, err := g.instance(call); err != nil {
		return nil, err
	}
	list := listName("ListAccessGrantsLocations", call, scope)
	after, err := g.Control.After(list, token)
	if err != nil {
		return nil, err
	}
	page := &LocationList{}
	for _, l := range call.Snapshot.LocationsOf(call.Target, call.Facts.Region) {
		if l.Seq <= after || scope != "" && l.Scope.String() != scope {
			continue
		}
		if len(page.Locations) == size {
			page.Next = g.Control.NextToken(list, page.Locations[size-1].Seq)
			return page, nil
		}
		page.Locations = append(page.Locations, l)
	}
	return page, nil
}

// UpdateLocation gives a location another role. Its scope never changes. Credentials that were vended before keep the
// old role.
func (g *Grants) UpdateLocation(
	ctx context.Context, call *control.Call, id access.LocationID, roleARN string,
) (*store.Location, error) {
	l, err := g.location(call, "s3:UpdateAccessGrantsLocation", id)
	if err != nil {
		return nil, err
	}
	role, err := g.passableRole(call, roleARN)
	if err != nil {
		return nil, err
	}
	changed := *l
	err = g.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := store.Locations.Get(ctx, tx, locationID(&l.Location))
		if err != nil {
			return err
		}
		changed = *current
		changed.RoleARN, changed.RoleID = roleARN, role.ID
		return store.Locations.Update(tx, &changed)
	})
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

// DeleteLocation deletes a location that has no grants.
func (g *Grants) DeleteLocation(ctx context.Context, call *control.Call, id access.LocationID) error {
	l, err := g.location(call, "s3:DeleteAccessGrantsLocation", id)
	if err != nil {
		return err
	}
	return g.Control.Update(ctx, call, func(tx *store.Tx) error {
		n, err := store.LocationGrantCount(ctx, tx, l.Account, l.Region, l.ID)
		if err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.InUse, fault.Location, "")
		}
		return store.Locations.Delete(tx, locationID(&l.Location))
	})
}

// listName names a list for its page tokens. Two names are equal only for the same question of the same principal.
func listName(op string, call *control.Call, filters ...string) string {
	return fmt.Sprintf("%q", append([]string{op, string(call.Target), call.Facts.Region, call.Principal.ID}, filters...))
}
