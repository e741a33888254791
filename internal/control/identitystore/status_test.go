package identitystore_test

import (
	"testing"

	people "latchkey/internal/control/identitystore"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

func TestUsersAreDisabledAndEnabled(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	own := func() (n int) { return len(w.World.Engine.Current().AppendIdentities(nil, alice.ID)) }
	set := func(who people.Named, disabled bool) {
		t.Helper()
		u, err := w.SetUserStatus(t.Context(), w.asRoot(), who, people.Status{Disabled: disabled})
		must(t, err)
		if u.ID != alice.ID || u.Disabled != disabled || w.World.Engine.Current().Person(alice.ID).Disabled != disabled {
			t.Fatalf("%+v", u)
		}
	}
	set(people.Named{Name: "ALICE"}, true)
	if own() != 0 {
		t.Fatal("a disabled user counts")
	}
	set(people.Named{ID: alice.ID}, true)
	set(people.Named{ID: alice.ID}, false)
	if own() != 1 {
		t.Fatal("an enabled user does not count")
	}
}

func TestAStatusIsNotSet(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	for name, who := range map[string]people.Named{"of nobody": {}, "of two at once": {ID: alice.ID, Name: "alice"}} {
		t.Run(name, func(t *testing.T) {
			_, err := w.SetUserStatus(t.Context(), w.asRoot(), who, people.Status{Disabled: true})
			refused(t, err, fault.Invalid, "one of UserId and UserName")
		})
	}
	for name, who := range map[string]people.Named{
		"of a name that nobody has": {Name: "bob"},
		"of an id that nobody has":  {ID: missing},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.SetUserStatus(t.Context(), w.asRoot(), who, people.Status{Disabled: true})
			refused(t, err, fault.NotFound, "USER not found", "ResourceType", "USER")
		})
	}
	t.Run("from another account", func(t *testing.T) {
		_, err := w.SetUserStatus(t.Context(), w.by(w.otherRoot), people.Named{ID: alice.ID}, people.Status{Disabled: true})
		refused(t, err, fault.NotFound, "USER not found")
	})
	t.Run("without a permission", func(t *testing.T) {
		k := w.caller("helper", allow("identitystore:*", "*"))
		_, err := w.SetUserStatus(t.Context(), w.by(k), people.Named{ID: alice.ID}, people.Status{Disabled: true})
		refused(t, err, fault.Denied, "latchkey:SetUserStatus")
	})
	if w.World.Engine.Current().Person(alice.ID).Disabled {
		t.Fatal("alice is disabled")
	}
	t.Run("but with the permission on this store", func(t *testing.T) {
		k := w.caller("desk", allow("latchkey:SetUserStatus", sso.IdentityStoreARN(account, string(w.in))))
		_, err := w.SetUserStatus(t.Context(), w.by(k), people.Named{ID: alice.ID}, people.Status{Disabled: true})
		must(t, err)
	})
}
