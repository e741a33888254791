package caller_test

import (
	"errors"
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// TestTheLeash removes each thing that a session depends on.
func TestTheLeash(t *testing.T) {
	w := newWorld(t)
	type cut = func(*credential.Session)
	const all, vended = 0, credential.Vended
	for name, x := range map[string]struct {
		kind   credential.Kind // of the session; all: every kind
		cut    cut
		reason string
	}{
		"nothing":          {all, func(*credential.Session) {}, ""},
		"no key behind it": {all, func(s *credential.Session) { s.ParentKey = "" }, ""},
		"a deleted key": {all, func(s *credential.Session) {
			s.ParentKey = "AKIAGONE"
		}, "the access key that this session was made with is deleted or inactive"},
		"a deleted parent": {all, func(s *credential.Session) {
			s.ParentPrincipalID = "AIDAGONE"
		}, "the principal that this session was made by is deleted"},
		"a deleted role": {credential.AssumedRole, func(s *credential.Session) {
			s.PrincipalID = "AROAGONE"
		}, "the role of this session is deleted"},
		"a user for a role": {credential.AssumedRole, func(s *credential.Session) {
			s.PrincipalID = w.user.ID
		}, "the role of this session is deleted"},
		"a deleted location role": {vended, func(s *credential.Session) {
			s.PrincipalID = "AROAGONE"
		}, "the role of this session is deleted"},
		"a deleted user": {credential.UserSession, func(s *credential.Session) {
			s.PrincipalID = "AIDAGONE"
		}, "the user of this session is deleted"},
		"a role for a user": {credential.UserSession, func(s *credential.Session) {
			s.PrincipalID = w.role.ID
		}, "the user of this session is deleted"},
		"a deleted account": {credential.RootSession, func(s *credential.Session) {
			s.Account, s.PrincipalID = "999999999999", "999999999999"
		}, "the account of this session is deleted"},
		"no instance": {vended, func(s *credential.Session) {
			s.InstanceID = ""
		}, "the session names no Access Grants instance"},
		"a garbled instance": {vended, func(s *credential.Session) {
			s.InstanceID = "x"
		}, "the session names no Access Grants instance"},
		"an instance elsewhere": {vended, func(s *credential.Session) {
			s.InstanceID = "arn:aws:s3:eu-west-1:123456789012:access-grants/default"
		}, "the Access Grants instance behind this credential is deleted"},
		"another account's instance": {vended, func(s *credential.Session) {
			s.InstanceID = "arn:aws:s3:us-east-1:210987654321:access-grants/default"
		}, "the Access Grants instance behind this credential is deleted"},
		"a deleted location": {vended, func(s *credential.Session) {
			s.LocationID = "a35e42a4-0c3b-4d9b-8e8e-111111111111"
		}, "the location behind this credential is deleted"},
		"no location": {vended, func(s *credential.Session) {
			s.LocationID = ""
		}, "the location behind this credential is deleted"},
		"a deleted grant": {vended, func(s *credential.Session) {
			s.GrantID = "a35e42a4-0c3b-4d9b-8e8e-111111111111"
		}, "the grant behind this credential is deleted"},
		"a garbled grant": {vended, func(s *credential.Session) { s.GrantID = "x" }, "the session names no grant"},
		"a deleted grantee": {vended, func(s *credential.Session) {
			s.CallerPrincipalID = "AIDAGONE"
		}, "the grantee of this credential is deleted"},
		"no grantee": {vended, func(s *credential.Session) {
			s.CallerPrincipalID = ""
		}, "the grantee of this credential is deleted"},
	} {
		for _, kind := range []credential.Kind{credential.AssumedRole, credential.UserSession, credential.RootSession,
			vended} {
			if x.kind != all && x.kind != kind {
				continue
			}
			t.Run(kind.String()+" with "+name, func(t *testing.T) {
				s := w.session(kind)
				x.cut(&s)
				k := w.mint(s)
				_, err := w.Authenticate(t, k, "sts")
				if x.reason == "" {
					must(t, err)
					return
				}
				ended, ok := errors.AsType[*caller.Ended](err)
				if !ok || ended.Text != x.reason || !fault.Is(err, fault.Denied, fault.SessionToken) {
					t.Fatalf("got %v, want %q", err, x.reason)
				}
				if ended.Caller == nil || ended.Caller.Session.ID != s.ID || ended.Caller.AccessKeyID != k.ID {
					t.Errorf("the refusal does not know whose session it was: %+v", ended.Caller)
				}
				if err := ended.Caller.Authorize(caller.Ask{
					Action:          "s3:GetObject",
					Resource:        "*",
					ResourceAccount: account,
				}); err == nil {
					t.Error("the ended caller may do something")
				}
				k.Secret = "guess"
				if _, err := w.Authenticate(t, k, "sts"); !fault.Is(err, fault.Unauthenticated, fault.Signature) {
					t.Errorf("without the secret: %v", err)
				}
			})
		}
	}
}

// TestAtExpiryOnlyVendedCredentialsAreLoose checks that AWS's behaviour applies to vended credentials only.
func TestAtExpiryOnlyVendedCredentialsAreLoose(t *testing.T) {
	w := newWorld(t)
	w.Auth.Revocation = caller.AtExpiry
	keys := map[credential.Kind]func() error{}
	for _, kind := range []credential.Kind{credential.AssumedRole, credential.UserSession, credential.Vended} {
		k := w.mint(w.session(kind))
		keys[kind] = func() error { _, err := w.Authenticate(t, k, "sts"); return err }
	}
	w.change(func(tx *store.Tx) error { return store.AccessKeys.Update(tx, w.accessKey(iam.Inactive)) })
	for kind, try := range keys {
		if err := try(); (err == nil) != (kind == credential.Vended) {
			t.Errorf("%v: %v", kind, err)
		}
	}
	w.change(func(tx *store.Tx) error { return store.Roles.Delete(tx, w.role.ID) })
	if err := keys[credential.Vended](); !fault.Is(err, fault.Denied, fault.SessionToken) {
		t.Errorf("after its role was deleted: %v", err)
	}
}

// TestReauthenticate authenticates callers again after a change.
func TestReauthenticate(t *testing.T) {
	for name, x := range map[string]struct {
		change  func(*world, *store.Tx) error
		keys    func(*world) (k keys)
		refused bool
	}{
		"a change elsewhere": {func(w *world, tx *store.Tx) error {
			return store.Users.Insert(tx, &iam.User{ID: "AIDANEW", Account: account, Name: "new", Path: "/"})
		}, func(w *world) keys { return w.mint(w.session(credential.Vended)) }, false},
		"a change elsewhere, user": {func(w *world, tx *store.Tx) error {
			return store.Users.Insert(tx, &iam.User{ID: "AIDANEW", Account: account, Name: "new", Path: "/"})
		}, func(w *world) keys { return w.key }, false},
		"a change elsewhere, root": {func(w *world, tx *store.Tx) error {
			return store.Users.Insert(tx, &iam.User{ID: "AIDANEW", Account: account, Name: "new", Path: "/"})
		}, func(w *world) keys { return w.root }, false},
		"the key made inactive": {func(w *world, tx *store.Tx) error {
			return store.AccessKeys.Update(tx, w.accessKey(iam.Inactive))
		}, func(w *world) keys { return w.key }, true},
		"the parent key": {func(w *world, tx *store.Tx) error {
			return store.AccessKeys.Update(tx, w.accessKey(iam.Inactive))
		}, func(w *world) keys { return w.mint(w.session(credential.UserSession)) }, true},
		"the user deleted": {func(w *world, tx *store.Tx) error {
			return store.Users.Delete(tx, w.user.ID)
		}, func(w *world) keys { return w.key }, true},
		"the grant deleted": {func(w *world, tx *store.Tx) error {
			return store.DeleteGrant(tx, w.grant.ID)
		}, func(w *world) keys { return w.mint(w.session(credential.Vended)) }, true},
		"the role deleted": {func(w *world, tx *store.Tx) error {
			return store.Roles.Delete(tx, w.role.ID)
		}, func(w *world) keys { return w.mint(w.session(credential.AssumedRole)) }, true},
		"the grant, for role alone": {func(w *world, tx *store.Tx) error {
			return store.DeleteGrant(tx, w.grant.ID)
		}, func(w *world) keys { return w.mint(w.session(credential.AssumedRole)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.who(x.keys(w))
			if same, err := w.Auth.Reauthenticate(c); err != nil || same != c {
				t.Fatalf("unchanged: %p %v, want %p", same, err, c)
			}
			w.change(func(tx *store.Tx) error { return x.change(w, tx) })
			again, err := w.Auth.Reauthenticate(c)
			if x.refused {
				if err == nil {
					t.Fatal("it is still let through")
				}
				return
			}
			must(t, err)
			if again == c || again.Snapshot == c.Snapshot || again.ARN() != c.ARN() || again.UserID() != c.UserID() ||
				again.Account != c.Account {
				t.Errorf("got %+v", again)
			}
			if c.IsVended() {
				if again.Authorize(caller.Ask{
					Action:          "s3:GetObject",
					Resource:        "arn:aws:s3:::lake/in/k",
					ResourceAccount: account,
				}) != nil ||
					again.Authorize(caller.Ask{
						Action:          "s3:GetObject",
						Resource:        "arn:aws:s3:::lake/out/k",
						ResourceAccount: account,
					}) == nil {
					t.Error("its scope is another one")
				}
			}
		})
	}
	t.Run("a policy changed", func(t *testing.T) {
		w := newWorld(t)
		c := w.who(w.key)
		w.user.Policies = iam.Policies{}
		w.change(func(tx *store.Tx) error { return store.Users.Update(tx, &w.user) })
		ask := caller.Ask{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/k", ResourceAccount: account}
		again, err := w.Auth.Reauthenticate(c)
		must(t, err)
		if c.Authorize(ask) != nil || again.Authorize(ask) == nil {
			t.Error("the policies are the old ones")
		}
	})
	t.Run("a snapshot that may be stale", func(t *testing.T) {
		w := newWorld(t)
		c := w.who(w.key)
		must(t, w.Engine.Close())
		if _, err := w.Auth.Reauthenticate(c); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("again: %v", err)
		}
		if _, err := w.Authenticate(t, w.key, "sts"); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("authenticate: %v", err)
		}
	})
}
