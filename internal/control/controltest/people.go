package controltest

import (
	"testing"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Change commits a change, as an administrator's call would.
func (w *World) Change(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Engine.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// Center returns the Identity Center instance of an account.
func (w *World) Center(t testing.TB, account access.AccountID) *sso.Instance {
	t.Helper()
	snap, err := w.Engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	i := snap.IdentityCenter(account)
	if i == nil {
		t.Fatalf("account %s has no Identity Center instance", account)
	}
	return i
}

// Person creates a directory user of an account, with this name and an email address at example.org.
func (w *World) Person(t testing.TB, account access.AccountID, name string) *directory.User {
	t.Helper()
	u := &directory.User{
		ID:          directory.UserID(uuid.NewString()),
		Store:       directory.StoreID(w.Center(t, account).IdentityStoreID),
		UserName:    name,
		DisplayName: name,
		Emails:      []directory.Email{{Value: name + "@example.org", Primary: true}},
	}
	w.Change(t, func(tx *store.Tx) error { return store.DirectoryUsers.Insert(tx, u) })
	return u
}

// SetPerson changes a directory user.
func (w *World) SetPerson(t testing.TB, u *directory.User, change func(*directory.User)) {
	t.Helper()
	changed := *u
	change(&changed)
	w.Change(t, func(tx *store.Tx) error { return store.DirectoryUsers.Update(tx, &changed) })
}

// Group creates a directory group of an account with these members.
func (w *World) Group(
	t testing.TB, account access.AccountID, name string, members ...*directory.User,
) *directory.Group {
	t.Helper()
	g := &directory.Group{
		ID:          directory.GroupID(uuid.NewString()),
		Store:       directory.StoreID(w.Center(t, account).IdentityStoreID),
		DisplayName: name,
	}
	w.Change(t, func(tx *store.Tx) error { return store.DirectoryGroups.Insert(tx, g) })
	for _, u := range members {
		w.Join(t, g, u)
	}
	return g
}

// Join adds a directory user to a group.
func (w *World) Join(t testing.TB, g *directory.Group, u *directory.User) {
	t.Helper()
	w.Change(t, func(tx *store.Tx) error {
		return store.InsertMembership(tx, &directory.Membership{
			ID: directory.MembershipID(uuid.NewString()), Store: g.Store, Group: g.ID, User: u.ID,
		})
	})
}

// Leave removes a directory user from a group.
func (w *World) Leave(t testing.TB, g *directory.Group, u *directory.User) {
	t.Helper()
	w.Change(t, func(tx *store.Tx) error { return store.DeleteMembership(tx, g.ID, u.ID) })
}

// Issuer creates a trusted token issuer of an account. Its tokens identify people by their email address.
func (w *World) Issuer(t testing.TB, account access.AccountID, url string, change func(*sso.Issuer)) *sso.Issuer {
	t.Helper()
	i := &sso.Issuer{
		ID:         sso.NewIssuerID(),
		InstanceID: w.Center(t, account).ID,
		Account:    account,
		Name:       "issuer",
		URL:        url,
		ClaimPath:  "email",
		StorePath:  sso.ByEmail,
	}
	if change != nil {
		change(i)
	}
	w.Change(t, func(tx *store.Tx) error { return store.Issuers.Insert(tx, i) })
	return i
}

// Application creates an application of an account with S3's scope. Everybody in the directory may use it.
func (w *World) Application(t testing.TB, account access.AccountID, change func(*sso.Application)) *sso.Application {
	t.Helper()
	a := &sso.Application{
		ID:                 sso.NewApplicationID(),
		InstanceID:         w.Center(t, account).ID,
		Account:            account,
		Provider:           sso.CustomProvider,
		Name:               "application",
		AssignmentOptional: true,
		Scopes:             []sso.AccessScope{{Name: sso.S3Scope, Number: 1}},
	}
	if change != nil {
		change(a)
	}
	w.Change(t, func(tx *store.Tx) error { return store.Applications.Insert(tx, a) })
	return a
}

// Exchanging makes an application exchange an issuer's tokens with the audience "app", for the IAM user or role with
// the id of client.
func Exchanging(issuer *sso.Issuer, client string) func(*sso.Application) {
	return func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: issuer.ARN(), Audiences: []string{"app"}}},
		}}
		a.Actor = &sso.ActorPolicy{Bound: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
			client + `"},"Action":"sso-oauth:*","Resource":"*"}]}`}
	}
}

// SetApplication changes an application.
func (w *World) SetApplication(t testing.TB, a *sso.Application, change func(*sso.Application)) {
	t.Helper()
	change(a)
	w.Change(t, func(tx *store.Tx) error { return store.Applications.Update(tx, a) })
}

// Assign assigns an application to a directory user or group.
func (w *World) Assign(t testing.TB, a *sso.Application, kind sso.PrincipalType, id string) {
	t.Helper()
	w.Change(t, func(tx *store.Tx) error {
		return store.Assignments.Insert(tx,
			&sso.Assignment{ApplicationID: a.ID, Account: a.Account, Type: kind, PrincipalID: id})
	})
}
