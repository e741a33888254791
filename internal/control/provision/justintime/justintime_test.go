package justintime_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/provision"
	"latchkey/internal/control/provision/justintime"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

const account = access.AccountID("123456789012")

// world is an account whose people present tokens of one provider. The client that signs them in is "app".
type world struct {
	*controltest.World
	t      *testing.T
	tokens *oauth.Exchange
	idp    *oidctest.Issuer
	issuer *sso.Issuer
	app    *sso.Application
	keys   controltest.Keys
	dir    directory.StoreID
}

func newWorld(t *testing.T, issuer func(*sso.Issuer), signIn func(*sso.SignIn)) *world {
	t.Helper()
	w := &world{World: controltest.New(t, controltest.Account(account)), t: t, idp: oidctest.New(t)}
	w.tokens = &oauth.Exchange{
		Control: w.Control, Verifier: oidc.New(oidc.Options{AllowPrivate: true, Now: w.Now}),
		Provision: (&justintime.Provisioner{Control: w.Control}).Provision,
	}
	var u *iam.User
	u, w.keys = w.User(t, w.Root(account), "app", "")
	w.issuer = w.Issuer(t, account, w.idp.URL, issuer)
	w.app = w.Application(t, account, func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: w.issuer.ARN(), Audiences: []string{"app", "other"}}},
		}}
		a.Actor = &sso.ActorPolicy{Bound: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
			u.ID +
			`"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`}
	})
	in := &sso.SignIn{
		Account:     account,
		IssuerURL:   w.idp.URL,
		ClientID:    "app",
		Application: w.app.ARN(),
		CreateUsers: true,
		GroupsClaim: "groups",
	}
	if signIn != nil {
		signIn(in)
	}
	w.Change(t, func(tx *store.Tx) error { return store.SignIns.Insert(tx, in) })
	w.dir = w.Store(t, account)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// exchange exchanges a token with these claims.
func (w *world) exchange(claims map[string]any) error {
	w.t.Helper()
	all := map[string]any{
		"aud":            "app",
		"sub":            "s-alice",
		"email":          "alice@example.org",
		"email_verified": true,
		"iat":            w.Now().Unix(),
		"exp":            w.Now().Add(time.Hour).Unix(),
	}
	for k, v := range claims {
		all[k] = v
	}
	call := w.Call(w.t, w.keys, "sso-oauth", "CreateTokenWithIAM")
	_, err := w.tokens.CreateTokenWithIAM(w.t.Context(), call, oauth.Request{
		ClientID: w.app.ARN(), GrantType: string(sso.JWTBearer), Assertion: credential.NewSecret(w.idp.Token(w.t, all)),
	})
	return err
}

func (w *world) refused(claims map[string]any, code string) {
	w.t.Helper()
	err := w.exchange(claims)
	if f := fault.Of(err); err == nil || f.Kind != fault.Invalid || !strings.HasPrefix(f.Message(), code+": ") {
		w.t.Fatalf("%v; want %s", err, code)
	}
}

// alice returns the user with Alice's address, or nil.
func (w *world) alice() *directory.User {
	return w.Engine.Current().PersonByKey(w.dir, directory.EmailKey("alice@example.org"))
}

// groupNames returns the names of the groups that Alice is in.
func (w *world) groupNames() (names []string) {
	s := w.Engine.Current()
	for _, id := range s.GroupsOf(w.alice().ID) {
		names = append(names, s.Group(id).DisplayName)
	}
	slices.Sort(names)
	return names
}

