package storetest

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

const (
	account = access.AccountID("111122223333")
	other   = access.AccountID("444455556666")
	region  = "us-east-1"
)

// NewUser is a user with a fresh id.
func NewUser(a access.AccountID, name string, at time.Time) *iam.User {
	return &iam.User{ID: iam.NewID(iam.UserIDPrefix), Account: a, Name: name, Path: "/", Created: at}
}

// NewGrantID is a fresh grant id.
func NewGrantID() (id access.GrantID) {
	rand.Read(id[:])
	return id
}

// NewGrant is a READ grant of a location for a directory user.
func NewGrant(t testing.TB, a access.AccountID, scope, user string) access.Grant {
	t.Helper()
	s, err := access.ParseScope(scope)
	if err != nil {
		t.Fatal(err)
	}
	return access.Grant{
		ID: NewGrantID(), Account: a, Region: region, LocationID: "default", SubPrefix: scope[len("s3://"):],
		Grantee: access.Grantee{Type: access.DirectoryUser, ID: user}, Principal: user, Permission: access.Read,
		Scope: s, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC),
	}
}

// InsertGrants adds many grants in their order. It fails like [store.InsertGrant].
func InsertGrants(tx *store.Tx, grants []access.Grant) error {
	for i := range grants {
		if err := store.InsertGrant(tx, &grants[i]); err != nil {
			return err
		}
	}
	return nil
}

func update(t testing.TB, db *store.DB, fn func(*store.Tx) error) store.Rev {
	t.Helper()
	rev, err := db.Update(t.Context(), fn)
	if err != nil {
		t.Fatalf("update: %v", err)
	}
	return rev
}

func mustUser(t testing.TB, db *store.DB, name string) *iam.User {
	t.Helper()
	u := NewUser(account, name, time.Unix(1, 0).UTC())
	update(t, db, func(tx *store.Tx) error { return store.Users.Insert(tx, u) })
	return u
}

func numbered(format string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}
