package oauth

import (
	"slices"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

const actionCreate = "sso-oauth:CreateTokenWithIAM"

// application finds the application for which a principal requests tokens.
func application(call *control.Call, id string) (*sso.Application, error) {
	app := call.Snapshot.Application(id)
	if app == nil {
		return nil, fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientUnknown,
			"the application does not exist")
	}
	return app, nil
}

// mayAsk checks that the caller may request tokens for the application, and that the application may have tokens. The
// application's actor policy must name the caller or its account, whatever the caller's own policies allow.
func mayAsk(call *control.Call, app *sso.Application) error {
	if err := mayAct(call, app); err != nil {
		return err
	}
	center := call.Snapshot.IdentityCenter(app.Account)
	switch {
	case center == nil || center.ID != app.InstanceID:
		return fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientUnknown,
			"the application's Identity Center instance is deleted")
	case app.Disabled:
		return fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientDisabled, "the application is disabled")
	}
	return nil
}

func mayAct(call *control.Call, app *sso.Application) error {
	denied := func(because string) *fault.Error {
		return fault.Refuse(fault.Denied, "", fault.ActorNotAllowed, "%s", caller.Denial{
			User: call.ARN(), Action: actionCreate, Resource: app.ARN(), Because: because,
		})
	}
	if call.IsVended() {
		return denied(policy.NoSessionPolicy(actionCreate).Because())
	}
	if call.Session != nil && call.Session.Asserted != "" {
		return fault.Refuse(fault.Denied, "", fault.AssertionNotCarried,
			"a session that acts for a user whom its maker named gets no tokens")
	}
	actor, err := call.Snapshot.ActorPolicy(app.ARN())
	if err != nil {
		return denied("because the application's actor policy cannot be read").Because(err)
	}
	if actor == nil {
		return denied("because the application has no actor policy")
	}
	d := call.DecideActor(caller.Ask{
		Action: actionCreate, Resource: app.ARN(), ResourceAccount: app.Account, ResourcePolicy: actor,
		Values: control.Tagged(policy.Values{}, "aws:ResourceTag/", app.Tags),
	})
	if !d.Allowed {
		return denied(d.Because())
	}
	return nil
}

// grantOf returns the application's grant of a type.
func grantOf(call *control.Call, app *sso.Application, name string) (*sso.Grant, error) {
	known := []sso.GrantType{sso.AuthorizationCode, sso.RefreshToken, sso.JWTBearer, sso.TokenExchange}
	if !slices.Contains(known, sso.GrantType(name)) {
		return nil, fault.Refuse(fault.Unsupported, fault.ApplicationGrant, fault.GrantTypeUnknown,
			"there is no such grant type")
	}
	g := app.Grant(sso.GrantType(name))
	if g == nil {
		return nil, fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.GrantTypeNotConfigured,
			"the application may not use this grant type")
	}
	return g, nil
}

// BaseScopes are allowed for every application.
var BaseScopes = []string{"sts:identity_context", "openid", "aws"}

// grantedScopes returns the scopes of the tokens. They are the requested scopes, all of which must be allowed, or all
// allowed scopes if none was requested. had are the scopes of the presented token: its exchange never adds to them.
func grantedScopes(call *control.Call, app *sso.Application, asked, had []string) ([]string, error) {
	own := make([]string, 0, len(app.Scopes))
	for _, s := range app.Scopes {
		if had == nil || slices.Contains(had, s.Name) {
			own = append(own, s.Name)
		}
	}
	for _, a := range asked {
		if !slices.Contains(own, a) && !slices.Contains(BaseScopes, a) {
			return nil, fault.Refuse(fault.Invalid, fault.AccessScope, fault.ScopeNotConfigured,
				"the application cannot have a scope that was asked for")
		}
	}
	if len(asked) > 0 {
		own = slices.DeleteFunc(own, func(s string) bool { return !slices.Contains(asked, s) })
	}
	return slices.Concat(BaseScopes[:1], own, BaseScopes[1:]), nil
}
