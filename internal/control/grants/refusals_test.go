package grants_test

import (
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/awserror"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
)

func TestARefusedGetDataAccessNamesReasonAndPerson(t *testing.T) {
	w := newPeopleWorld(t)
	k := w.session("alice", w.app)
	refused := func(reason, by string) {
		t.Helper()
		call := w.Call(t, k, "s3", "GetDataAccess")
		_, err := w.Grants.GetDataAccess(t.Context(), call,
			grants.DataAccess{Target: "s3://lake/nobody/has/this", Permission: access.Read})
		if err == nil {
			t.Fatal("not refused")
		}
		w.must(w.Finish(t.Context(), call, awserror.Of(awserror.S3, err)))
		records := w.Records(t)
		e := records[len(records)-1]
		if e.EventName != "GetDataAccess" || e.Reason() != reason || e.Latchkey.RefusedBy != by ||
			e.Person() != string(w.alice.ID) {
			t.Errorf("%s: %q by %q for %q", e.EventName, e.Reason(), e.Latchkey.RefusedBy, e.Person())
		}
	}
	refused("grant_missing", "grants")
	t.Run("a vended credential does not ask for others", func(t *testing.T) {
		w.grant(user(w.alice), "hers/*", "")
		v, err := w.ask(k, "s3://lake/hers/*")
		w.must(err)
		person := k
		defer func() { k = person }()
		k = controltest.KeysOf(v.Credentials)
		refused("scope_exceeded", "scope")
	})
	w.must(w.IAM.DeleteInline(t.Context(), w.as("iam"), principals.RoleNamed("r1"), "all"))
	refused("identity_policy", "role")
}
