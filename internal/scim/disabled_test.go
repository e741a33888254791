package scim_test

import (
	"testing"

	"latchkey/internal/store"
)

// When a client disables a user, that is remembered, even if somebody else disabled the user before.
func TestAttack26_DisabledByTwo(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		method, body string
		kept         bool // the synchronisation may enable the user again
	}{
		"PUT with active":              {"PUT", `{"userName":"x","active":false}`, false},
		"PUT without":                  {"PUT", `{"userName":"x"}`, true},
		"PATCH of active":              {"PATCH", patch(`{"op":"Replace","path":"Active","value":"False"}`), false},
		"PATCH of active with no path": {"PATCH", patch(`{"op":"replace","value":{"active":false}}`), false},
		"PATCH of something else":      {"PATCH", patch(`{"op":"replace","path":"title","value":"Dr"}`), true},
	} {
		t.Run(name, func(t *testing.T) {
			id := w.user("x")
			w.do("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":false}`)).want(200)
			w.Change(t, func(tx *store.Tx) error {
				return store.PutSyncMark(tx, "ldap", store.SyncMark{ID: id, Disabled: true})
			})
			w.do(c.method, "/Users/"+id, c.body).want(200).has("active", false)
			marks, err := store.SyncMarks(t.Context(), w.DB, "ldap")
			if err != nil || marks[id].Disabled != c.kept {
				t.Errorf("%+v, %v", marks, err)
			}
			w.do("DELETE", "/Users/"+id, "").want(204)
		})
	}
}
