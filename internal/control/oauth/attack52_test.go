package oauth_test

import (
	"slices"
	"sync"
	"testing"

	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// The next holder of an address is not taken for the person: the first use of a token binds its subject.
func TestAttack52_TheNextHolderOfAnAddress(t *testing.T) {
	w := newWorld(t)
	bob := w.Person(t, account, "bob")
	w.exchange(w.ask(nil))
	bound := func(u *directory.User) string { return w.Engine.Current().Person(u.ID).BoundSubject(w.idp.URL) }
	if bound(w.alice) != "subject-1" {
		t.Fatalf("alice is bound to %q", bound(w.alice))
	}
	if e := w.Records(t); e[len(e)-1].AdditionalEventData["identityBound"] == nil {
		t.Error("the record does not say that somebody was bound")
	}
	w.exchange(w.ask(nil)) // the same person again
	if e := w.Records(t); e[len(e)-1].AdditionalEventData["identityBound"] != nil {
		t.Error("somebody is bound twice")
	}
	next := map[string]any{"sub": "subject-2"}
	w.refused(w.ask(next), fault.Invalid, fault.IdentityToken, "subject_mismatch")
	// alice under bob's address: she is not bob, even if nobody is bob yet.
	w.refused(w.ask(map[string]any{"email": "bob@example.org"}), fault.Invalid, fault.IdentityToken, "subject_bound")
	if bound(bob) != "" {
		t.Fatal("bob is bound by a refused token")
	}
	// The address goes from alice to bob in the directory: the tokens follow the people, not the address.
	w.SetPerson(t, w.Engine.Current().Person(w.alice.ID), func(u *directory.User) {
		u.Emails = []directory.Email{{Value: "new@example.org"}}
	})
	w.SetPerson(t, w.Engine.Current().Person(bob.ID), func(u *directory.User) {
		u.Emails = []directory.Email{{Value: "alice@example.org"}}
	})
	w.refused(w.ask(nil), fault.Invalid, fault.IdentityToken, "subject_bound")
	out := w.exchange(w.ask(next))
	if claims(t, out.ID)["sub"] != string(bob.ID) || bound(bob) != "subject-2" {
		t.Error("the new holder is not bob")
	}
	out = w.exchange(w.ask(map[string]any{"email": "new@example.org"}))
	if claims(t, out.ID)["sub"] != string(w.alice.ID) {
		t.Error("alice is not alice")
	}
}

// An administrator unbinds a user whose provider made a new account for the same person. This is recorded.
func TestAttack52_Unbinding(t *testing.T) {
	w := newWorld(t)
	w.exchange(w.ask(nil))
	dir := &people.Directory{Control: w.Control}
	unbind := func(issuer string) []directory.Binding {
		t.Helper()
		call := w.Call(t, w.root, "latchkey", "DeleteUserBinding")
		u, gone, err := dir.DeleteUserBinding(t.Context(), call, people.Named{Name: "alice"}, issuer)
		must(t, err)
		if u.ID != w.alice.ID {
			t.Errorf("unbound %s", u.UserName)
		}
		return gone
	}
	if gone := unbind("https://other.example.org"); len(gone) != 0 {
		t.Errorf("another issuer's: %v", gone)
	}
	next := map[string]any{"sub": "subject-2"}
	w.refused(w.ask(next), fault.Invalid, fault.IdentityToken, "subject_mismatch")
	if gone := unbind(w.idp.URL); len(gone) != 1 || gone[0].Subject != "subject-1" {
		t.Errorf("%v", gone)
	}
	w.exchange(w.ask(next))
	w.refused(w.ask(nil), fault.Invalid, fault.IdentityToken, "subject_mismatch")
	u, err := dir.UserIdentity(w.Call(t, w.root, "latchkey", "GetUserIdentity"), people.Named{ID: w.alice.ID})
	must(t, err)
	if u.BoundSubject(w.idp.URL) != "subject-2" || u.Bindings[0].Bound.IsZero() {
		t.Errorf("%+v", u.Bindings)
	}
	if gone := unbind(""); len(gone) != 1 {
		t.Errorf("%v", gone)
	}
	found := false
	for _, e := range w.Records(t) {
		found = found || e.EventName == "DeleteUserBinding" && e.ResponseElements["bindings"] != nil
	}
	if !found {
		t.Error("unbinding is not recorded")
	}
	_, keys := w.User(t, w.root, "helper", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Action":["identitystore:*","sso:*","latchkey:SetUserStatus"],"Resource":"*"}]}`)
	_, _, err = dir.DeleteUserBinding(t.Context(), w.Call(t, keys, "latchkey", "DeleteUserBinding"),
		people.Named{Name: "alice"}, "")
	if fault.KindOf(err) != fault.Denied {
		t.Errorf("unbound without the right: %v", err)
	}
	_, err = dir.UserIdentity(w.Call(t, keys, "latchkey", "GetUserIdentity"), people.Named{Name: "alice"})
	if fault.KindOf(err) != fault.Denied {
		t.Errorf("shown without the right: %v", err)
	}
}

// Of two people who come with one address at the same moment, one is bound, and the other is refused.
func TestAttack52_TwoSubjectsAtOnce(t *testing.T) {
	w := newWorld(t)
	asks := []any{}
	results := make([]error, 8)
	var group sync.WaitGroup
	for i := range results {
		in := w.ask(map[string]any{"sub": "subject-" + string(rune('a'+i))})
		asks = append(asks, in)
		call := w.Call(t, w.keys, "sso-oauth", "CreateTokenWithIAM")
		group.Go(func() { _, results[i] = w.Exchange.CreateTokenWithIAM(t.Context(), call, in) })
	}
	group.Wait()
	in := 0
	for _, err := range results {
		if err == nil {
			in++
		} else if fault.Of(err).Reason != fault.SubjectMismatch {
			t.Error(err)
		}
	}
	if in != 1 {
		t.Errorf("%d of %d subjects are alice", in, len(asks))
	}
}

// A user whom the issuer's own tokens brought is its subject, and that subject is nobody else.
func TestAttack52_ASubjectWhomTheIssuerBrought(t *testing.T) {
	w := newWorld(t)
	carol := w.Person(t, account, "carol")
	w.SetPerson(t, carol, func(u *directory.User) {
		u.ExternalIDs = []directory.ExternalID{{Issuer: w.idp.URL, ID: "subject-9"}}
	})
	w.refused(w.ask(map[string]any{"sub": "subject-9"}), fault.Invalid, fault.IdentityToken, "subject_bound")
	w.refused(w.ask(map[string]any{"email": "carol@example.org"}), fault.Invalid, fault.IdentityToken, "subject_mismatch")
	w.exchange(w.ask(map[string]any{"email": "carol@example.org", "sub": "subject-9"}))
	w.exchange(w.ask(nil))
}

// A refused exchange binds nobody.
func TestAttack52_ARefusalBindsNobody(t *testing.T) {
	w := newWorld(t)
	w.SetPerson(t, w.alice, func(u *directory.User) {
		u.SetSay(directory.SaysOut, directory.Block{Source: directory.Administrator})
	})
	_, err := w.try(w.keys, w.ask(map[string]any{"sub": "mallory"}))
	if err == nil || len(w.Engine.Current().Person(w.alice.ID).Bindings) != 0 {
		t.Fatalf("%v, %+v", err, w.Engine.Current().Person(w.alice.ID).Bindings)
	}
}

// An address beside the main one does not stand for the person.
func TestAttack52_ASecondAddressIsNobody(t *testing.T) {
	w := newWorld(t)
	w.SetPerson(t, w.alice, func(u *directory.User) {
		u.Emails = append(u.Emails, directory.Email{Value: "alice@home.example", Type: "home"})
	})
	w.refused(w.ask(map[string]any{"email": "alice@home.example"}), fault.Invalid, fault.IdentityToken, "user_not_found")
	w.exchange(w.ask(nil))
}

// An issuer speaks only of the people to whom it is limited, and its limits hold for bound people, too.
func TestAttack52_IssuersHaveLimits(t *testing.T) {
	w := newWorld(t)
	w.exchange(w.ask(nil))
	for name, c := range map[string]struct {
		limits sso.Limits
		person func(*directory.User)
		code   string
	}{
		"the domain":     {limits: sso.Limits{EmailDomains: []string{"example.com", "example.org"}}},
		"another domain": {limits: sso.Limits{EmailDomains: []string{"example.com"}}, code: "issuer_domain"},
		"a domain above": {limits: sso.Limits{EmailDomains: []string{"org"}}, code: "issuer_domain"},
		"a domain below": {limits: sso.Limits{EmailDomains: []string{"a.example.org"}}, code: "issuer_domain"},
		"the source":     {limits: sso.Limits{Sources: []string{"scim", "administrator"}}},
		"another source": {limits: sso.Limits{Sources: []string{"scim", "ldap:corp"}}, code: "issuer_source"},
		"a source that took over": {limits: sso.Limits{Sources: []string{"scim"}}, person: func(u *directory.User) {
			u.ExternalIDs = []directory.ExternalID{{Issuer: "scim", ID: "x"}}
		}},
		"a source that brought": {limits: sso.Limits{Sources: []string{"ldap:corp"}}, person: func(u *directory.User) {
			u.CreatedBy = "ldap:corp"
		}},
		"one of both": {limits: sso.Limits{EmailDomains: []string{"example.org"}, Sources: []string{"scim"}},
			code: "issuer_source"},
	} {
		t.Run(name, func(t *testing.T) {
			w.setIssuer(func(i *sso.Issuer) { i.Limits = c.limits })
			was := w.Engine.Current().Person(w.alice.ID)
			if c.person != nil {
				w.SetPerson(t, was, c.person)
				defer w.SetPerson(t, was, func(*directory.User) {})
			}
			if c.code == "" {
				w.exchange(w.ask(nil))
			} else {
				w.refused(w.ask(nil), fault.Invalid, fault.IdentityToken, c.code)
			}
		})
	}
}

// Entra ID's sub is another one for each application. Its oid is bound, and so is any claim that is configured.
func TestAttack52_TheClaimThatIsBound(t *testing.T) {
	for url, want := range map[string][]string{
		"https://login.microsoftonline.com/t/v2.0": {"oid", "sub"},
		"https://sts.windows.net/t/":               {"oid", "sub"},
		"https://login.microsoftonline.com.evil/t": {"sub"},
		"https://example.org/sts.windows.net":      {"sub"},
	} {
		if got := (&sso.Issuer{URL: url}).SubjectClaims(); !slices.Equal(got, want) {
			t.Errorf("%s: %v", url, got)
		}
	}
	w := newWorld(t)
	w.setIssuer(func(i *sso.Issuer) { i.Limits.SubjectClaim = "employee" })
	w.exchange(w.ask(map[string]any{"employee": "7", "sub": "pairwise-1"}))
	w.exchange(w.ask(map[string]any{"employee": "7", "sub": "pairwise-2"}))
	w.refused(w.ask(map[string]any{"employee": "8", "sub": "pairwise-1"}), fault.Invalid, fault.IdentityToken,
		"subject_mismatch")
	w.refused(w.ask(map[string]any{"sub": "7"}), fault.Invalid, fault.IdentityToken, "claim_missing")
	w.refused(w.ask(map[string]any{"employee": string(make([]byte, 300))}), fault.Invalid, fault.IdentityToken,
		"claim_too_long")
}
