package grants

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// CreateInstance creates the instance of the account in the region that the client signed for. There is at most one. A
// repeated request is refused even if its parameters are the same.
func (g *Grants) CreateInstance(
	ctx context.Context, call *control.Call, identityCenter string, tags []access.Tag,
) (*store.Instance, error) {
	if err := g.mayOwn(call, "s3:CreateAccessGrantsInstance", requestTags(policy.Values{}, tags)); err != nil {
		return nil, err
	}
	if err := g.checkTags(tags); err != nil {
		return nil, err
	}
	var a *association
	if identityCenter != "" {
		var err error
		if a, err = associate(call, identityCenter, true); err != nil {
			return nil, err
		}
	}
	i := &store.Instance{Instance: access.Instance{Account: call.Target, Region: call.Facts.Region}, Tags: tags}
	call.Touch("AWS:S3::AccessGrantsInstance", i.ARN(), i.Account)
	err := g.Control.Update(ctx, call, func(tx *store.Tx) error {
		if a != nil {
			if err := a.insert(ctx, tx, g, i); err != nil {
				return err
			}
		}
		i.CreatedAt = tx.Now()
		return store.Instances.Insert(tx, i)
	})
	if err != nil {
		return nil, err
	}
	return i, nil
}

// Instance returns the account's own instance. Other accounts may never read it, whatever the resource policy says (S3
// Control API reference, GetAccessGrantsInstance).
func (g *Grants) Instance(call *control.Call) (*store.Instance, error) {
	return g.ownInstance(call, "s3:GetAccessGrantsInstance")
}

// InstanceForPrefix finds the instance that governs a bucket: the instance of the bucket's owner in this region. A
// caller who may not read another account's instance gets the same answer as for a bucket that does not exist, so that
// the answer does not reveal which buckets exist.
func (g *Grants) InstanceForPrefix(call *control.Call, prefix string) (*store.Instance, error) {
	const action = "s3:GetAccessGrantsInstanceForPrefix"
	if call.Account != call.Target {
		return nil, crossAccount(call, action)
	}
	bucket, err := bucketOf(prefix)
	if err != nil {
		return nil, control.AccessFault(err)
	}
	if b := call.Snapshot.Bucket(bucket); b != nil && b.Account != call.Account {
		call.Address(b.Account)
		if g.mayInstance(call, action, policy.Values{}) == nil {
			return g.instance(call)
		}
		call.Address(call.Account)
		bucket = ""
	} else if b == nil {
		bucket = ""
	}
	if err := g.mayInstance(call, action, policy.Values{}); err != nil {
		return nil, err
	}
	if bucket == "" {
		return nil, fault.New(fault.NotFound, fault.Instance, "")
	}
	return g.instance(call)
}

// bucketOf returns the bucket of an S3 prefix in any form that the plugins send: s3://b, s3://b/k, s3://b/*. It ignores
// what follows the bucket, because a key may have any name.
func bucketOf(prefix string) (string, error) {
	rest, ok := strings.CutPrefix(prefix, "s3://")
	bucket, _, _ := strings.Cut(rest, "/")
	if !ok || access.CheckBucket(bucket) != nil {
		return "", &access.Error{Problem: access.BadRequest, Text: "S3Prefix must begin with s3:// and name a bucket"}
	}
	return bucket, nil
}

// Instances lists the account's instance in this region, if it has one. There is never a second page, so no token is
// valid.
func (g *Grants) Instances(call *control.Call, token string) ([]*store.Instance, error) {
	if call.Account != call.Target {
		return nil, crossAccount(call, "s3:ListAccessGrantsInstances")
	}
	if err := refuseVended(call, "s3:ListAccessGrantsInstances"); err != nil {
		return nil, err
	}
	if err := call.May("s3:ListAccessGrantsInstances", "*", policy.Values{}, nil, call.Target); err != nil {
		return nil, err
	}
	if _, err := g.Control.After(listName("ListAccessGrantsInstances", call), token); err != nil {
		return nil, err
	}
	i := call.Snapshot.Instance(call.Target, call.Facts.Region)
	if i == nil {
		return nil, nil
	}
	return []*store.Instance{i}, nil
}

// DeleteInstance deletes an instance that has no locations and no Identity Center association. Its resource policy is
// deleted with it.
func (g *Grants) DeleteInstance(ctx context.Context, call *control.Call) error {
	i, err := g.ownInstance(call, "s3:DeleteAccessGrantsInstance")
	if err != nil {
		return err
	}
	return g.updateInstance(ctx, call, func(tx *store.Tx, current *store.Instance) error {
		if current.IdentityCenterARN != "" {
			return fault.New(fault.Invalid, fault.Request, "The Access Grants Instance is associated with an "+
				"Identity Center instance. Dissociate it before deleting the instance")
		}
		n, err := store.Locations.CountChildren(ctx, tx, instanceID(&i.Instance))
		if err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.InUse, fault.Instance, "")
		}
		return store.Instances.Delete(tx, instanceID(&i.Instance))
	})
}

