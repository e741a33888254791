package principals_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

const (
	idpURL = "https://idp.example.org/realms/a"
	idpARN = iamARN + "oidc-provider/idp.example.org/realms/a"
	print  = "0123456789abcdefABCDEF012345678901234567"
)

// provider makes the provider of idpURL.
func (w *world) provider(clients ...string) *iam.OIDCProvider {
	w.t.Helper()
	p, err := w.CreateOIDCProvider(w.t.Context(), w.asRoot(), principals.NewOIDCProvider{URL: idpURL, ClientIDs: clients})
	must(w.t, err)
	return p
}

func (w *world) got() *iam.OIDCProvider {
	w.t.Helper()
	p, err := w.GetOIDCProvider(w.asRoot(), idpARN)
	must(w.t, err)
	return p
}

func TestOIDCProviders(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	made, err := w.CreateOIDCProvider(ctx, w.asRoot(), principals.NewOIDCProvider{
		URL:         idpURL,
		ClientIDs:   []string{"a", "b", "a"},
		Thumbprints: []string{print},
		Tags:        []iam.Tag{{Key: "team", Value: "data"}},
	})
	must(t, err)
	if made.ARN() != idpARN || !slices.Equal(made.ClientIDs, []string{"a", "b"}) || made.Created.IsZero() {
		t.Errorf("%+v", made)
	}
	all, err := w.OIDCProviders(w.asRoot())
	must(t, err)
	if len(all) != 1 || all[0].ID != made.ID {
		t.Errorf("%v", all)
	}
	for range 2 { // neither fails the second time
		must(t, w.AddOIDCClient(ctx, w.asRoot(), idpARN, "c"))
		must(t, w.RemoveOIDCClient(ctx, w.asRoot(), idpARN, "a"))
	}
	must(t, w.SetOIDCThumbprints(ctx, w.asRoot(), idpARN, nil))
	must(t, w.TagOIDCProvider(ctx, w.asRoot(), idpARN, []iam.Tag{{Key: "TEAM", Value: "x"}, {Key: "site", Value: "y"}}))
	must(t, w.UntagOIDCProvider(ctx, w.asRoot(), idpARN, []string{"site"}))
	p := w.got()
	if !slices.Equal(p.ClientIDs, []string{"b", "c"}) || len(p.Thumbprints) != 0 || p.URL != idpURL {
		t.Errorf("%+v", p)
	}
	tags, err := w.ListOIDCProviderTags(w.asRoot(), idpARN, principals.Ask{})
	must(t, err)
	if len(tags.Items) != 1 || tags.Items[0].Value != "x" {
		t.Errorf("%+v", tags)
	}
	for range 2 { // deleting what is not there is no mistake, as on AWS
		must(t, w.DeleteOIDCProvider(ctx, w.asRoot(), idpARN))
	}
	_, err = w.GetOIDCProvider(w.asRoot(), idpARN)
	refused(t, err, fault.NotFound, "OpenIDConnect Provider not found for arn "+idpARN)
}

