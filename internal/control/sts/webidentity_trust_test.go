package sts_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

func failing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }

// may checks what a session may do.
func may(t *testing.T, w *world, v *sts.Vouched, action string, want bool) {
	t.Helper()
	call := w.by(controltest.KeysOf(v.Credentials))
	if got := call.Decide(caller.Ask{Action: action, Resource: "*", ResourceAccount: account}); got.Allowed != want {
		t.Errorf("%s: %s", action, got.Explain())
	}
}

func TestWebIdentityConditions(t *testing.T) {
	w := newWebWorld(t)
	issued := map[string]any{"azp": "app", "aud": []string{"account", "lake"}, "amr": []string{"pwd", "mfa"}}
	n := 0
	for name, c := range map[string]struct {
		conditions string
		claims     map[string]any
		want       bool
	}{
		"the audience":              {`"StringEquals":{"KEY:aud":"app"}`, nil, true},
		"another audience":          {`"StringEquals":{"KEY:aud":"other"}`, nil, false},
		"a key of another provider": {`"StringEquals":{"idp.example.org:sub":"` + pod + `"}`, nil, false},
		"a pattern of subjects": {`"StringLike":{"KEY:sub":"system:serviceaccount:default:*"}`, nil,
			true},
		"the client in place of the audience":   {`"StringEquals":{"KEY:aud":"app","KEY:azp":"app"}`, issued, true},
		"the audience behind the client":        {`"ForAnyValue:StringEquals":{"KEY:oaud":"lake"}`, issued, true},
		"the audience as such beside a client":  {`"StringEquals":{"KEY:aud":"lake"}`, issued, false},
		"a client that is not said":             {`"StringEquals":{"KEY:azp":"app"}`, nil, false},
		"how the person signed in":              {`"ForAnyValue:StringEquals":{"KEY:amr":"mfa"}`, issued, true},
		"another way than the person signed in": {`"ForAnyValue:StringEquals":{"KEY:amr":"hwk"}`, issued, false},
		"the session's name":                    {`"StringEquals":{"sts:RoleSessionName":"session"}`, nil, true},
		"another session's name":                {`"StringEquals":{"sts:RoleSessionName":"x"}`, nil, false},
		"the provider": {`"StringEquals":{"aws:FederatedProvider":"` + w.provider.ARN() + `"}`,
			nil, true},
		"a claim that is no condition key": {`"StringEquals":{"KEY:email":"a@example.org"}`,
			map[string]any{"email": "a@example.org"}, false},
		"a claim that poses as a key of the request": {`"StringEquals":{"sts:RoleSessionName":"x"}`,
			map[string]any{"sts:RoleSessionName": "x"}, false},
		"a tag that is not sent": {`"StringEquals":{"aws:RequestTag/team":"a"}`, nil, false},
	} {
		n++
		role := w.roleWith(principals.NewRole{
			Name:  "r" + string(rune('a'+n)),
			Trust: w.trust("sts:AssumeRoleWithWebIdentity", strings.ReplaceAll(c.conditions, "KEY", w.provider.Name())),
		})
		t.Run(name, func(t *testing.T) {
			_, err := w.ask(w.token(c.claims), sts.WebIdentity{RoleARN: role.ARN()})
			if c.want {
				must(t, err)
				return
			}
			refused(t, err, fault.Denied, notTrusted)
		})
	}
}

func TestWebIdentityTrustNames(t *testing.T) {
	w := newWebWorld(t)
	away := w.register(w.otherRoot, "app")
	statement := func(effect, principal, action string) string {
		return `{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"` + action + `"}`
	}
	federated := func(arn string) string { return `{"Federated":"` + arn + `"}` }
	allowed := statement("Allow", federated(w.provider.ARN()), "sts:AssumeRoleWithWebIdentity")
	for name, c := range map[string]struct {
		statements string
		want       bool
	}{
		"the provider":                 {allowed, true},
		"everybody, which no token is": {statement("Allow", `"*"`, "sts:AssumeRoleWithWebIdentity"), false},
		"the account": {statement("Allow", `{"AWS":"123456789012"}`,
			"sts:AssumeRoleWithWebIdentity"), false},
		"the same issuer of another account": {statement("Allow", federated(away.ARN()), "sts:AssumeRoleWithWebIdentity"),
			false},
		"the issuer's host alone": {statement("Allow", federated(w.provider.Name()),
			"sts:AssumeRoleWithWebIdentity"), false},
		"the provider, for another action": {statement("Allow", federated(w.provider.ARN()), "sts:AssumeRole"), false},
		"the provider, and somebody denies it": {allowed + "," + statement("Deny", federated(w.provider.ARN()), "sts:*"),
			false},
		"the provider, and everybody is denied": {allowed + "," + statement("Deny", `"*"`, "sts:AssumeRoleWithWebIdentity"),
			false},
	} {
		t.Run(name, func(t *testing.T) {
			name := "n" + iam.NewID("")
			role := w.roleWith(principals.NewRole{
				Name:  name,
				Trust: `{"Version":"2012-10-17","Statement":[` + c.statements + `]}`,
			})
			_, err := w.ask(w.token(nil), sts.WebIdentity{RoleARN: role.ARN()})
			if c.want {
				must(t, err)
				return
			}
			refused(t, err, fault.Denied, notTrusted)
		})
	}
}

