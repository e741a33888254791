package sts_test

import (
	"testing"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// context seals a delegation as an application would get it.
func (w *world) context(use credential.Use, d credential.Delegation, life time.Duration) sts.ProvidedContext {
	w.t.Helper()
	now := w.Now().UTC().Truncate(time.Second)
	s, err := w.Ring.SealDelegation(use, credential.SealedDelegation{Delegation: d, SignedIn: now, Expires: now.Add(life)})
	must(w.t, err)
	return sts.ProvidedContext{ProviderARN: sts.ContextProvider, Assertion: s}
}

func TestIdentityCase061_ContextMakesAnEnhancedSession(t *testing.T) {
	w := newWorld(t)
	r := w.role("bearer", "sts:AssumeRole sts:SetContext", w.u.ARN())
	d := w.delegation()
	k, a := w.assume(w.keys,
		sts.AssumeRole{
			RoleARN:  r.ARN(),
			Contexts: []sts.ProvidedContext{w.context(credential.IdentityContext, d, time.Hour)},
		})
	call := w.by(k)
	id, err := w.STS.CallerIdentity(call)
	must(t, err)
	if id.ARN != "arn:aws:sts::123456789012:assumed-role/bearer/session" || id.ARN != a.ARN {
		t.Errorf("the caller is %+v", id)
	}
	if got, ok := call.OnBehalfOf(); !ok || *got != d {
		t.Errorf("the session acts for %+v", got)
	}
	if on := call.Event.UserIdentity.OnBehalfOf; on == nil || on.UserID != d.UserID ||
		on.IdentityStoreARN != "arn:aws:identitystore::123456789012:identitystore/"+d.IdentityStoreID {
		t.Errorf("its records are on behalf of %+v", on)
	}
	records := w.Records(t)
	if on := records[len(records)-1].UserIdentity.OnBehalfOf; on == nil || on.UserID != d.UserID {
		t.Errorf("the record of AssumeRole is on behalf of %+v", on)
	}
}

func TestIdentityCase062_TrustWithoutSetContext(t *testing.T) {
	w := newWorld(t)
	r := w.role("bearer", "sts:AssumeRole", w.u.ARN())
	contexts := []sts.ProvidedContext{w.context(credential.IdentityContext, w.delegation(), time.Hour)}
	refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: contexts}), fault.Denied,
		"is not authorized to perform: sts:SetContext on resource: "+r.ARN())
	w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN()})
}

func TestSetContextUnderAConditionOnItsProvider(t *testing.T) {
	w := newWorld(t)
	contexts := []sts.ProvidedContext{w.context(credential.IdentityContext, w.delegation(), time.Hour)}
	for provider, ok := range map[string]bool{sts.ContextProvider: true, "arn:aws:iam::aws:contextProvider/Other": false} {
		r := w.roleWith(principals.NewRole{
			Name: "bearer" + map[bool]string{true: "1", false: "2"}[ok],
			Trust: `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"AWS":"` + w.u.ARN() + `"},"Action":"sts:AssumeRole"},
			{"Effect":"Allow","Principal":{"AWS":"` + w.u.ARN() + `"},"Action":"sts:SetContext",
			 "Condition":{"ForAllValues:ArnEquals":{"sts:RequestContextProviders":["` + provider + `"]},
			  "Null":{"sts:RequestContextProviders":"false"}}}]}`,
		})
		if err := w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: contexts}); (err == nil) != ok {
			t.Errorf("with %s: %v", provider, err)
		}
	}
}

func TestIdentityCase063_OtherProvider(t *testing.T) {
	w := newWorld(t)
	r := w.role("bearer", "sts:AssumeRole sts:SetContext", w.u.ARN())
	c := w.context(credential.IdentityContext, w.delegation(), time.Hour)
	c.ProviderARN = "arn:aws:iam::aws:contextProvider/Other"
	refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: []sts.ProvidedContext{c}}), fault.Invalid,
		"context provider")
}