func TestWhoComesFirstIsMadeAUser(t *testing.T) {
	w := newWorld(t, nil, nil)
	must(t, w.exchange(map[string]any{"name": "Alice Liddell", "given_name": "Alice", "family_name": "Liddell"}))
	u := w.alice()
	if u == nil || u.UserName != "alice@example.org" || u.DisplayName != "Alice Liddell" || u.Name.GivenName != "Alice" ||
		u.Name.FamilyName != "Liddell" ||
		u.CreatedBy != justintime.By(w.idp.URL) ||
		!slices.Equal(u.ExternalIDs, []directory.ExternalID{{Issuer: w.idp.URL, ID: "s-alice"}}) {
		t.Fatalf("%+v", u)
	}
	n := 0
	for _, e := range w.Records(t) {
		if e.EventName == "UserArrival" {
			n++
			if e.UserIdentity.Type != "WebIdentityUser" || e.RequestParameters["userId"] != string(u.ID) ||
				e.RecipientAccountID != string(account) {
				t.Errorf("the record is %+v", e)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d records of the arrival", n)
	}
	revision := w.Engine.Current().Rev()
	must(t, w.exchange(map[string]any{"name": "Alice Liddell", "given_name": "Alice", "family_name": "Liddell"}))
	if again := w.alice(); again.ID != u.ID || w.Engine.Current().Rev() != revision {
		t.Error("who comes again with the same token is changed")
	}
}

// A person's address may change with a marriage. The user and the user's grants stay the same.
func TestWhoComesWithANewAddressIsTheSameUser(t *testing.T) {
	w := newWorld(t, nil, nil)
	must(t, w.exchange(nil))
	before := w.alice()
	must(t, w.exchange(map[string]any{"email": "alice.hargreaves@example.org"}))
	after := w.Engine.Current().PersonByKey(w.dir, directory.EmailKey("alice.hargreaves@example.org"))
	if after == nil || after.ID != before.ID || w.alice() != nil {
		t.Fatalf("%+v", after)
	}
}

// A person to whom the provider gives the address of somebody else gets nothing of its former holder.
func TestAnAddressThatWasGivenToSomebodyElse(t *testing.T) {
	w := newWorld(t, nil, nil)
	must(t, w.exchange(nil))
	w.refused(map[string]any{"sub": "s-another"}, "subject_mismatch")
	must(t, w.exchange(nil))
}

func TestAnAddressThatAnotherUserHas(t *testing.T) {
	w := newWorld(t, nil, nil)
	must(t, w.exchange(nil))
	w.Person(t, account, "bob")
	w.refused(map[string]any{"email": "bob@example.org"}, "user_conflict")
	if w.alice() == nil {
		t.Error("a refused arrival changed the user")
	}
}

func TestNobodyIsMadeOfATokenThatSaysTooLittle(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.refused(map[string]any{"email": nil}, "claim_missing")
	w.refused(map[string]any{"email_verified": false}, "claim_unverified")
	w.refused(map[string]any{"email_verified": "false"}, "claim_unverified")
	w.refused(map[string]any{"sub": strings.Repeat("x", 257)}, "claim_too_long")
	w.refused(map[string]any{"email": "a b@example.org"}, "user_invalid")
	if n := w.Engine.Current().People(w.dir); n != 0 {
		t.Errorf("%d users", n)
	}
}

// If people are identified by another claim, an address that is not verified is not stored: it could be somebody
// else's.
func TestAnAddressThatNobodyVouchesFor(t *testing.T) {
	w := newWorld(t, func(i *sso.Issuer) { i.ClaimPath, i.StorePath = "sub", sso.ByExternalID }, nil)
	must(t, w.exchange(map[string]any{"email_verified": nil}))
	if w.alice() != nil {
		t.Error("the address is kept")
	}
	must(t, w.exchange(nil))
	if w.alice() == nil {
		t.Error("a verified address is not kept")
	}
}

func TestTokensOfAnotherClientChangeNothing(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.Group(t, account, "data")
	w.refused(map[string]any{"aud": "other", "groups": []string{"data"}}, "user_not_found")
	must(t, w.exchange(map[string]any{"groups": []string{"data"}}))
	must(t, w.exchange(map[string]any{"aud": "other"}))
	if got := w.groupNames(); !slices.Equal(got, []string{"data"}) {
		t.Errorf("in %v", got)
	}
}

func TestASignInThatAsksForNoneMakesNoUser(t *testing.T) {
	w := newWorld(t, nil, func(s *sso.SignIn) { s.CreateUsers, s.GroupsClaim = false, "" })
	w.refused(nil, "user_not_found")
}

func TestTheGroupsClaimSaysWhoIsInWhichGroup(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.Group(t, account, "data")
	w.Group(t, account, "Eng")
	byHand, foreign := w.Group(t, account, "by-hand"), w.Group(t, account, "foreign")
	pushed := w.Group(t, account, "pushed")
	w.Change(t, func(tx *store.Tx) error {
		g, p := *foreign, *pushed
		g.ExternalIDs = []directory.ExternalID{{Issuer: "ldap:corp", ID: "1"}}
		p.CreatedBy = provision.TokenARN(account, "11111111-1111-4111-8111-111111111111") // Okta gives its groups no id
		return errors.Join(store.DirectoryGroups.Update(tx, &g), store.DirectoryGroups.Update(tx, &p))
	})
	must(t, w.exchange(map[string]any{"groups": []string{"data", "eng", "unknown", "foreign", "pushed", "data"}}))
	if got := w.groupNames(); !slices.Equal(got, []string{"Eng", "data"}) {
		t.Fatalf("in %v", got)
	}
	if w.Engine.Current().GroupByKey(w.dir, directory.NameKey("unknown")) != nil {
		t.Error("a group was made")
	}
	w.Join(t, byHand, w.alice())
	must(t, w.exchange(map[string]any{"groups": "eng"}))
	if got := w.groupNames(); !slices.Equal(got, []string{"Eng", "by-hand"}) {
		t.Fatalf("in %v", got)
	}
	must(t, w.exchange(nil)) // the provider says nothing of somebody in no group
	if got := w.groupNames(); !slices.Equal(got, []string{"by-hand"}) {
		t.Fatalf("in %v", got)
	}
}

// A provider that distinguishes a long s from an s has two people and two groups where the directory would have one.
func TestAttack22_ANameThatFoldsToAnothers(t *testing.T) {
	w := newWorld(t, nil, func(s *sso.SignIn) { s.CreateUsers = false })
	w.Group(t, account, "sales")
	sam := w.Person(t, account, "sam")
	in := func(want int) {
		t.Helper()
		if all := w.Engine.Current().GroupsOf(sam.ID); len(all) != want {
			t.Errorf("sam is in %v", all)
		}
	}
	w.refused(map[string]any{"email": "\u017fam@example.org", "groups": []string{"sales"}}, "user_not_found")
	in(0)
	must(t, w.exchange(map[string]any{"email": "sam@example.org", "groups": []string{"\u017fales"}}))
	in(0)
	must(t, w.exchange(map[string]any{"email": "Sam@example.org", "groups": []string{"Sales"}}))
	in(1)
}

func TestAGroupsClaimThatCannotBeGoneBy(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.Group(t, account, "data")
	must(t, w.exchange(map[string]any{"groups": []string{"data"}}))
	w.refused(map[string]any{"_claim_names": map[string]any{"groups": "src1"}}, "groups_overage")
	w.refused(map[string]any{"groups": 7}, "groups_malformed")
	w.refused(map[string]any{"groups": []any{"data", 7}}, "groups_malformed")
	w.refused(map[string]any{"groups": slices.Repeat([]string{"x"}, 1001)}, "groups_too_many")
	if got := w.groupNames(); !slices.Equal(got, []string{"data"}) {
		t.Errorf("a refused token changed groups: in %v", got)
	}
}

// A user from another source keeps what that source says. From then on the user belongs to one subject of the provider
// only.
func TestAUserOfAnotherSourceIsNotChanged(t *testing.T) {
	w := newWorld(t, nil, nil)
	before := w.Person(t, account, "alice")
	must(t, w.exchange(map[string]any{"name": "Somebody Else"}))
	if u := w.alice(); u.ID != before.ID || u.DisplayName != before.DisplayName || u.Disabled {
		t.Errorf("%+v", u)
	}
}

func TestADisabledUserStaysOutside(t *testing.T) {
	w := newWorld(t, nil, nil)
	must(t, w.exchange(nil))
	w.SetPerson(t, w.alice(), func(u *directory.User) { u.Disabled = true })
	err := w.exchange(map[string]any{"name": "New Name"})
	if f := fault.Of(err); err == nil || f.Kind != fault.Denied || !strings.HasPrefix(f.Message(), "user_disabled: ") {
		t.Errorf("%v", err)
	}
	if u := w.alice(); !u.Disabled {
		t.Error("coming again enables")
	}
}

func TestComingTwiceAtOnceMakesOneUser(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.Group(t, account, "data")
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { errs[i] = w.exchange(map[string]any{"groups": []string{"data"}}) })
	}
	all.Wait()
	for _, err := range errs {
		must(t, err)
	}
	if n := w.Engine.Current().People(w.dir); n != 1 || !slices.Equal(w.groupNames(), []string{"data"}) {
		t.Errorf("%d users, in %v", n, w.groupNames())
	}
}

