package identitycenter

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// NewApplication is what CreateApplication takes.
type NewApplication struct {
	InstanceARN, Provider, Name, Description string
	Portal                                   sso.Portal
	Disabled                                 bool
	ClientToken                              string
	Tags                                     []access.Tag
}

// CreateApplication creates an application of the customer. Nobody may use it yet: it requires an assignment, and has
// neither a grant nor an actor policy.
func (c *Center) CreateApplication(
	ctx context.Context, call *control.Call, in NewApplication,
) (*sso.Application, *sso.Instance, error) {
	const action = "sso:CreateApplication"
	i, err := instance(call, action, in.InstanceARN, requestTags(in.Tags))
	if err != nil {
		return nil, nil, err
	}
	if err := call.May(action, in.Provider, requestTags(in.Tags), nil, call.Account); err != nil {
		return nil, nil, err
	}
	if err := in.check(); err != nil {
		return nil, nil, err
	}
	made := &sso.Application{
		ID:          sso.NewApplicationID(),
		InstanceID:  i.ID,
		Account:     i.Account,
		Provider:    in.Provider,
		Name:        in.Name,
		Description: in.Description,
		Portal:      in.Portal,
		Disabled:    in.Disabled,
		CreatedFrom: call.Facts.Region,
		Tags:        in.Tags,
		ClientToken: in.ClientToken,
		Digest:      digest(in.InstanceARN, in.Provider, in.Name, in.Description, in.Portal, in.Disabled, in.Tags),
	}
	err = c.Control.Update(ctx, call, func(tx *store.Tx) error {
		if _, err := currentInstance(ctx, tx, i); err != nil {
			return err
		}
		if in.ClientToken != "" {
			have, err := store.Applications.ByName(ctx, tx, string(i.Account), in.ClientToken)
			switch {
			case err == nil && have.Digest == made.Digest:
				made = have
				return nil
			case err == nil:
				return tokenMismatch()
			case !fault.Is(err, fault.NotFound, fault.Application):
				return err
			}
		}
		return c.insertApplication(ctx, tx, made)
	})
	if err != nil {
		return nil, nil, err
	}
	call.Touch("AWS::SSO::Application", made.ARN(), made.Account)
	return made, i, nil
}

func (in *NewApplication) check() error {
	p := provider(in.Provider)
	switch {
	case p == nil:
		return noProvider(in.Provider)
	case in.Provider != sso.CustomProvider:
		return fault.New(fault.Invalid, fault.ApplicationProvider,
			"Applications of the provider %s are created by its service", in.Provider)
	}
	if err := checkSignIn(in.Portal.Origin, in.Portal.URL); err != nil {
		return err
	}
	return control.AccessFault(access.CheckTags(in.Tags))
}

// checkSignIn checks the sign-in options of an application (API reference, SignInOptions).
func checkSignIn(origin, url string) error {
	if origin == "APPLICATION" && url == "" {
		return fault.New(fault.Invalid, fault.Member, "ApplicationUrl is required when Origin is APPLICATION")
	}
	if origin != "APPLICATION" && url != "" {
		return fault.New(fault.Invalid, fault.Member, "ApplicationUrl is allowed only when Origin is APPLICATION")
	}
	return nil
}

func (c *Center) insertApplication(ctx context.Context, tx *store.Tx, a *sso.Application) error {
	n, err := store.Applications.Count(ctx, tx, string(a.Account))
	if err != nil {
		return err
	}
	if n >= c.Control.Quotas.Applications {
		return quotaFault(fault.Application, "applications", c.Control.Quotas.Applications)
	}
	a.Created = tx.Now()
	return store.Applications.Insert(tx, a)
}

// Application returns an application and the instance that it belongs to.
func (c *Center) Application(call *control.Call, arn string) (*sso.Application, *sso.Instance, error) {
	app, err := application(call, "sso:DescribeApplication", arn)
	if err != nil {
		return nil, nil, err
	}
	i := call.Snapshot.IdentityCenter(app.Account)
	if i == nil {
		return nil, nil, noApplication(arn)
	}
	return app, i, nil
}

