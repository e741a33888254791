package provision_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/provision"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

func (w *world) tokens() *provision.Tokens { return &provision.Tokens{Control: w.Control} }

func (w *world) create(k controltest.Keys, life time.Duration) (*provision.NewToken, error) {
	w.t.Helper()
	return w.tokens().Create(w.t.Context(), w.Call(w.t, k, "latchkey", "CreateProvisioningToken"), life)
}

func (w *world) mustCreate(life time.Duration) *provision.NewToken {
	w.t.Helper()
	t, err := w.create(w.root, life)
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

// holder returns the account of a token. It is empty if the token is not valid.
func (w *world) holder(token string) access.AccountID {
	w.t.Helper()
	p, err := provision.Bearer(w.Engine.Current(), w.Now(), token)
	if err != nil {
		return ""
	}
	return p.Account
}

func TestATokenHolds(t *testing.T) {
	w := newWorld(t)
	made := w.mustCreate(time.Hour)
	text := made.Secret.Reveal()
	if w.holder(text) != account {
		t.Fatal("a new token does not hold")
	}
	for name, bad := range map[string]string{
		"nothing":         "",
		"its id":          made.ID,
		"cut short":       text[:len(text)-1],
		"of another kind": strings.TrimPrefix(text, "lkscim_"),
		"in capitals":     strings.ToUpper(text),
	} {
		if w.holder(bad) != "" {
			t.Errorf("%s is a token", name)
		}
	}
	if again := w.mustCreate(time.Hour); again.Secret.Reveal() == text || len(text) < 43 {
		t.Fatal("tokens are no good secrets")
	}
	rows, err := store.ProvisioningTokens.InAccount(t.Context(), w.DB, string(account))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, e := range w.Records(t) {
		line, _ := e.JSON()
		if strings.Contains(string(line), text) {
			t.Fatal("the record has the token")
		}
	}
}

func TestATokenEnds(t *testing.T) {
	t.Run("when it expires, and then makes room", func(t *testing.T) {
		w := newWorld(t)
		short, long := w.mustCreate(time.Minute), w.mustCreate(0)
		w.Advance(61 * time.Second)
		if w.holder(short.Secret.Reveal()) != "" || w.holder(long.Secret.Reveal()) != account {
			t.Fatal("the wrong token holds")
		}
		all, err := w.tokens().List(t.Context(), w.Call(t, w.root, "latchkey", "ListProvisioningTokens"))
		if err != nil || len(all) != 2 || all[0].ID != short.ID {
			t.Fatalf("%v, %v", all, err)
		}
		w.mustCreate(0)
		w.Advance(provision.TokenLife)
		if w.holder(long.Secret.Reveal()) != "" {
			t.Fatal("a token holds for longer than a year")
		}
	})
	t.Run("when it is deleted", func(t *testing.T) {
		w := newWorld(t)
		one, two := w.mustCreate(0), w.mustCreate(0)
		if err := w.tokens().Delete(t.Context(), w.Call(t, w.root, "latchkey", "DeleteProvisioningToken"),
			one.ID); err != nil {
			t.Fatal(err)
		}
		if w.holder(one.Secret.Reveal()) != "" || w.holder(two.Secret.Reveal()) != account {
			t.Fatal("the wrong token holds")
		}
	})
	t.Run("with its identity store", func(t *testing.T) {
		w := newWorld(t)
		one := w.mustCreate(0)
		w.Change(t, func(tx *store.Tx) error {
			next := *w.Center(t, account)
			next.IdentityStoreID = "d-0000000000"
			return store.PutIdentityCenter(tx, &next)
		})
		if w.holder(one.Secret.Reveal()) != "" {
			t.Fatal("it holds for the next store")
		}
		if all, err := w.tokens().List(t.Context(), w.Call(t, w.root, "latchkey", "ListProvisioningTokens")); err != nil ||
			len(all) != 0 {
			t.Fatalf("%v, %v", all, err)
		}
		w.mustCreate(0)
		w.mustCreate(0)
	})
}

func TestAThirdTokenIsRefused(t *testing.T) {
	w := newWorld(t)
	w.mustCreate(0)
	w.mustCreate(0)
	if _, err := w.create(w.root, 0); !fault.Is(err, fault.LimitExceeded, fault.Provisioning) {
		t.Fatalf("got %v", err)
	}
	if _, err := w.create(w.otherRoot, 0); err != nil {
		t.Fatalf("another account: %v", err)
	}
}

func TestTokensOfOthersAreNotFound(t *testing.T) {
	w := newWorld(t)
	made := w.mustCreate(0)
	err := w.tokens().Delete(t.Context(), w.Call(t, w.otherRoot, "latchkey", "DeleteProvisioningToken"), made.ID)
	if !fault.Is(err, fault.NotFound, fault.Provisioning) || w.holder(made.Secret.Reveal()) != account {
		t.Fatalf("got %v", err)
	}
	all, err := w.tokens().List(t.Context(), w.Call(t, w.otherRoot, "latchkey", "ListProvisioningTokens"))
	if err != nil || len(all) != 0 {
		t.Fatalf("%v, %v", all, err)
	}
}

func TestTokensNeedAPermission(t *testing.T) {
	w := newWorld(t)
	made := w.mustCreate(0)
	store := sso.IdentityStoreARN(account, string(w.store))
	calls := map[string]func(k controltest.Keys) error{
		"CreateProvisioningToken": func(k controltest.Keys) error { _, err := w.create(k, 0); return err },
		"ListProvisioningTokens": func(k controltest.Keys) error {
			_, err := w.tokens().List(t.Context(), w.Call(t, k, "latchkey", "Test"))
			return err
		},
		"DeleteProvisioningToken": func(k controltest.Keys) error {
			return w.tokens().Delete(t.Context(), w.Call(t, k, "latchkey", "Test"), made.ID)
		},
	}
	for _, name := range []string{"ListProvisioningTokens", "CreateProvisioningToken", "DeleteProvisioningToken"} {
		keys := func(user, action, resource string) controltest.Keys {
			_, k := w.User(t, w.root, user,
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"`+action+`","Resource":"`+resource+`"}}`)
			return k
		}
		if err := calls[name](keys("s3"+name, "s3:*", "*")); fault.KindOf(err) != fault.Denied ||
			!strings.Contains(err.Error(), "latchkey:"+name) {
			t.Errorf("%s without a permission: %v", name, err)
		}
		if err := calls[name](keys("elsewhere"+name, "latchkey:*", store+"0")); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s with a permission elsewhere: %v", name, err)
		}
		if err := calls[name](keys("may"+name, "latchkey:"+name, store)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