func TestQuotaOfUsers(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.Control.Quotas.DirectoryUsers = 0
	if err := w.exchange(nil); fault.KindOf(err) != fault.LimitExceeded {
		t.Errorf("%v", err)
	}
}

// A token of the next holder of an address changes nothing of the person who had it: no attribute, and no group.
func TestAttack52_TheNextHolderChangesNoGroups(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.Group(t, account, "data")
	w.Group(t, account, "admins")
	before := w.Person(t, account, "alice")
	must(t, w.exchange(map[string]any{"groups": []string{"data"}}))
	if u := w.alice(); u.ID != before.ID || u.BoundSubject(w.idp.URL) != "s-alice" {
		t.Fatalf("%+v", u)
	}
	w.refused(map[string]any{"sub": "s-next", "groups": []string{"admins"}}, "subject_mismatch")
	w.refused(map[string]any{"sub": "s-next"}, "subject_mismatch")
	if got := w.groupNames(); !slices.Equal(got, []string{"data"}) {
		t.Errorf("in %v", got)
	}
	// alice under the address of a user who is not bound yet: she is not bob.
	bob := w.Person(t, account, "bob")
	w.refused(map[string]any{"email": "bob@example.org", "groups": []string{"data", "admins"}}, "subject_bound")
	if all := w.Engine.Current().GroupsOf(bob.ID); len(all) != 0 {
		t.Errorf("bob is in %v", all)
	}
}

// A limited issuer brings nobody of whom it may not speak.
func TestAttack52_ALimitedIssuerMakesNoUser(t *testing.T) {
	for name, c := range map[string]struct {
		limits sso.Limits
		code   string
	}{
		"another domain": {sso.Limits{EmailDomains: []string{"example.com"}}, "issuer_domain"},
		"another source": {sso.Limits{Sources: []string{"scim"}}, "issuer_source"},
		"its own people": {sso.Limits{EmailDomains: []string{"example.org"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(i *sso.Issuer) { i.Limits = c.limits }, nil)
			if c.code == "" {
				must(t, w.exchange(nil))
				return
			}
			if w.refused(nil, c.code); w.alice() != nil {
				t.Error("a user was made")
			}
		})
	}
	w := newWorld(t, nil, nil)
	w.Change(t, func(tx *store.Tx) error {
		i := *w.issuer
		i.Limits.Sources = []string{"oidc:" + i.URL}
		return store.Issuers.Update(tx, &i)
	})
	must(t, w.exchange(nil))
}
