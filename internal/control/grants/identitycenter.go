package grants

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// association is the result of associating: the instance of Identity Center, and S3's own application in it.
type association struct {
	center *sso.Instance
	app    *sso.Application
}

// associate prepares an association. It checks that the caller may have S3 act in Identity Center, and that the
// instance is the account's own.
func associate(call *control.Call, identityCenter string, describe bool) (*association, error) {
	center, err := identitycenter.MayAssociate(call, identityCenter, describe)
	if err != nil {
		return nil, err
	}
	if center == nil {
		return nil, fault.New(fault.Invalid, fault.IdentityCenter, "The Identity Center instance %s does not exist",
			identityCenter)
	}
	a := &association{center, identitycenter.NewS3Application(center, call.Facts.Region)}
	e := call.ServiceEvent(identitycenter.Source, "CreateApplication", ServicePrincipal, map[string]any{
		"instanceArn": center.ARN(), "applicationProviderArn": a.app.Provider, "name": a.app.Name,
	})
	e.ReadOnly = false
	e.Resources = append(e.Resources, resource("AWS::SSO::Application", a.app.ARN(), string(a.app.Account)))
	call.Also(e)
	return a, nil
}

func (a *association) insert(ctx context.Context, tx *store.Tx, g *Grants, i *store.Instance) error {
	i.IdentityCenterARN, i.ApplicationARN = a.center.ARN(), a.app.ARN()
	return (&identitycenter.Center{Control: g.Control}).InsertS3Application(ctx, tx, a.center, a.app)
}

// Associate associates the instance with the account's Identity Center instance. From then on its grantees may be
// people and groups of the directory.
func (g *Grants) Associate(ctx context.Context, call *control.Call, identityCenter string) error {
	i, err := g.ownInstance(call, "s3:AssociateAccessGrantsIdentityCenter")
	if err != nil {
		return err
	}
	if i.IdentityCenterARN != "" {
		return alreadyAssociated(i)
	}
	a, err := associate(call, identityCenter, false)
	if err != nil {
		return err
	}
	return g.updateInstance(ctx, call, func(tx *store.Tx, current *store.Instance) error {
		if current.IdentityCenterARN != "" {
			return alreadyAssociated(current)
		}
		if err := a.insert(ctx, tx, g, current); err != nil {
			return err
		}
		return store.Instances.Update(tx, current)
	})
}

func alreadyAssociated(i *store.Instance) error {
	return fault.New(fault.Invalid, fault.Request, "The Access Grants Instance is already associated with %s",
		i.IdentityCenterARN)
}

// Dissociate ends the association and removes S3's application. Grants to people and groups stay, but no longer answer.
func (g *Grants) Dissociate(ctx context.Context, call *control.Call) error {
	i, err := g.ownInstance(call, "s3:DissociateAccessGrantsIdentityCenter")
	if err != nil {
		return err
	}
	if i.IdentityCenterARN == "" {
		return fault.New(fault.Invalid, fault.Request,
			"The Access Grants Instance is not associated with an Identity Center instance")
	}
	if err := mayApplication(call, "sso:DeleteApplication", i.ApplicationARN); err != nil {
		return err
	}
	e := call.ServiceEvent(identitycenter.Source, "DeleteApplication", ServicePrincipal,
		map[string]any{"applicationArn": i.ApplicationARN})
	e.ReadOnly = false
	call.Also(e)
	return g.updateInstance(ctx, call, func(tx *store.Tx, current *store.Instance) error {
		if current.ApplicationARN != i.ApplicationARN { // associated anew meanwhile: another application, not asked about
			return fault.New(fault.Conflict, fault.Instance, "The association was changed by another request. Please try again.")
		}
		r, _ := sso.ParseARN(current.ApplicationARN)
		if err := identitycenter.RemoveApplication(ctx, tx, r.ID); err != nil &&
			!fault.Is(err, fault.NotFound, fault.Application) {
			return err
		}
		current.IdentityCenterARN, current.ApplicationARN = "", ""
		return store.Instances.Update(tx, current)
	})
}

