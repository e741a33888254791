package principals_test

import (
	"testing"

	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

func TestEnsureRoot(t *testing.T) {
	given := principals.RootKey{
		AccessKeyID: "AKIAGIVENGIVENGIVEN1",
		Secret:      credential.NewSecret("given-secret-0123456789"),
	}

	t.Run("makes the account and a key, and nothing more the second time", func(t *testing.T) {
		w := newWorld(t)
		who, err := w.Authenticate(t, w.root, "iam")
		must(t, err)
		if !who.IsRoot() || who.Account != account {
			t.Fatalf("the key is of %s, root %v", who.Account, who.IsRoot())
		}
		before := len(w.Records(t))
		again, err := w.EnsureRoot(t.Context(), account, principals.RootKey{})
		must(t, err)
		if again.AccessKeyID != "" || len(w.Records(t)) != before {
			t.Fatalf("a second start made %q and %d records", again.AccessKeyID, len(w.Records(t))-before)
		}
	})
	t.Run("takes the given key, and follows a new secret", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.EnsureRoot(t.Context(), account, given)
		must(t, err)
		_, err = w.Authenticate(t, controltest.Keys{ID: given.AccessKeyID, Secret: given.Secret.Reveal()}, "iam")
		must(t, err)
		changed := principals.RootKey{
			AccessKeyID: given.AccessKeyID,
			Secret:      credential.NewSecret("another-secret-987654321"),
		}
		_, err = w.EnsureRoot(t.Context(), account, changed)
		must(t, err)
		_, err = w.Authenticate(t, controltest.Keys{ID: given.AccessKeyID, Secret: given.Secret.Reveal()}, "iam")
		if !fault.Is(err, fault.Unauthenticated, fault.Signature) {
			t.Fatalf("the old secret still works: %v", err)
		}
		_, err = w.Authenticate(t, controltest.Keys{ID: given.AccessKeyID, Secret: "another-secret-987654321"}, "iam")
		must(t, err)
	})
	t.Run("refuses a key that is somebody else's", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.EnsureRoot(t.Context(), account, principals.RootKey{AccessKeyID: w.otherRoot.ID, Secret: given.Secret})
		refused(t, err, fault.AlreadyExists, "is not a root key of account "+string(account))
		_, err = w.Authenticate(t, w.otherRoot, "iam")
		must(t, err)
	})
	t.Run("refuses half a key", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.EnsureRoot(t.Context(), account, principals.RootKey{AccessKeyID: "AKIAGIVENGIVENGIVEN1"})
		refused(t, err, fault.Invalid, "both")
	})
}

func TestCreateAccount(t *testing.T) {
	w := newWorld(t)
	a, k, err := w.CreateAccount(t.Context(), controltest.Operator(t, w.World.Control, account), "", "research")
	must(t, err)
	who, err := w.Authenticate(t, controltest.Keys{ID: k.AccessKeyID, Secret: k.Secret.Reveal()}, "iam")
	must(t, err)
	if who.Account != a.ID || len(a.ID) != 12 {
		t.Fatalf("account %s, caller of %s", a.ID, who.Account)
	}
	t.Run("refused when the name is taken", func(t *testing.T) {
		_, _, err := w.CreateAccount(t.Context(), controltest.Operator(t, w.World.Control, account), "", "research")
		refused(t, err, fault.AlreadyExists, "research")
	})
	t.Run("refused when the id is taken", func(t *testing.T) {
		_, _, err := w.CreateAccount(t.Context(), controltest.Operator(t, w.World.Control, account), account, "")
		refused(t, err, fault.AlreadyExists, string(account))
	})
	t.Run("refused when the id is none", func(t *testing.T) {
		_, _, err := w.CreateAccount(t.Context(), controltest.Operator(t, w.World.Control, account), "12345", "")
		refused(t, err, fault.Invalid, "twelve digits")
	})
}
