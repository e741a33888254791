package grants_test

import (
	"fmt"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	sts "latchkey/internal/control/sts"
	"latchkey/internal/fault"
)

// list is one list operation, a page of two at a time.
type list func(c *control.Call, filter, token string) (names []string, next string, err error)

func lists(w *world) map[string]list {
	return map[string]list{
		"ListAccessGrants": func(c *control.Call, filter, token string) (names []string, next string, err error) {
			page, err := w.G.Grants(w.t.Context(), c, grants.GrantFilter{ApplicationARN: filter}, token, 2)
			if err != nil {
				return nil, "", err
			}
			for _, g := range page.Grants {
				names = append(names, g.Scope.String())
			}
			return names, page.Next, nil
		},
		"ListCallerAccessGrants": func(c *control.Call, filter, token string) (names []string, next string, err error) {
			page, err := w.G.CallerGrants(c, filter, false, token, 2)
			if err != nil {
				return nil, "", err
			}
			for _, g := range page.Grants {
				names = append(names, g.Scope.String())
			}
			return names, page.Next, nil
		},
		"ListAccessGrantsLocations": func(c *control.Call, filter, token string) (names []string, next string, err error) {
			page, err := w.G.Locations(c, filter, token, 2)
			if err != nil {
				return nil, "", err
			}
			for _, l := range page.Locations {
				names = append(names, l.Scope.String())
			}
			return names, page.Next, nil
		},
	}
}

// listWorld has five grants of user u, who may do everything, and five locations.
func listWorld(t *testing.T) *world {
	w := newWorld(t)
	w.policy(w.root, "u", allow("*", "*"))
	for i := range 5 {
		w.grant(iamARN+"user/u", fmt.Sprintf("lake/%d/*", i), access.Read)
	}
	for i := range 4 {
		w.location(fmt.Sprintf("s3://lake/%d/*", i), "lake")
	}
	return w
}

func TestListsComeInPagesInTheOrderOfCreation(t *testing.T) {
	w := listWorld(t)
	for name, list := range lists(w) {
		t.Run(name, func(t *testing.T) {
			var all []string
			token := ""
			for pages := 1; ; pages++ {
				names, next, err := list(w.as(w.keys), "", token)
				must(t, err)
				all = append(all, names...)
				if token = next; token == "" {
					if pages != 3 {
						t.Errorf("%d pages", pages)
					}
					break
				}
			}
			want := []string{"s3://lake/0/*", "s3://lake/1/*", "s3://lake/2/*", "s3://lake/3/*", "s3://lake/4/*"}
			if name == "ListAccessGrantsLocations" {
				want = append([]string{"s3://"}, want[:4]...)
			}
			if fmt.Sprint(all) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", all, want)
			}
		})
	}
}

func TestAttack36_PageTokensOpenOneListOnly(t *testing.T) {
	w := listWorld(t)
	_, second := w.user(w.root, "second", allow("*", "*"))
	_, stranger := w.user(w.otherRoot, "visitor", allow("*", "*"))
	_, err := w.G.CreateInstance(t.Context(), w.as(w.otherRoot), "", nil)
	must(t, err)
	w.share(sharing("s3:ListAccessGrants s3:ListAccessGrantsLocations s3:ListCallerAccessGrants", "444455556666"))
	all := lists(w)
	tokens := map[string]string{}
	for name, list := range all {
		_, next, err := list(w.as(w.keys), "", "")
		must(t, err)
		tokens[name] = next
	}
	for name, list := range all {
		bad := func(what string, c *control.Call, filter, token string) {
			t.Run(name+" refuses "+what, func(t *testing.T) {
				_, _, err := list(c, filter, token)
				refused(t, err, fault.Invalid, fault.NextToken, "InvalidRequest", 400)
			})
		}
		token := tokens[name]
		for other := range all {
			if other != name {
				bad("the token of "+other, w.as(w.keys), "", tokens[other])
			}
		}
		bad("the token of another principal", w.as(second), "", token)
		bad("the token of the root user", w.as(w.root), "", token)
		bad("another account's token", w.on(other, stranger), "", token)
		bad("a token taken over accounts", w.on(account, stranger), "", token)
		bad("the token of another filter", w.as(w.keys), "s3://lake", token)
		c := w.as(w.keys)
		c.Facts.Region = "eu-west-1"
		if _, _, err := list(c, "", token); err == nil {
			t.Errorf("%s takes the token of another region", name)
		}
		flipped := []byte(token)
		flipped[len(flipped)/2] ^= 1
		for what, text := range map[string]string{
			"garbage":         "garbage",
			"base64":          "AAAA",
			"a changed token": string(flipped),
			"a longer token":  token + "AA",
			"a shorter token": token[:len(token)-2],
		} {
			bad(what, w.as(w.keys), "", text)
		}
	}
	t.Run("ListAccessGrantsInstances refuses every token", func(t *testing.T) {
		for _, token := range tokens {
			_, err := w.G.Instances(w.as(w.keys), token)
			refused(t, err, fault.Invalid, fault.NextToken, "InvalidRequest", 400)
		}
	})
	t.Run("a filter cannot borrow from its neighbour", func(t *testing.T) {
		one := grants.GrantFilter{Scope: "a\x00b"}
		two := grants.GrantFilter{Scope: "a", ApplicationARN: "b"}
		page, err := w.G.Grants(t.Context(), w.as(w.keys), grants.GrantFilter{GranteeID: iamARN + "user/u"}, "", 1)
		must(t, err)
		for _, f := range []grants.GrantFilter{one, two} {
			_, err := w.G.Grants(t.Context(), w.as(w.keys), f, page.Next, 1)
			refused(t, err, fault.Invalid, fault.NextToken, "InvalidRequest", 400)
		}
	})
}