// mayApplication checks an Identity Center action on an application of the account.
func mayApplication(call *control.Call, action, arn string) error {
	values := control.Values("sso:ApplicationAccount", string(call.Target))
	if app := call.Snapshot.Application(arn); app != nil {
		values = control.Tagged(values, "aws:ResourceTag/", app.Tags)
	}
	return call.May(action, arn, values, nil, call.Target)
}

// checkApplication checks the application that a grant is to be bound to. The caller must be allowed to describe it,
// and it must belong to the account.
func checkApplication(call *control.Call, arn string) error {
	if arn == "" {
		return nil
	}
	if err := mayApplication(call, "sso:DescribeApplication", arn); err != nil {
		return err
	}
	if app := call.Snapshot.Application(arn); app == nil || app.Account != call.Target {
		return fault.New(fault.Invalid, fault.Request, "The application %s does not exist", arn)
	}
	return nil
}

// checkDirectoryGrantee checks a grantee of the directory. The instance must be associated with Identity Center, the
// caller must be allowed to describe the association and the grantee, and the user or group must exist. Ids of the
// directory are immutable and never used twice.
func checkDirectoryGrantee(call *control.Call, who access.Grantee) error {
	app := call.Snapshot.Association(call.Target, call.Facts.Region)
	if app == nil {
		return fault.New(fault.Invalid, fault.Request,
			"A directory grantee needs an Access Grants instance that is associated with an Identity Center instance")
	}
	center := call.Snapshot.IdentityCenter(call.Target)
	if err := call.May("sso:DescribeInstance", center.ARN(),
		control.Tagged(policy.Values{}, "aws:ResourceTag/", center.Tags), nil, call.Target); err != nil {
		return err
	}
	if err := mayApplication(call, "sso:DescribeApplication", app.ARN()); err != nil {
		return err
	}
	action, arn := "identitystore:DescribeUser", directory.UserID(who.ID).ARN()
	if who.Type == access.DirectoryGroup {
		action, arn = "identitystore:DescribeGroup", directory.GroupID(who.ID).ARN()
	}
	for _, r := range []string{center.IdentityStoreARN(), arn} {
		if err := call.May(action, r, policy.Values{}, nil, call.Target); err != nil {
			return err
		}
	}
	if !inDirectory(call, directory.StoreID(center.IdentityStoreID), who) {
		return fault.New(fault.Invalid, fault.Grantee, "Invalid Grantee in the request: %s does not exist", who.ID)
	}
	return nil
}

func inDirectory(call *control.Call, in directory.StoreID, who access.Grantee) bool {
	switch who.Type {
	case access.DirectoryUser:
		u := call.Snapshot.Person(directory.UserID(who.ID))
		return u != nil && u.Store == in
	case access.DirectoryGroup:
		gr := call.Snapshot.Group(directory.GroupID(who.ID))
		return gr != nil && gr.Store == in
	}
	return false
}

// directoryIdentities returns the identities of the person for whom the caller acts: the user and the user's groups, as
// far as they are still in the directory. There are none unless the instance that the call addresses is associated with
// the Identity Center instance that vouches for the person. So grants to people and groups stop answering the moment
// the association ends or its application is disabled.
func directoryIdentities(call *control.Call) []access.Identity {
	if p, ok := call.Person(); ok && p.Asserted {
		if call.AssertedReachesGrants(call.Target, call.Facts.Region) != nil {
			return nil
		}
		return call.Snapshot.AppendIdentities(nil, p.ID)
	}
	d, ok := call.OnBehalfOf()
	if !ok {
		return nil
	}
	if app := associationFor(call, d); app == nil || !caller.Reaches(call.Snapshot, d, app, sso.S3Scope) {
		return nil
	}
	return call.Snapshot.AppendIdentities(nil, directory.UserID(d.UserID))
}

// associationFor returns the application that associates the instance which the call addresses with the Identity Center
// instance that vouches for a person. nil means that the two are not associated.
func associationFor(call *control.Call, d *credential.Delegation) *sso.Application {
	app := call.Snapshot.Association(call.Target, call.Facts.Region)
	if app == nil || sso.InstanceARN(app.InstanceID) != d.IdentityCenterInstance {
		return nil
	}
	return app
}