func TestIdentityCase064_OneKindOfContextOnly(t *testing.T) {
	w := newWorld(t)
	r := w.role("bearer", "sts:AssumeRole sts:SetContext", w.u.ARN())
	d := w.delegation()
	identity := w.context(credential.IdentityContext, d, time.Hour)
	audit := w.context(credential.AuditContext, d, time.Hour)
	for _, both := range [][]sts.ProvidedContext{{identity, audit}, {audit, identity}, {identity, identity}} {
		refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: both}), fault.Invalid,
			"either one identity context or one audit context")
	}
	k, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: []sts.ProvidedContext{audit}})
	if _, ok := w.by(k).OnBehalfOf(); ok {
		t.Error("an audit context gives an identity")
	}
}

func TestIdentityCase065_ExpiredOrTamperedContext(t *testing.T) {
	w := newWorld(t)
	r := w.role("bearer", "sts:AssumeRole sts:SetContext", w.u.ARN())
	d := w.delegation()
	good := w.context(credential.IdentityContext, d, time.Hour)
	with := func(text string) []sts.ProvidedContext {
		return []sts.ProvidedContext{{ProviderARN: sts.ContextProvider, Assertion: credential.NewSecret(text)}}
	}
	text := good.Assertion.Reveal()
	for _, forged := range []string{"abcd", text[:len(text)-2] + "xx", "B" +
		text[1:], w.context(credential.AccessToken, d, time.Hour).Assertion.Reveal(),
		w.context(credential.RefreshToken, d, time.Hour).Assertion.Reveal()} {
		refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: with(forged)}), fault.Denied,
			"was not issued here, or was changed")
	}
	w.Advance(time.Hour + time.Second)
	err := w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: []sts.ProvidedContext{good}})
	refused(t, err, fault.Expired, "The provided context has expired")
}

func TestIdentityCase066_AllowListOfEnhancedSessions(t *testing.T) {
	w := newWorld(t)
	r := w.role("bearer", "sts:AssumeRole sts:SetContext", w.u.ARN()) // which may do everything
	k, _ := w.assume(w.keys,
		sts.AssumeRole{
			RoleARN:  r.ARN(),
			Contexts: []sts.ProvidedContext{w.context(credential.IdentityContext, w.delegation(), time.Hour)},
		})
	call := w.by(k)
	for action, allowed := range map[string]bool{
		"s3:GetObject":                        false,
		"s3:PutObject":                        false,
		"s3:CreateAccessGrant":                false,
		"iam:ListUsers":                       false,
		"sso:ListInstances":                   false,
		"s3:GetDataAccess":                    true,
		"s3:ListCallerAccessGrants":           true,
		"s3:GetAccessGrantsInstanceForPrefix": true,
	} {
		d := call.Decide(caller.Ask{Action: action, Resource: "*", ResourceAccount: account})
		if d.Allowed != allowed {
			t.Errorf("%s: %s", action, d.Explain())
		}
	}
	plain, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN()})
	if d := w.by(plain).Decide(caller.Ask{Action: "s3:GetObject", Resource: "*", ResourceAccount: account}); !d.Allowed {
		t.Errorf("a session without a context is held to the list: %s", d.Explain())
	}
}

func TestContextOfAnotherAccountIsRefused(t *testing.T) {
	w := newWorld(t)
	d := w.delegation()
	must(t, w.IAM.PutInline(t.Context(), w.asRoot(), principals.UserNamed("u"), "p", allow("*", "*")))
	r, err := w.IAM.CreateRole(t.Context(), w.Call(t, w.otherRoot, "iam", "Test"),
		principals.NewRole{Name: "bearer", Trust: trusting("sts:AssumeRole sts:SetContext", w.u.ARN())})
	must(t, err)
	w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN()})
	err = w.try(w.keys, sts.AssumeRole{
		RoleARN:  r.ARN(),
		Contexts: []sts.ProvidedContext{w.context(credential.IdentityContext, d, time.Hour)},
	})
	refused(t, err, fault.Denied, "of another account than the role's")
}

