package identitycenter

import (
	"context"
	"net/url"
	"slices"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// PutGrant gives an application a grant, a way to get tokens. It replaces the application's grant of the same type.
func (c *Center) PutGrant(ctx context.Context, call *control.Call, arn string, g sso.Grant) error {
	app, err := ownApplication(call, "sso:PutApplicationGrant", arn)
	if err != nil {
		return err
	}
	if err := checkGrant(&g); err != nil {
		return err
	}
	return c.change(ctx, call, app, func(tx *store.Tx, a *sso.Application) error {
		for _, from := range g.Issuers {
			r, _ := sso.ParseARN(from.IssuerARN)
			i, err := store.Issuers.Get(ctx, tx, r.ID)
			if fault.Is(err, fault.NotFound, fault.TokenIssuer) ||
				err == nil && (i.ARN() != from.IssuerARN || i.Account != a.Account) {
				return noIssuer(from.IssuerARN)
			}
			if err != nil {
				return err
			}
		}
		if old := a.Grant(g.Type); old != nil {
			*old = g
		} else {
			a.Grants = append(a.Grants, g)
		}
		return nil
	})
}

// checkGrant checks a grant for what the constraints of the model leave open.
func checkGrant(g *sso.Grant) error {
	invalid := func(format string, args ...any) error {
		return fault.New(fault.Invalid, fault.ApplicationGrant, format, args...)
	}
	switch g.Type {
	case sso.AuthorizationCode:
		if len(g.RedirectURIs) == 0 {
			return invalid("An authorization_code grant needs RedirectUris")
		}
		for _, s := range g.RedirectURIs {
			// RFC 6749, 3.1.2: absolute and without a fragment.
			if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
				u.Fragment != "" || u.User != nil {
				return invalid("The redirect URI %q is not an absolute http or https URI without a fragment", s)
			}
		}
	case sso.JWTBearer:
		if len(g.Issuers) == 0 {
			return invalid("A jwt-bearer grant needs AuthorizedTokenIssuers")
		}
		for n, i := range g.Issuers {
			switch {
			case i.IssuerARN == "":
				return invalid("An authorized token issuer needs a TrustedTokenIssuerArn")
			case len(i.Audiences) == 0:
				return invalid("The authorized token issuer %s needs AuthorizedAudiences", i.IssuerARN)
			case slices.ContainsFunc(g.Issuers[:n], func(o sso.AuthorizedIssuer) bool { return o.IssuerARN == i.IssuerARN }):
				return invalid("The authorized token issuer %s is there twice", i.IssuerARN)
			}
		}
	}
	return nil
}

// Grant returns one grant of an application.
func (c *Center) Grant(call *control.Call, arn string, t sso.GrantType) (*sso.Grant, error) {
	app, err := application(call, "sso:GetApplicationGrant", arn)
	if err != nil {
		return nil, err
	}
	if g := app.Grant(t); g != nil {
		return g, nil
	}
	return nil, noGrant(t)
}

func noGrant(t sso.GrantType) error {
	return fault.New(fault.NotFound, fault.ApplicationGrant, "The application has no grant of type %s", t)
}

// Grants lists the grants of an application in the order of their creation. They fit on one page.
func (c *Center) Grants(call *control.Call, arn, token string) ([]sso.Grant, error) {
	app, err := application(call, "sso:ListApplicationGrants", arn)
	if err != nil {
		return nil, err
	}
	if err := checkToken(c.Control, token, listName(call, "ListApplicationGrants", arn)); err != nil {
		return nil, err
	}
	return app.Grants, nil
}

// DeleteGrant removes a grant from an application.
func (c *Center) DeleteGrant(ctx context.Context, call *control.Call, arn string, t sso.GrantType) error {
	app, err := ownApplication(call, "sso:DeleteApplicationGrant", arn)
	if err != nil {
		return err
	}
	return c.change(ctx, call, app, func(_ *store.Tx, a *sso.Application) error {
		n := len(a.Grants)
		a.Grants = slices.DeleteFunc(a.Grants, func(g sso.Grant) bool { return g.Type == t })
		if len(a.Grants) == n {
			return noGrant(t)
		}
		return nil
	})
}