func TestAttack36_ACallerSeesItsOwnGrantsOnly(t *testing.T) {
	w := newWorld(t)
	const list = "s3:ListCallerAccessGrants"
	_, second := w.user(w.root, "second", allow(list, "*"))
	_, none := w.user(w.root, "none", allow(list, "*"))
	w.role("etl", trusting(w.u.ARN()), 0)
	must(t, w.IAM.PutInline(t.Context(), w.as(w.root), principals.RoleNamed("etl"), "p", allow(list, "*")))
	w.grant(iamARN+"user/u", "lake/u/*", access.Read)
	w.grant(iamARN+"user/u", "pond/u/*", access.Write)
	w.grant(iamARN+"user/second", "lake/second/*", access.ReadWrite)
	w.grant(iamARN+"role/etl", "lake/etl/*", access.Read)
	see := func(k controltest.Keys, prefix string) string {
		t.Helper()
		page, err := w.G.CallerGrants(w.as(k), prefix, false, "", 10)
		must(t, err)
		text := ""
		for _, g := range page.Grants {
			text += fmt.Sprintf("%s %s %s;", g.Permission, g.Scope, g.ApplicationARN)
		}
		return text
	}
	for _, c := range []struct {
		who    string
		keys   controltest.Keys
		prefix string
		want   string
	}{
		{"097 a user", w.keys, "", "READ s3://lake/u/* NA;WRITE s3://pond/u/* NA;"},
		{"another user", second, "", "READWRITE s3://lake/second/* NA;"},
		{"a session of a role", w.assume(w.keys, "etl", sts.AssumeRole{}), "", "READ s3://lake/etl/* NA;"},
		{"the root user", w.root, "", ""},
		{"100 nobody", none, "", ""},
		{"098 the first characters of a scope", w.keys, "s3://po", "WRITE s3://pond/u/* NA;"},
		{"s3:// means everything", w.keys, "s3://", "READ s3://lake/u/* NA;WRITE s3://pond/u/* NA;"},
		{"the prefix of another's grant", w.keys, "s3://lake/second", ""},
	} {
		t.Run(c.who, func(t *testing.T) {
			if got := see(c.keys, c.prefix); got != c.want {
				t.Errorf("sees %q, want %q", got, c.want)
			}
		})
	}
	t.Run("099 a prefix that is none", func(t *testing.T) {
		_, err := w.G.CallerGrants(w.as(w.keys), "lake/u", false, "", 10)
		refused(t, err, fault.Invalid, fault.Request, "InvalidRequest", 400)
	})
}

func TestPageSize(t *testing.T) {
	size := func(n int32) *int32 { return &n }
	for _, c := range []struct {
		asked *int32
		want  int
	}{{nil, 100}, {size(0), 100}, {size(1), 1}, {size(1000), 1000}} {
		if got, err := control.PageSize(c.asked, 100, 1000); err != nil || got != c.want {
			t.Errorf("%v: %d, %v", c.asked, got, err)
		}
	}
	for _, n := range []int32{-1, 1001} {
		_, err := control.PageSize(size(n), 100, 1000)
		refused(t, err, fault.Invalid, fault.Member, "InvalidRequest", 400)
	}
}
