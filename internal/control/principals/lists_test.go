package principals_test

import (
	"testing"

	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
)

// TestListsAreAuthorisedOnTheirPath checks on which resources a policy admits to IAM's lists: on those that AWS names
// when it refuses, with the path prefix of the request.
func TestListsAreAuthorisedOnTheirPath(t *testing.T) {
	w := newWorld(t)
	users := func(prefix string) func(*control.Call) error {
		return func(c *control.Call) error {
			_, err := w.ListUsers(c, prefix, principals.Ask{})
			return err
		}
	}
	roles := func(prefix string) func(*control.Call) error {
		return func(c *control.Call) error {
			_, err := w.ListRoles(c, prefix, principals.Ask{})
			return err
		}
	}
	policies := func(prefix string) func(*control.Call) error {
		return func(c *control.Call) error {
			_, err := w.ListPolicies(c, principals.PolicyFilter{PathPrefix: prefix}, principals.Ask{})
			return err
		}
	}
	profiles := func(prefix string) func(*control.Call) error {
		return func(c *control.Call) error { return w.ListInstanceProfiles(c, prefix) }
	}
	providers := func(c *control.Call) error {
		_, err := w.OIDCProviders(c)
		return err
	}
	_, k := w.user("lister", "")
	for _, c := range []struct {
		resource string
		list     func(*control.Call) error
		refusal  string // the resource that a refusal names; empty: allowed
	}{
		{"user/*", users(""), ""},
		{"user/", users(""), ""},
		{"user/", users("/"), ""},
		{"user/*", users("/a/"), ""},
		{"user/a/*", users("/a/"), ""},
		{"user/a/*", users("/a/b"), ""},
		{"user/a/*", users(""), iamARN + "user/"},
		{"user/a/*", users("/a"), iamARN + "user/a"},
		{"user/a/*", users("/b/"), iamARN + "user/b/"},
		{"user/alice", users(""), iamARN + "user/"},
		{"role/*", users(""), iamARN + "user/"},
		{"role/*", roles(""), ""},
		{"role/team/*", roles("/team/"), ""},
		{"role/team/*", roles(""), iamARN + "role/"},
		{"user/*", roles(""), iamARN + "role/"},
		{"instance-profile/*", profiles(""), ""},
		{"instance-profile/p/*", profiles("/p/"), ""},
		{"instance-profile/p/*", profiles(""), iamARN + "instance-profile/"},
		{"oidc-provider/*", providers, ""},
		{"oidc-provider/token.example.org", providers, iamARN + "oidc-provider/*"},
		{"policy/*", policies(""), "policy path /"},
		{"*", policies("/a/"), "policy path /a/"}, // iamARN + "*"
	} {
		document := allow("iam:List*", iamARN+c.resource)
		must(t, w.PutInline(t.Context(), w.asRoot(), principals.UserNamed("lister"), "p", document))
		err := c.list(w.by(k))
		if c.refusal == "" {
			must(t, err)
		} else {
			refused(t, err, fault.Denied, "on resource: "+c.refusal+" because")
		}
	}
}