// crossAccountActions are the actions to which a resource policy can admit other accounts (S3 user guide, "S3 Access
// Grants cross-account access").
var crossAccountActions = []string{
	"s3:GetAccessGrantsInstanceForPrefix", "s3:ListAccessGrants", "s3:ListAccessGrantsLocations",
	"s3:ListCallerAccessGrants", "s3:GetDataAccess",
}

// PutPolicy creates or replaces the instance's resource policy. It returns the policy as it is stored: minified, with
// account ids written as ARNs.
func (g *Grants) PutPolicy(
	ctx context.Context, call *control.Call, text, organization string,
) (*store.Instance, error) {
	i, err := g.ownInstance(call, "s3:PutAccessGrantsInstanceResourcePolicy")
	if err != nil {
		return nil, err
	}
	doc, err := policy.Parse(text, policy.Resource)
	if err != nil {
		return nil, fault.New(fault.Invalid, fault.InstancePolicy, "The specified Resource Policy is invalid: %s", err)
	}
	if err := checkInstancePolicy(doc, i.ARN()); err != nil {
		return nil, err
	}
	changed := *i
	err = g.updateInstance(ctx, call, func(tx *store.Tx, current *store.Instance) error {
		bound, err := control.ResolvePrincipals(ctx, tx, doc)
		if unknown, ok := errors.AsType[*control.UnknownPrincipalError](err); ok {
			return fault.New(fault.Invalid, fault.InstancePolicy, "The specified Resource Policy is invalid: %s", unknown)
		}
		if err != nil {
			return err
		}
		changed = *current
		changed.Policy, changed.Organization = bound.String(), organization
		if changed.PolicyCreated.IsZero() {
			changed.PolicyCreated = tx.Now()
		}
		return store.Instances.Update(tx, &changed)
	})
	if err != nil {
		return nil, err
	}
	changed.Policy = doc.String()
	return &changed, nil
}

// checkInstancePolicy refuses a policy that names another resource, or an action that can never be shared.
func checkInstancePolicy(doc *policy.Document, instanceARN string) error {
	invalid := func(format string, args ...any) error {
		return fault.New(fault.Invalid, fault.InstancePolicy, "The specified Resource Policy is invalid: "+format, args...)
	}
	var negated struct {
		Statement []struct{ NotAction, NotResource any }
	}
	if err := json.Unmarshal([]byte(doc.String()), &negated); err != nil {
		return invalid("it cannot be read")
	}
	for _, s := range negated.Statement {
		if s.NotAction != nil || s.NotResource != nil {
			return invalid("NotResource and NotAction are not supported")
		}
	}
	resources, actions := doc.Resources(), doc.Actions()
	for _, r := range resources {
		if r != instanceARN && !strings.HasPrefix(r, instanceARN+"/") {
			return invalid("the resource %q is not the Access Grants instance %q", r, instanceARN)
		}
	}
	for _, a := range actions {
		if !shareable(a) {
			return invalid("the action %q cannot be shared with other accounts", a)
		}
	}
	if err := doc.CheckAccessGrants(instanceARN); err != nil {
		return invalid("%s", err)
	}
	return nil
}

func shareable(action string) bool {
	for _, a := range crossAccountActions {
		if strings.EqualFold(a, action) {
			return true
		}
	}
	return false
}

// Policy returns the instance with its resource policy in the form that administrators read.
func (g *Grants) Policy(call *control.Call) (*store.Instance, error) {
	i, err := g.ownInstance(call, "s3:GetAccessGrantsInstanceResourcePolicy")
	if err != nil {
		return nil, err
	}
	if i.Policy == "" {
		return nil, fault.New(fault.NotFound, fault.InstancePolicy, "")
	}
	displayed := *i
	displayed.Policy = control.DisplayPrincipals(call.Snapshot, i.Policy, policy.Resource)
	return &displayed, nil
}

// DeletePolicy deletes the resource policy, and with it every other account's access.
func (g *Grants) DeletePolicy(ctx context.Context, call *control.Call) error {
	if _, err := g.ownInstance(call, "s3:DeleteAccessGrantsInstanceResourcePolicy"); err != nil {
		return err
	}
	return g.updateInstance(ctx, call, func(tx *store.Tx, current *store.Instance) error {
		if current.Policy == "" {
			return fault.New(fault.NotFound, fault.InstancePolicy, "")
		}
		changed := *current
		changed.Policy, changed.Organization, changed.PolicyCreated = "", "", time.Time{}
		return store.Instances.Update(tx, &changed)
	})
}
