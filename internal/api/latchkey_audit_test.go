package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
)

// queried are the ids of the events that QueryAudit finds.
func (w *signInWorld) queried(in object) (ids []string) {
	w.t.Helper()
	status, out := w.own("root", "QueryAudit", in)
	if status != 200 {
		w.t.Fatalf("%d %v", status, out)
	}
	list, _ := out["Events"].([]any)
	for _, e := range list {
		text := e.(map[string]any)["Event"].(string)
		_, rest, _ := strings.Cut(text, `"eventID":"`)
		id, _, _ := strings.Cut(rest, `"`)
		ids = append(ids, id)
	}
	return ids
}

func TestAuditOfAPersonAndAReason(t *testing.T) {
	w := newSignInWorld(t)
	alice := w.Person(t, centerAccount, "alice")
	for id, e := range map[string]audit.Event{
		"1": {UserIdentity: audit.Identity{OnBehalfOf: &audit.OnBehalfOf{UserID: string(alice.ID)}},
			Latchkey: &audit.Addendum{Reason: "membership_removed", GrantID: "g"}},
		"2": {UserIdentity: audit.Identity{OnBehalfOf: &audit.OnBehalfOf{UserID: "deleted-user"}},
			Latchkey: &audit.Addendum{Reason: "user_deleted"}},
		"3": {Latchkey: &audit.Addendum{Reason: "membership_removed"}},
	} {
		e.EventID, e.EventTime, e.RecipientAccountID = id, time.Now(), string(centerAccount)
		if err := w.DB.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for name, x := range map[string]struct {
		in   object
		want []string
	}{
		"by name":           {object{"Person": "alice"}, []string{"1"}},
		"by name, loosely":  {object{"Person": "ALICE"}, []string{"1"}},
		"by id":             {object{"Person": string(alice.ID)}, []string{"1"}},
		"who is deleted":    {object{"Person": "deleted-user"}, []string{"2"}},
		"by reason":         {object{"Reason": "membership_removed"}, []string{"1", "3"}},
		"by both":           {object{"Reason": "membership_removed", "Person": "alice", "GrantId": "g"}, []string{"1"}},
		"of another person": {object{"Reason": "user_deleted", "Person": "alice"}, nil},
		"of no reason":      {object{"Reason": "membership"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.queried(x.in)
			slices.Sort(got)
			if !slices.Equal(got, x.want) {
				t.Errorf("%v, want %v", got, x.want)
			}
		})
	}
}
