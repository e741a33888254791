package caller_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

const (
	account  = access.AccountID("123456789012")
	trusting = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

// world is a deployment with a user, a role and a grant, which are written directly into the store.
type world struct {
	*controltest.World
	t     testing.TB
	root  controltest.Keys
	user  iam.User
	key   controltest.Keys // of the user
	role  iam.Role
	grant access.Grant
	inst  string // ARN of the instance
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: controltest.New(t, controltest.Account(account)), t: t}
	w.root = w.Root(account)
	all := iam.Policies{Inline: []iam.Inline{{Name: "all", Document: everything}}}
	w.user = iam.User{
		ID:       "AIDAUSER",
		Account:  account,
		Name:     "u",
		Path:     "/",
		Policies: all,
		Tags:     []iam.Tag{{Key: "team", Value: "blue"}},
	}
	w.role = iam.Role{
		ID:         "AROAROLE",
		Account:    account,
		Name:       "r",
		Path:       "/",
		MaxSession: time.Hour,
		Trust:      trusting,
		Policies:   all,
		Tags:       []iam.Tag{{Key: "team", Value: "red"}, {Key: "kind", Value: "role"}},
	}
	w.key = controltest.Keys{ID: "AKIAEXAMPLEUSER00001", Secret: "secret of the user"}
	location := access.Location{
		ID:      "default",
		Account: account,
		Region:  controltest.Region,
		RoleID:  w.role.ID,
		RoleARN: w.role.ARN(),
	}
	var err error
	location.Scope, err = access.ParseLocationScope("s3://")
	must(t, err)
	w.grant, err = access.NewGrant(access.GrantSpec{
		ID:         access.GrantID(uuid.New()),
		Location:   location,
		SubPrefix:  "lake/in/*",
		Grantee:    access.Grantee{Type: access.IAM, ID: w.user.ARN()},
		Principal:  w.user.ID,
		Permission: access.Read,
	})
	must(t, err)
	i := store.Instance{Instance: access.Instance{Account: account, Region: controltest.Region}}
	w.inst = i.ARN()
	w.change(func(tx *store.Tx) error {
		return errors.Join(store.Users.Insert(tx, &w.user), store.Roles.Insert(tx, &w.role),
			store.AccessKeys.Insert(tx, w.accessKey(iam.Active)),
			store.Instances.Insert(tx, &i), store.Locations.Insert(tx, &store.Location{Location: location}),
			store.InsertGrant(tx, &w.grant))
	})
	return w
}

func (w *world) accessKey(status iam.KeyStatus) *iam.AccessKey {
	return &iam.AccessKey{
		ID:      w.key.ID,
		Account: account,
		UserID:  w.user.ID,
		Status:  status,
		Sealed:  w.Ring.Seal(caller.KeyPurpose(w.key.ID), []byte(w.key.Secret)),
	}
}

func (w *world) change(f func(*store.Tx) error) {
	w.t.Helper()
	must(w.t, w.Engine.Update(w.t.Context(), f))
}

// session returns a valid session of a kind.
func (w *world) session(kind credential.Kind) credential.Session {
	now := time.Now().UTC().Truncate(time.Second)
	s := credential.Session{
		ID: credential.SessionID(uuid.New()), Kind: kind, Account: string(account), PrincipalID: w.role.ID, Name: "session",
		Issued: now, Expires: now.Add(time.Hour), ParentKey: w.key.ID, ParentPrincipalID: w.user.ID,
	}
	switch kind {
	case credential.UserSession:
		s.PrincipalID, s.Name = w.user.ID, ""
	case credential.RootSession:
		s.PrincipalID, s.Name, s.ParentKey, s.ParentPrincipalID = string(account), "", w.root.ID, string(account)
	case credential.Vended:
		s.Region, s.InstanceID, s.LocationID, s.GrantID = controltest.Region, w.inst, "default", w.grant.ID.String()
		s.Scope, s.Permission = "s3://lake/in/*", "READ"
		s.GranteeType, s.GranteeID, s.CallerPrincipalID = "IAM", w.user.ARN(), w.user.ID
	}
	return s
}

// mint seals a session.
func (w *world) mint(s credential.Session) controltest.Keys {
	w.t.Helper()
	c, err := w.Ring.Mint(s)
	must(w.t, err)
	return controltest.KeysOf(c)
}

// who returns the caller that the holder of these keys is.
func (w *world) who(k controltest.Keys) *caller.Caller {
	w.t.Helper()
	c, err := w.Authenticate(w.t, k, "sts")
	must(w.t, err)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
