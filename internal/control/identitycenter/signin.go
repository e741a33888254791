package identitycenter

import (
	"context"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// DefaultSignInScopes are the scopes that are asked of a provider by default: the person's name and e-mail address.
var DefaultSignInScopes = []string{"openid", "email", "profile"}

// NewSignIn is what PutSignIn takes. A nil ClientSecret keeps the present secret, if provider and client stay the same.
// An empty one removes it.
type NewSignIn struct {
	IssuerURL, ClientID                      string
	ClientSecret                             *credential.Secret
	Scopes                                   []string // none: DefaultSignInScopes; openid is added when it is missing
	Application, ApplicationRole, BearerRole string   // ARNs
	CreateUsers                              bool     // see sso.SignIn
	GroupsClaim                              string
}

// PutSignIn sets how people of the caller's account sign in. It replaces earlier settings. Application, issuer and
// roles must be the account's own, because these settings tell every person's machine where to send its token.
func (c *Center) PutSignIn(ctx context.Context, call *control.Call, in NewSignIn) error {
	if err := mayOwn(call, "latchkey:PutSignIn"); err != nil {
		return err
	}
	if err := in.check(call); err != nil {
		return err
	}
	scopes := in.Scopes
	if len(scopes) == 0 {
		scopes = DefaultSignInScopes
	}
	if !slices.Contains(scopes, "openid") {
		scopes = slices.Concat([]string{"openid"}, scopes)
	}
	made := &sso.SignIn{
		Account: call.Account, IssuerURL: in.IssuerURL, ClientID: in.ClientID, Scopes: scopes,
		Application: in.Application, ApplicationRole: in.ApplicationRole, BearerRole: in.BearerRole,
		CreateUsers: in.CreateUsers, GroupsClaim: in.GroupsClaim,
	}
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		old, err := store.SignIns.Get(ctx, tx, string(call.Account))
		isNew := fault.Is(err, fault.NotFound, fault.SignIn)
		if err != nil && !isNew {
			return err
		}
		switch {
		case in.ClientSecret != nil && in.ClientSecret.Reveal() != "":
			made.Sealed = c.Control.Ring.Seal(sso.SignInPurpose(call.Account), []byte(in.ClientSecret.Reveal()))
		case in.ClientSecret == nil && !isNew && old.IssuerURL == in.IssuerURL && old.ClientID == in.ClientID:
			made.Sealed = old.Sealed
		}
		if isNew {
			made.ID = uuid.NewString()
			return store.SignIns.Insert(tx, made)
		}
		made.ID = old.ID
		return store.SignIns.Update(tx, made)
	})
}

func (in *NewSignIn) check(call *control.Call) error {
	invalid := func(format string, args ...any) error {
		return fault.New(fault.Invalid, fault.SignIn, format, args...)
	}
	if u, err := url.Parse(in.IssuerURL); err != nil || u.Host == "" || u.User != nil ||
		u.Scheme != "https" && u.Scheme != "http" {
		return invalid("The IssuerUrl %s is not the URL of an issuer", in.IssuerURL)
	}
	if call.Snapshot.IssuerByURL(call.Account, in.IssuerURL) == nil {
		return invalid("There is no trusted token issuer with the IssuerUrl %s in account %s", in.IssuerURL, call.Account)
	}
	app := call.Snapshot.Application(in.Application)
	if app == nil || app.Account != call.Account || app.ServiceOwned() {
		return invalid("%s is not a custom application of account %s", in.Application, call.Account)
	}
	for _, arn := range []string{in.ApplicationRole, in.BearerRole} {
		p, ok := iam.ParsePrincipalARN(arn)
		if !ok || !p.Role || p.Account != call.Account {
			return invalid("%s is not the ARN of a role of account %s", arn, call.Account)
		}
		if r := call.Snapshot.RoleByName(call.Account, p.Name); r == nil || r.ARN() != arn {
			return invalid("The role %s does not exist", arn)
		}
	}
	return nil
}

// SignIn returns how people of the caller's account sign in. It fails with NotFound when that is not set.
func (c *Center) SignIn(call *control.Call) (*sso.SignIn, error) {
	if err := mayOwn(call, "latchkey:GetSignIn"); err != nil {
		return nil, err
	}
	if s := call.Snapshot.SignIn(call.Account); s != nil {
		return s, nil
	}
	return nil, noSignIn(call)
}

// DeleteSignIn deletes the settings of how people of the caller's account sign in. It ends every sign-in that was made
// by them, for good: settings that are made later have another id.
func (c *Center) DeleteSignIn(ctx context.Context, call *control.Call) error {
	if err := mayOwn(call, "latchkey:DeleteSignIn"); err != nil {
		return err
	}
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		err := store.SignIns.Delete(tx, string(call.Account))
		if fault.Is(err, fault.NotFound, fault.SignIn) {
			return noSignIn(call)
		}
		return err
	})
}

func noSignIn(call *control.Call) error {
	return fault.New(fault.NotFound, fault.SignIn, "Sign-in is not set up in account %s", call.Account)
}

// mayOwn checks an action on the caller's own account.
func mayOwn(call *control.Call, action string) error {
	return call.May(action, "*", policy.Values{}, nil, call.Account)
}