func TestOIDCProviderRefused(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.provider("a")
	ids := make([]string, 101)
	for i := range ids {
		ids[i] = fmt.Sprint("client-", i)
	}
	const url = "https://other.example.org"
	for name, x := range map[string]struct {
		in   principals.NewOIDCProvider
		kind fault.Kind
		text string
	}{
		"the same URL": {principals.NewOIDCProvider{URL: idpURL}, fault.AlreadyExists,
			"Provider with url " + idpURL + " already exists."},
		"no URL": {principals.NewOIDCProvider{}, fault.Invalid, "Invalid Open ID Connect Provider URL"},
		"no scheme": {principals.NewOIDCProvider{URL: "idp.example.org"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"another scheme": {principals.NewOIDCProvider{URL: "ldap://idp.example.org"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"no TLS": {principals.NewOIDCProvider{URL: "http://idp.example.org"}, fault.Invalid,
			"it must begin with https://"},
		"a query": {principals.NewOIDCProvider{URL: url + "?a=b"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"an empty query": {principals.NewOIDCProvider{URL: url + "?"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"a fragment": {principals.NewOIDCProvider{URL: url + "#a"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"a user": {principals.NewOIDCProvider{URL: "https://u:p@idp.example.org"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"a wildcard": {principals.NewOIDCProvider{URL: url + "/*"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"a policy variable": {principals.NewOIDCProvider{URL: url + "/${aws:userid}"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"a space": {principals.NewOIDCProvider{URL: url + "/a b"}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"the discovery document": {principals.NewOIDCProvider{URL: url + "/.well-known/openid-configuration"},
			fault.Invalid, "it must be the issuer itself"},
		"a URL that is too long": {principals.NewOIDCProvider{URL: url + "/" + strings.Repeat("a", 255)}, fault.Invalid,
			"Invalid Open ID Connect Provider URL"},
		"too many clients": {principals.NewOIDCProvider{URL: url, ClientIDs: ids}, fault.LimitExceeded,
			"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"},
		"a client without a name": {principals.NewOIDCProvider{URL: url, ClientIDs: []string{""}}, fault.Invalid,
			"clientID"},
		"a client of 256 letters": {principals.NewOIDCProvider{URL: url, ClientIDs: []string{strings.Repeat("a", 256)}},
			fault.Invalid, "clientID"},
		"too many thumbprints": {principals.NewOIDCProvider{URL: url, Thumbprints: slices.Repeat([]string{print}, 6)},
			fault.Invalid, "Thumbprint list must contain fewer than"},
		"a thumbprint of 39 digits": {principals.NewOIDCProvider{URL: url, Thumbprints: []string{print[1:]}}, fault.Invalid,
			"thumbprintList"},
		"a thumbprint with a g": {principals.NewOIDCProvider{URL: url, Thumbprints: []string{"g" + print[1:]}}, fault.Invalid,
			"thumbprintList"},
		"a tag twice": {principals.NewOIDCProvider{URL: url, Tags: []iam.Tag{{Key: "a"}, {Key: "A"}}}, fault.Invalid,
			"Duplicate"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.CreateOIDCProvider(ctx, w.asRoot(), x.in)
			refused(t, err, x.kind, x.text)
		})
	}
	t.Run("a hundred and first client", func(t *testing.T) {
		for _, id := range ids[:99] {
			must(t, w.AddOIDCClient(ctx, w.asRoot(), idpARN, id))
		}
		refused(t, w.AddOIDCClient(ctx, w.asRoot(), idpARN, "one more"), fault.LimitExceeded,
			"ClientIdsPerOpenIdConnectProvider")
		if n := len(w.got().ClientIDs); n != 100 {
			t.Errorf("%d clients", n)
		}
	})
	t.Run("thumbprints that cannot be", func(t *testing.T) {
		refused(t, w.SetOIDCThumbprints(ctx, w.asRoot(), idpARN, []string{"x"}), fault.Invalid, "thumbprintList")
		if got := w.got().Thumbprints; len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("a hundred and first provider", func(t *testing.T) {
		for i := range 99 {
			_, err := w.CreateOIDCProvider(ctx, w.asRoot(), principals.NewOIDCProvider{URL: fmt.Sprint(url, "/", i)})
			must(t, err)
		}
		_, err := w.CreateOIDCProvider(ctx, w.asRoot(), principals.NewOIDCProvider{URL: url})
		refused(t, err, fault.LimitExceeded, "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100")
		_, err = w.CreateOIDCProvider(ctx, w.by(w.otherRoot), principals.NewOIDCProvider{URL: url})
		must(t, err)
	})
	for name, arn := range map[string]string{"a role's ARN": iamARN +
		"role/r", "no ARN": "idp", "an ARN without a name": iamARN + "oidc-provider/"} {
		t.Run(name, func(t *testing.T) {
			_, err := w.GetOIDCProvider(w.asRoot(), arn)
			refused(t, err, fault.Invalid, "Invalid ARN")
		})
	}
	t.Run("the provider of another account", func(t *testing.T) {
		_, err := w.GetOIDCProvider(w.by(w.otherRoot), idpARN)
		refused(t, err, fault.Denied, "")
		_, err = w.GetOIDCProvider(w.by(w.otherRoot), strings.Replace(idpARN, string(account), string(other), 1))
		refused(t, err, fault.NotFound, "")
		refused(t, w.DeleteOIDCProvider(ctx, w.by(w.otherRoot), idpARN), fault.Denied, "")
		w.got()
	})
}

func TestPrivateIssuersMayBeWithoutTLS(t *testing.T) {
	w := newWorld(t)
	w.PrivateIssuers = true
	p, err := w.CreateOIDCProvider(t.Context(), w.asRoot(), principals.NewOIDCProvider{URL: "http://[::1]:4444/dex"})
	must(t, err)
	if p.ARN() != iamARN+"oidc-provider/[::1]:4444/dex" {
		t.Error(p.ARN())
	}
	_, err = w.CreateOIDCProvider(t.Context(), w.asRoot(), principals.NewOIDCProvider{URL: "https://[::1]:4444/dex"})
	refused(t, err, fault.AlreadyExists, "") // their ARNs would be the same
}

// oidcOperations act on the provider of idpURL, which exists.
func oidcOperations() []operation {
	const providers = iamARN + "oidc-provider/*"
	tags := []iam.Tag{{Key: "team", Value: "data"}}
	return []operation{
		{"iam:CreateOpenIDConnectProvider", iamARN + "oidc-provider/new.example.org",
			func(w *world, ctx context.Context, c *control.Call) error {
				_, err := w.CreateOIDCProvider(ctx, c, principals.NewOIDCProvider{URL: "https://new.example.org"})
				return err
			}},
		{"iam:GetOpenIDConnectProvider", idpARN, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.GetOIDCProvider(c, idpARN)
			return err
		}},
		{"iam:ListOpenIDConnectProviders", providers, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.OIDCProviders(c)
			return err
		}},
		{"iam:DeleteOpenIDConnectProvider", idpARN, func(w *world, ctx context.Context, c *control.Call) error {
			return w.DeleteOIDCProvider(ctx, c, idpARN)
		}},
		{"iam:UpdateOpenIDConnectProviderThumbprint", idpARN, func(w *world, ctx context.Context, c *control.Call) error {
			return w.SetOIDCThumbprints(ctx, c, idpARN, nil)
		}},
		{"iam:AddClientIDToOpenIDConnectProvider", idpARN, func(w *world, ctx context.Context, c *control.Call) error {
			return w.AddOIDCClient(ctx, c, idpARN, "b")
		}},
		{"iam:RemoveClientIDFromOpenIDConnectProvider", idpARN, func(w *world, ctx context.Context, c *control.Call) error {
			return w.RemoveOIDCClient(ctx, c, idpARN, "a")
		}},
		{"iam:TagOpenIDConnectProvider", idpARN, func(w *world, ctx context.Context, c *control.Call) error {
			return w.TagOIDCProvider(ctx, c, idpARN, tags)
		}},
		{"iam:UntagOpenIDConnectProvider", idpARN, func(w *world, ctx context.Context, c *control.Call) error {
			return w.UntagOIDCProvider(ctx, c, idpARN, []string{"team"})
		}},
		{"iam:ListOpenIDConnectProviderTags", idpARN, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.ListOIDCProviderTags(c, idpARN, principals.Ask{})
			return err
		}},
	}
}

func TestOIDCOperationsNeedTheirPermission(t *testing.T) {
	for _, op := range oidcOperations() {
		t.Run(op.action, func(t *testing.T) {
			w := newWorld(t)
			w.provider("a")
			_, with := w.user("with", allow(op.action, op.resource))
			_, without := w.user("without", "")
			err := op.do(w, t.Context(), w.by(without))
			refused(t, err, fault.Denied, "is not authorized to perform: "+op.action+" on resource: "+op.resource)
			must(t, op.do(w, t.Context(), w.by(with)))
		})
	}
	t.Run("tags of a create are an action of their own", func(t *testing.T) {
		w := newWorld(t)
		_, k := w.user("u", allow("iam:CreateOpenIDConnectProvider", "*"))
		_, err := w.CreateOIDCProvider(t.Context(), w.by(k),
			principals.NewOIDCProvider{URL: idpURL, Tags: []iam.Tag{{Key: "a", Value: "b"}}})
		refused(t, err, fault.Denied, "iam:TagOpenIDConnectProvider")
	})
}
