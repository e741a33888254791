package identitycenter

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Instances lists the account's instance, if it has one.
func (c *Center) Instances(call *control.Call, at Cut) (Page[*sso.Instance], error) {
	if err := call.May("sso:ListInstances", "*", policy.Values{}, nil, call.Account); err != nil {
		return Page[*sso.Instance]{}, err
	}
	var all []*sso.Instance
	if i := call.Snapshot.IdentityCenter(call.Account); i != nil {
		all = append(all, i)
	}
	return cutPage(c.Control, at, all, listName(call, "ListInstances"),
		func(*sso.Instance) int64 { return 1 })
}

// Instance returns the account's instance.
func (c *Center) Instance(call *control.Call, arn string) (*sso.Instance, error) {
	return instance(call, "sso:DescribeInstance", arn, policy.Values{})
}

// NewInstance is what CreateInstance takes.
type NewInstance struct {
	Name, ClientToken string
	Tags              []access.Tag
}

// CreateInstance creates an instance for an account that has deleted its own: every account has one from the beginning.
// The new instance has a new identity store.
func (c *Center) CreateInstance(ctx context.Context, call *control.Call, in NewInstance) (*sso.Instance, error) {
	made := sso.New(call.Account, c.Control.Now())
	if err := call.May("sso:CreateInstance", made.ARN(), requestTags(in.Tags), nil, call.Account); err != nil {
		return nil, err
	}
	if err := access.CheckTags(in.Tags); err != nil {
		return nil, control.AccessFault(err)
	}
	made.Name, made.Tags, made.ClientToken, made.Digest = in.Name, in.Tags, in.ClientToken, digest(in.Name, in.Tags)
	err := c.Control.Update(ctx, call, func(tx *store.Tx) error {
		have, err := store.IdentityCenter(ctx, tx, call.Account)
		switch {
		case fault.Is(err, fault.NotFound, fault.IdentityCenter):
			made.Created = tx.Now()
			return store.PutIdentityCenter(tx, made)
		case err != nil:
			return err
		case in.ClientToken == "" || have.ClientToken != in.ClientToken:
			return fault.New(fault.AlreadyExists, fault.IdentityCenter, "Account %s has the Identity Center instance %s already",
				call.Account, have.ARN())
		case have.Digest != made.Digest:
			return tokenMismatch()
		}
		made = have
		return nil
	})
	if err != nil {
		return nil, err
	}
	call.Touch("AWS::SSO::Instance", made.ARN(), made.Account)
	return made, nil
}

// UpdateInstance changes the instance's name; nil leaves it.
func (c *Center) UpdateInstance(ctx context.Context, call *control.Call, arn string, name *string) error {
	i, err := instance(call, "sso:UpdateInstance", arn, policy.Values{})
	if err != nil || name == nil {
		return err
	}
	return c.changeInstance(ctx, call, i, func(current *sso.Instance) error {
		current.Name = *name
		return nil
	})
}

func (c *Center) changeInstance(
	ctx context.Context, call *control.Call, i *sso.Instance, fn func(*sso.Instance) error,
) error {
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := currentInstance(ctx, tx, i)
		if err != nil {
			return err
		}
		if err := fn(current); err != nil {
			return err
		}
		return store.PutIdentityCenter(tx, current)
	})
}

// currentInstance returns the present state of the instance. It fails if the instance was deleted meanwhile.
func currentInstance(ctx context.Context, tx *store.Tx, i *sso.Instance) (*sso.Instance, error) {
	current, err := store.IdentityCenter(ctx, tx, i.Account)
	if fault.Is(err, fault.NotFound, fault.IdentityCenter) || err == nil && current.ID != i.ID {
		return nil, fault.New(fault.Denied, fault.IdentityCenter, "The Identity Center instance %s was deleted", i.ARN())
	}
	return current, err
}

// DeleteInstance deletes the instance with its applications, its issuers, and everything in its identity store. It
// refuses while S3 Access Grants is associated with the instance. Deleting it again is not an error.
func (c *Center) DeleteInstance(ctx context.Context, call *control.Call, arn string) error {
	i, err := instance(call, "sso:DeleteInstance", arn, policy.Values{})
	if fault.Is(err, fault.Denied, fault.IdentityCenter) {
		if row, e := store.IdentityCenters.Get(ctx, c.Control.DB, string(call.Account)); e == nil && row.Deleted &&
			row.ARN() == arn {
			return nil
		}
	}
	if err != nil {
		return err
	}
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := currentInstance(ctx, tx, i)
		if err != nil {
			return err
		}
		if err := checkUnused(ctx, tx, current); err != nil {
			return err
		}
		apps, err := store.Applications.InAccount(ctx, tx, string(i.Account))
		if err != nil {
			return err
		}
		for _, a := range apps {
			if err := RemoveApplication(ctx, tx, a.ID); err != nil {
				return err
			}
		}
		issuers, err := store.Issuers.InAccount(ctx, tx, string(i.Account))
		if err != nil {
			return err
		}
		for _, t := range issuers {
			if err := store.Issuers.Delete(tx, t.ID); err != nil {
				return err
			}
		}
		if err := store.DeleteDirectory(tx, directory.StoreID(current.IdentityStoreID)); err != nil {
			return err
		}
		current.Deleted, current.Tags = true, nil
		return store.PutIdentityCenter(tx, current)
	})
}

// checkUnused refuses to delete an instance that is associated with an S3 Access Grants instance.
func checkUnused(ctx context.Context, tx *store.Tx, i *sso.Instance) error {
	instances, err := store.Instances.InAccount(ctx, tx, string(i.Account))
	if err != nil {
		return err
	}
	for _, s3 := range instances {
		if s3.IdentityCenterARN == i.ARN() {
			return fault.New(fault.InUse, fault.IdentityCenter,
				"The instance is associated with the S3 Access Grants instance %s. Dissociate it first", s3.ARN())
		}
	}
	return nil
}