func TestWebIdentityTags(t *testing.T) {
	w := newWebWorld(t)
	const plain, tagging = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity sts:TagSession"
	untagged := w.roleWith(principals.NewRole{Name: "untagged", Trust: w.trust(plain, ``)})
	tagged := w.roleWith(principals.NewRole{
		Name:  "tagged",
		Trust: w.trust(tagging, `"StringEquals":{"aws:RequestTag/team":"a"}`),
	})
	const claim = "https://aws.amazon.com/tags"
	object := map[string]any{claim: map[string]any{
		"principal_tags":      map[string]any{"team": []string{"a"}, "site": []string{"berlin"}},
		"transitive_tag_keys": []string{"team"},
	}}
	flat := map[string]any{
		claim + "/principal_tags/team": "a",
		claim + "/principal_tags/site": "berlin",
		claim + "/transitive_tag_keys": []string{"team"},
	}
	for name, claims := range map[string]map[string]any{"in one claim": object, "each in its own claim": flat} {
		t.Run(name, func(t *testing.T) {
			keys, v := w.get(tagged, claims)
			s := w.by(keys).Session
			if len(s.Tags) != 2 || s.Tags["team"] != "a" || s.Tags["site"] != "berlin" ||
				!slices.Equal(s.TransitiveTagKeys, []string{"team"}) || v.PackedSize < 1 {
				t.Errorf("%v %v %d", s.Tags, s.TransitiveTagKeys, v.PackedSize)
			}
			_, err := w.ask(w.token(claims), sts.WebIdentity{RoleARN: untagged.ARN()})
			refused(t, err, fault.Denied, "Not authorized to perform sts:TagSession")
		})
	}
	for name, c := range map[string]struct {
		tags any
		kind fault.Kind
	}{
		"no object":               {"team", fault.Denied},
		"tags that are no object": {map[string]any{"principal_tags": []string{"team"}}, fault.Denied},
		"a tag with two values": {map[string]any{"principal_tags": map[string]any{"team": []string{"a", "b"}}},
			fault.Denied},
		"a tag that is a number":   {map[string]any{"principal_tags": map[string]any{"team": 1}}, fault.Denied},
		"a tag that breaks a line": {map[string]any{"principal_tags": map[string]any{"team": "a\n"}}, fault.Denied},
		"a reserved tag":           {map[string]any{"principal_tags": map[string]any{"aws:team": "a"}}, fault.Invalid},
		"a tag in two cases": {map[string]any{"principal_tags": map[string]any{"team": "a", "Team": "a"}},
			fault.Invalid},
		"an empty key": {map[string]any{"principal_tags": map[string]any{"": "a"}}, fault.Invalid},
		"keys that are no list": {map[string]any{"principal_tags": map[string]any{"team": "a"}, "transitive_tag_keys": 7},
			fault.Denied},
		"a key that is no tag": {map[string]any{
			"principal_tags":      map[string]any{"team": "a"},
			"transitive_tag_keys": []string{"x"},
		}, fault.Invalid},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := w.ask(w.token(map[string]any{claim: c.tags}), sts.WebIdentity{RoleARN: tagged.ARN()})
			refused(t, err, c.kind, "")
		})
	}
}

func TestWebIdentitySourceIdentity(t *testing.T) {
	w := newWebWorld(t)
	const claim = "https://aws.amazon.com/source_identity"
	plain := w.roleWith(principals.NewRole{Name: "plain", Trust: w.trust("sts:AssumeRoleWithWebIdentity", ``)})
	role := w.roleWith(principals.NewRole{
		Name: "sourced",
		Trust: w.trust("sts:AssumeRoleWithWebIdentity sts:SetSourceIdentity",
			`"StringEquals":{"sts:SourceIdentity":"alice"}`),
	})
	keys, v := w.get(role, map[string]any{claim: "alice"})
	if v.SourceIdentity != "alice" || w.by(keys).SourceIdentity() != "alice" {
		t.Errorf("%+v", v)
	}
	_, err := w.ask(w.token(map[string]any{claim: "alice"}), sts.WebIdentity{RoleARN: plain.ARN()})
	refused(t, err, fault.Denied, "Not authorized to perform sts:SetSourceIdentity")
	for name, value := range map[string]any{
		"empty":        "",
		"a number":     7,
		"with a space": "a b",
		"reserved":     "aws:a",
		"too long":     strings.Repeat("a", 65),
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := w.ask(w.token(map[string]any{claim: value}), sts.WebIdentity{RoleARN: role.ARN()})
			if !fault.Is(err, fault.Denied, fault.IdentityToken) {
				t.Errorf("%v", err)
			}
		})
	}
}