// ApplicationFilter filters a list of applications. Fields that are set must match exactly.
type ApplicationFilter struct{ Account, Provider string }

// Applications lists the applications of the instance in the order of their creation, including those of services.
func (c *Center) Applications(
	call *control.Call, instanceARN string, f ApplicationFilter, at Cut,
) (Page[*sso.Application], *sso.Instance, error) {
	i, err := instance(call, "sso:ListApplications", instanceARN, policy.Values{})
	if err != nil {
		return Page[*sso.Application]{}, nil, err
	}
	var all []*sso.Application
	for _, a := range call.Snapshot.ApplicationsOf(i.Account) {
		if (f.Account == "" || f.Account == string(a.Account)) && (f.Provider == "" || f.Provider == a.Provider) {
			all = append(all, a)
		}
	}
	p, err := cutPage(c.Control, at, all, listName(call, "ListApplications", instanceARN, f.Account, f.Provider),
		func(a *sso.Application) int64 { return a.Seq })
	return p, i, err
}

// ApplicationChange is what UpdateApplication changes. A nil field leaves a value as it is.
type ApplicationChange struct {
	Name, Description *string
	Disabled          *bool
	Portal            *sso.Portal // origin and URL only
}

// UpdateApplication changes an application. Only the status of a service's own application can be changed. Disabling an
// application ends the access that depends on it.
func (c *Center) UpdateApplication(ctx context.Context, call *control.Call, arn string, ch ApplicationChange) error {
	find := ownApplication
	if ch.Name == nil && ch.Description == nil && ch.Portal == nil {
		find = application
	}
	app, err := find(call, "sso:UpdateApplication", arn)
	if err != nil {
		return err
	}
	if ch.Portal != nil {
		if err := checkSignIn(ch.Portal.Origin, ch.Portal.URL); err != nil {
			return err
		}
	}
	return c.change(ctx, call, app, func(_ *store.Tx, a *sso.Application) error {
		setIfGiven(&a.Name, ch.Name)
		setIfGiven(&a.Description, ch.Description)
		setIfGiven(&a.Disabled, ch.Disabled)
		if ch.Portal != nil {
			a.Portal.Origin, a.Portal.URL = ch.Portal.Origin, ch.Portal.URL
		}
		return nil
	})
}

func setIfGiven[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// change changes an application as it is at the moment of the change.
func (c *Center) change(
	ctx context.Context, call *control.Call, app *sso.Application, fn func(*store.Tx, *sso.Application) error,
) error {
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := store.Applications.Get(ctx, tx, app.ID)
		if fault.Is(err, fault.NotFound, fault.Application) {
			return noApplication(app.ARN())
		}
		if err != nil {
			return err
		}
		if err := fn(tx, current); err != nil {
			return err
		}
		return store.Applications.Update(tx, current)
	})
}

// DeleteApplication deletes an application with its assignments. It refuses the application of a service that is
// associated with the instance. That one is deleted when the association ends.
func (c *Center) DeleteApplication(ctx context.Context, call *control.Call, arn string) error {
	app, err := application(call, "sso:DeleteApplication", arn)
	if err != nil {
		return err
	}
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		instances, err := store.Instances.InAccount(ctx, tx, string(app.Account))
		if err != nil {
			return err
		}
		for _, s3 := range instances {
			if s3.ApplicationARN == arn {
				return fault.New(fault.InUse, fault.Application,
					"The application belongs to the S3 Access Grants instance %s. Dissociate it from Identity Center instead",
					s3.ARN())
			}
		}
		err = RemoveApplication(ctx, tx, app.ID)
		if fault.Is(err, fault.NotFound, fault.Application) {
			return noApplication(arn)
		}
		return err
	})
}

// RemoveApplication deletes an application with its assignments in the caller's transaction. It checks no permission.
func RemoveApplication(ctx context.Context, tx *store.Tx, id string) error {
	all, err := store.Assignments.InAccount(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, a := range all {
		if err := store.Assignments.Delete(tx, a.ID()); err != nil {
			return err
		}
	}
	return store.Applications.Delete(tx, id)
}
