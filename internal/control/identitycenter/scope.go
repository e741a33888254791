package identitycenter

import (
	"context"
	"slices"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// PutScope gives an application an access scope, or gives that scope other targets.
func (c *Center) PutScope(ctx context.Context, call *control.Call, arn, name string, targets []string) error {
	app, err := ownApplication(call, "sso:PutApplicationAccessScope", arn)
	if err != nil {
		return err
	}
	return c.change(ctx, call, app, func(_ *store.Tx, a *sso.Application) error {
		if s := a.Scope(name); s != nil {
			s.Targets = targets
			return nil
		}
		if len(a.Scopes) >= c.Control.Quotas.AccessScopes {
			return quotaFault(fault.AccessScope, "access scopes of an application", c.Control.Quotas.AccessScopes)
		}
		a.NextScope++
		a.Scopes = append(a.Scopes, sso.AccessScope{Name: name, Targets: targets, Number: a.NextScope})
		return nil
	})
}

// Scope returns an access scope of an application.
func (c *Center) Scope(call *control.Call, arn, name string) (*sso.AccessScope, error) {
	app, err := application(call, "sso:GetApplicationAccessScope", arn)
	if err != nil {
		return nil, err
	}
	if s := app.Scope(name); s != nil {
		return s, nil
	}
	return nil, noScope(name)
}

func noScope(name string) error {
	return fault.New(fault.NotFound, fault.AccessScope, "The application has no access scope %s", name)
}

// Scopes lists the access scopes of an application in the order of their creation.
func (c *Center) Scopes(call *control.Call, arn string, at Cut) (Page[sso.AccessScope], error) {
	app, err := application(call, "sso:ListApplicationAccessScopes", arn)
	if err != nil {
		return Page[sso.AccessScope]{}, err
	}
	return cutPage(c.Control, at, app.Scopes, listName(call, "ListApplicationAccessScopes", arn),
		func(s sso.AccessScope) int64 { return s.Number })
}

// DeleteScope removes an access scope from an application.
func (c *Center) DeleteScope(ctx context.Context, call *control.Call, arn, name string) error {
	app, err := ownApplication(call, "sso:DeleteApplicationAccessScope", arn)
	if err != nil {
		return err
	}
	return c.change(ctx, call, app, func(_ *store.Tx, a *sso.Application) error {
		n := len(a.Scopes)
		a.Scopes = slices.DeleteFunc(a.Scopes, func(s sso.AccessScope) bool { return s.Name == name })
		if len(a.Scopes) == n {
			return noScope(name)
		}
		return nil
	})
}