// Everything that a session depends on may be removed at any time. The session ends at the next request, with the
// reason.
func TestEnhancedSessionsEndWithWhatTheyHangOn(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*world, *directory.User, *sso.Application, *sso.Issuer)
		want string
	}{
		"user disabled": {func(w *world, u *directory.User, _ *sso.Application, _ *sso.Issuer) {
			w.SetPerson(w.t, u, func(u *directory.User) { u.Disabled = true })
		}, "user_disabled"},
		"user deleted": {func(w *world, u *directory.User, _ *sso.Application, _ *sso.Issuer) {
			w.Change(w.t, func(tx *store.Tx) error { return store.DirectoryUsers.Delete(tx, string(u.ID)) })
		}, "user_deleted"},
		"application disabled": {func(w *world, _ *directory.User, a *sso.Application, _ *sso.Issuer) {
			w.SetApplication(w.t, a, func(a *sso.Application) { a.Disabled = true })
		}, "application_disabled"},
		"application deleted": {func(w *world, _ *directory.User, a *sso.Application, _ *sso.Issuer) {
			w.Change(w.t, func(tx *store.Tx) error { return store.Applications.Delete(tx, a.ID) })
		}, "application_deleted"},
		"assignment asked for": {func(w *world, _ *directory.User, a *sso.Application, _ *sso.Issuer) {
			w.SetApplication(w.t, a, func(a *sso.Application) { a.AssignmentOptional = false })
		}, "not_assigned"},
		"issuer deleted": {func(w *world, _ *directory.User, _ *sso.Application, i *sso.Issuer) {
			w.Change(w.t, func(tx *store.Tx) error { return store.Issuers.Delete(tx, i.ID) })
		}, "issuer_deleted"},
		"issuer taken from the application": {func(w *world, _ *directory.User, a *sso.Application, _ *sso.Issuer) {
			w.SetApplication(w.t, a, func(a *sso.Application) { a.Grants = nil })
		}, "issuer_unknown"},
		"Identity Center instance deleted": {func(w *world, _ *directory.User, _ *sso.Application, _ *sso.Issuer) {
			gone := *w.Center(w.t, account)
			gone.Deleted = true
			w.Change(w.t, func(tx *store.Tx) error { return store.PutIdentityCenter(tx, &gone) })
		}, "instance_deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u, i := w.Person(t, account, "alice"), w.Issuer(t, account, "https://issuer.example", nil)
			app := w.Application(t, account, func(a *sso.Application) {
				a.Grants = []sso.Grant{{
					Type:    sso.JWTBearer,
					Issuers: []sso.AuthorizedIssuer{{IssuerARN: i.ARN(), Audiences: []string{"app"}}},
				}}
			})
			d := credential.Delegation{
				IdentityStoreID:        string(u.Store),
				UserID:                 string(u.ID),
				ApplicationARN:         app.ARN(),
				CredentialID:           "c",
				IdentityCenterInstance: sso.InstanceARN(app.InstanceID),
				IssuerARN:              i.ARN(),
			}
			r := w.role("bearer", "sts:AssumeRole sts:SetContext", w.u.ARN())
			context := w.context(credential.IdentityContext, d, time.Hour)
			k, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: []sts.ProvidedContext{context}})
			w.by(k)
			c.end(w, u, app, i)
			_, err := w.Authenticate(t, k, "sts")
			refused(t, err, fault.Denied, "Access Denied: "+c.want)
			refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Contexts: []sts.ProvidedContext{context}}), fault.Denied,
				c.want)
		})
	}
}

// A session with an audit context acts for nobody. The role's trust policy saw the context all the same, and is asked
// with it as long as the session lives.
func TestAnAuditContextIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	trust := func(actions string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + w.u.ARN() + `"},"Action":` + actions +
			`,"Condition":{"StringEquals":{"sts:RequestContextProviders":"` + sts.ContextProvider + `"}}}}`
	}
	r := w.roleWith(principals.NewRole{Name: "audited", Trust: trust(`["sts:AssumeRole","sts:SetContext"]`)})
	k, _ := w.assume(w.keys, sts.AssumeRole{
		RoleARN: r.ARN(), Contexts: []sts.ProvidedContext{w.context(credential.AuditContext, w.delegation(), time.Hour)},
	})
	if _, err := w.Authenticate(t, k, "sts"); err != nil {
		t.Fatalf("at its first use: %v", err)
	}
	must(t, w.IAM.UpdateAssumeRolePolicy(t.Context(), w.asRoot(), "audited", trust(`"sts:AssumeRole"`)))
	if _, err := w.Authenticate(t, k, "sts"); fault.Of(err).Reason != fault.RoleNotTrusting {
		t.Errorf("without sts:SetContext: %v", err)
	}
}
