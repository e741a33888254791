package identitystore_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

func TestNoNarrowSessionAdministersTheDirectory(t *testing.T) {
	w := newWorld(t)
	u, g := w.user("alice"), w.group("g")
	m := w.join(g, u)
	keys := w.caller("admin", allow("*", "*"))
	iam := func() *caller.Caller { c, _ := w.Authenticate(t, keys, "iam"); return c }
	role, err := w.IAM.CreateRole(t.Context(), w.Call(t, w.root, "iam", "Test"), principals.NewRole{Name: "wide",
		Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + string(account) +
			`"},"Action":"sts:AssumeRole"}]}`})
	must(t, err)
	must(t, w.IAM.PutInline(t.Context(), w.Call(t, w.root, "iam", "Test"), principals.RoleNamed("wide"), "all",
		allow("*", "*")))
	now := time.Now().UTC().Truncate(time.Second)
	mint := func(change func(*credential.Session)) controltest.Keys {
		s := credential.Session{
			ID:                credential.SessionID(uuid.New()),
			Account:           string(account),
			Name:              "s",
			Issued:            now,
			Expires:           now.Add(time.Hour),
			ParentKey:         keys.ID,
			ParentPrincipalID: iam().User.ID,
			PrincipalID:       role.ID,
		}
		change(&s)
		c, err := w.World.Ring.Mint(s)
		must(t, err)
		return controltest.KeysOf(c)
	}
	w.Auth.Revocation = caller.AtExpiry // a vended session without a grant behind it
	vended := mint(func(s *credential.Session) {
		s.Kind, s.GrantID, s.LocationID, s.Scope, s.Permission = credential.Vended, "g", "l", "s3://lake/*", "READWRITE"
		s.GranteeType, s.GranteeID, s.CallerPrincipalID = "IAM", iam().User.ARN(), iam().User.ID
	})
	narrowed := mint(func(s *credential.Session) {
		s.Kind, s.Policies = credential.AssumedRole, []string{allow("s3:*", "*")}
	})
	for _, op := range w.operations(u, g, m) {
		for name, k := range map[string]controltest.Keys{"vended": vended, "narrowed": narrowed} {
			if err := op.run(t.Context(), w.by(k), w.in); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s by a %s session: %v", op.name, name, err)
			}
		}
	}
	wide := mint(func(s *credential.Session) { s.Kind = credential.AssumedRole })
	if _, err := w.DescribeUser(w.by(wide), w.in, u.ID); err != nil {
		t.Errorf("the role itself: %v", err)
	}
}

// A call that was authorized while the store was the account's writes nothing into the store when it no longer is.
// Nobody could ever see or delete what such a call would leave behind.
func TestNothingIsWrittenIntoAStoreThatIsGone(t *testing.T) {
	w := newWorld(t)
	early := w.asRoot()
	must(t, w.World.Engine.Update(t.Context(), func(tx *store.Tx) error { // as DeleteInstance does
		i, err := store.IdentityCenter(t.Context(), tx, account)
		if err != nil {
			return err
		}
		i.Deleted = true
		return store.PutIdentityCenter(tx, i)
	}))
	_, err := w.CreateUser(t.Context(), early, w.in, attributes("alice"))
	refused(t, err, fault.NotFound, "IDENTITY_STORE not found.")
	_, err = w.CreateGroup(t.Context(), w.asRoot(), w.in, directory.Group{DisplayName: "g"})
	refused(t, err, fault.NotFound, "IDENTITY_STORE not found.")
}
