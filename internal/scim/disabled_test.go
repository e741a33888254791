package scim_test

import (
	"slices"
	"testing"

	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
	"latchkey/internal/store"
)

// A client's "no" is remembered, even if somebody else disabled the user before. A client that does not set active says
// nothing.
func TestAttack26_DisabledByTwo(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		method, body string
		says         bool
	}{
		"PUT with active":              {"PUT", `{"userName":"x","active":false}`, true},
		"PUT without":                  {"PUT", `{"userName":"x"}`, false},
		"PATCH of active":              {"PATCH", patch(`{"op":"Replace","path":"Active","value":"False"}`), true},
		"PATCH of active with no path": {"PATCH", patch(`{"op":"replace","value":{"active":false}}`), true},
		"PATCH of something else":      {"PATCH", patch(`{"op":"replace","path":"title","value":"Dr"}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			id := w.user("x")
			w.block(id, "ldap:corp")
			w.do(c.method, "/Users/"+id, c.body).want(200).has("active", !c.says)
			u := w.Engine.Current().Person(directory.UserID(id))
			if !u.Disabled || u.Blocked("scim") != c.says {
				t.Errorf("%+v", u.Blocks)
			}
			w.do("DELETE", "/Users/"+id, "").want(204)
		})
	}
}

// block lets a source say that a user is out.
func (w *world) block(id, source string) {
	w.t.Helper()
	w.SetPerson(w.t, w.Engine.Current().Person(directory.UserID(id)), func(u *directory.User) {
		u.SetSay(directory.SaysOut, directory.Block{Source: source})
	})
}

// The provider's next push says active, as it always does. It does not lift the administrator's block, in any form of
// the push, and neither does the administrator lift the provider's.
func TestAttack52_AnAdministratorsBlockStays(t *testing.T) {
	w := newWorld(t)
	id := w.user("alice")
	admin := &people.Directory{Control: w.Control}
	set := func(s people.Status) *directory.User {
		t.Helper()
		u, err := admin.SetUserStatus(t.Context(), w.Call(t, w.Root(account), "latchkey", "SetUserStatus"),
			people.Named{ID: directory.UserID(id)}, s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	blocks := func(want ...string) {
		t.Helper()
		var got []string
		u := w.Engine.Current().Person(directory.UserID(id))
		for _, b := range u.Blocks {
			if got = append(got, b.Source); b.Since.IsZero() || b.By == "" {
				t.Errorf("a block does not say by whom and since when: %+v", b)
			}
		}
		if !slices.Equal(got, want) || u.Disabled != (len(want) > 0) {
			t.Fatalf("blocked by %v (%v), want %v", got, u.Disabled, want)
		}
	}
	set(people.Status{Disabled: true})
	for name, push := range map[string]func() *reply{
		"PUT": func() *reply { return w.do("PUT", "/Users/"+id, `{"userName":"alice","active":true}`) },
		"PATCH": func() *reply {
			return w.do("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":true}`))
		},
		"PATCH without a path": func() *reply {
			return w.do("PATCH", "/Users/"+id, patch(`{"op":"Replace","value":{"active":"True"}}`))
		},
		"off and on again": func() *reply {
			w.do("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":false}`)).want(200).has("active", false)
			blocks("administrator", "scim")
			return w.do("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":true}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			push().want(200).has("active", true) // the client reads what it wrote
			blocks("administrator")
			w.find("Users", "active eq false").want(200).has("totalResults", 0)
		})
	}
	w.do("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":false}`)).want(200)
	if u := set(people.Status{}); !u.Disabled {
		t.Error("the administrator spoke for the provider")
	}
	blocks("scim")
	if u := set(people.Status{Source: "scim"}); u.Disabled {
		t.Error("an administrator cannot take back the block of a client that is gone")
	}
	blocks()
}

// A row from before blocks had sources belongs to the administrator, and to the client that brought or wrote the user.
func TestAttack52_OldStatusIsNotLifted(t *testing.T) {
	w := newWorld(t)
	mine, theirs := w.user("mine"), string(w.Person(t, account, "theirs").ID)
	for _, id := range []string{mine, theirs} {
		w.Change(t, func(tx *store.Tx) error {
			u, err := store.DirectoryUsers.Get(t.Context(), tx, id)
			if err != nil {
				return err
			}
			u.Disabled = true
			return store.DirectoryUsers.Update(tx, u)
		})
	}
	for id, want := range map[string]bool{mine: true, theirs: false} {
		u := w.Engine.Current().Person(directory.UserID(id))
		if !u.Disabled || !u.Blocked(directory.Administrator) || u.Blocked("scim") != want {
			t.Errorf("%s: %+v", u.UserName, u.Blocks)
		}
		w.do("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":true}`)).want(200).has("active", true)
		if !w.Engine.Current().Person(directory.UserID(id)).Disabled {
			t.Errorf("a push let %s in", u.UserName)
		}
	}
}
