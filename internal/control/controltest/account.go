package controltest

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// Option adds something to a new world.
type Option func(testing.TB, *World)

// Account is an option that makes an account whose root user has a key: see [World.Root].
func Account(id access.AccountID) Option {
	return func(t testing.TB, w *World) {
		t.Helper()
		k, err := w.IAM.EnsureRoot(t.Context(), id, principals.RootKey{})
		Must(t, err)
		w.roots[id] = Keys{ID: k.AccessKeyID, Secret: k.Secret.Reveal()}
	}
}

// Bucket is an option that makes a bucket of an account, in the registry only.
func Bucket(name string, owner access.AccountID) Option {
	return func(t testing.TB, w *World) {
		t.Helper()
		w.Change(t, func(tx *store.Tx) error {
			return store.Buckets.Insert(tx, &bucket.Bucket{Name: name, Account: owner, Region: Region, Created: tx.Now()})
		})
	}
}

// Add applies options to a world that exists already.
func (w *World) Add(t testing.TB, options ...Option) {
	t.Helper()
	for _, o := range options {
		o(t, w)
	}
}

// Root returns the key of the root user of an account that an option made.
func (w *World) Root(id access.AccountID) Keys { return w.roots[id] }

// Store returns the identity store of an account.
func (w *World) Store(t testing.TB, id access.AccountID) directory.StoreID {
	t.Helper()
	return directory.StoreID(w.Center(t, id).IdentityStoreID)
}

// admin begins a call of IAM by an administrator of an account.
func (w *World) admin(t testing.TB, k Keys) *control.Call {
	t.Helper()
	return w.Call(t, k, "iam", "Test")
}

// User creates an IAM user with a key, in the name of the holder of by. document is the inline policy of the user; if
// it is empty, the user has none.
func (w *World) User(t testing.TB, by Keys, name, document string) (*iam.User, Keys) {
	t.Helper()
	u, err := w.IAM.CreateUser(t.Context(), w.admin(t, by), principals.NewUser{Name: name})
	Must(t, err)
	if document != "" {
		Must(t, w.IAM.PutInline(t.Context(), w.admin(t, by), principals.UserNamed(name), "p", document))
	}
	return u, w.Key(t, by, name)
}

// Key creates a key for an IAM user, in the name of the holder of by.
func (w *World) Key(t testing.TB, by Keys, user string) Keys {
	t.Helper()
	k, err := w.IAM.CreateAccessKey(t.Context(), w.admin(t, by), user)
	Must(t, err)
	return Keys{ID: k.ID, Secret: k.Secret.Reveal()}
}

// Role creates a role, in the name of the holder of by.
func (w *World) Role(t testing.TB, by Keys, in principals.NewRole) *iam.Role {
	t.Helper()
	r, err := w.IAM.CreateRole(t.Context(), w.admin(t, by), in)
	Must(t, err)
	return r
}

// Must fails the test if err is not nil.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Refused checks that err is a fault of this kind whose text contains text.
func Refused(t testing.TB, err error, k fault.Kind, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("not refused; want %v: %s", k, text)
	}
	f := fault.Of(err)
	if f.Kind != k || !strings.Contains(f.Text.String(), text) {
		t.Fatalf("refused with %v: %q (%v); want %v: %q", f.Kind, f.Text.String(), err, k, text)
	}
}

// Allow returns an identity policy that allows actions on resources. Both are lists that are separated by spaces.
func Allow(actions, resources string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.ReplaceAll(actions, " ", `","`) +
		`"],"Resource":["` + strings.ReplaceAll(resources, " ", `","`) + `"]}]}`
}
