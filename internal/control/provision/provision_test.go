package provision_test

import (
	"errors"
	"slices"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

const (
	account = access.AccountID("123456789012")
	other   = access.AccountID("210987654321")
	missing = "00000000-0000-4000-8000-000000000000"
)

// world is a deployment with two accounts.
type world struct {
	*controltest.World
	t                *testing.T
	root, otherRoot  controltest.Keys
	store, otherBase directory.StoreID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: controltest.New(t, controltest.Account(account), controltest.Account(other)), t: t}
	w.root, w.otherRoot = w.Root(account), w.Root(other)
	w.store, w.otherBase = w.Store(t, account), w.Store(t, other)
	return w
}

// write lets fn write into an account's store in one transaction.
func (w *world) write(account access.AccountID, fn func(*provision.Writer) error) error {
	w.t.Helper()
	return w.Engine.Update(w.t.Context(), func(tx *store.Tx) error {
		p, err := provision.Open(w.t.Context(), tx, provision.Source{
			Account: account, By: "test", Says: "scim", Snapshot: w.Engine.Current(), Quotas: w.Quotas,
		})
		if err != nil {
			return err
		}
		return fn(p)
	})
}

func (w *world) mustWrite(fn func(*provision.Writer) error) {
	w.t.Helper()
	if err := w.write(account, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) user(name string) (u *directory.User) {
	w.t.Helper()
	w.mustWrite(func(p *provision.Writer) (err error) {
		u, err = p.CreateUser(directory.User{UserName: name}, directory.SaysNothing)
		return err
	})
	return u
}

func (w *world) group(name string) (g *directory.Group) {
	w.t.Helper()
	w.mustWrite(func(p *provision.Writer) (err error) {
		g, err = p.CreateGroup(directory.Group{DisplayName: name})
		return err
	})
	return g
}

func TestUsersAreWritten(t *testing.T) {
	w := newWorld(t)
	u := w.user("alice")
	if got := w.Engine.Current().Person(u.ID); got == nil || got.Store != w.store || got.CreatedBy != "test" ||
		got.Created.IsZero() {
		t.Fatalf("created: %+v", got)
	}
	changed := *u
	changed.UserName, changed.Disabled, changed.CreatedBy = "bob", true, "nobody"
	changed.ExternalIDs = provision.WithExternalID(nil, "scim", "x1")
	w.mustWrite(func(p *provision.Writer) error { _, err := p.ReplaceUser(changed, directory.SaysNothing); return err })
	if w.Engine.Current().Person(u.ID).Disabled {
		t.Fatal("a status came from the attributes")
	}
	w.mustWrite(func(p *provision.Writer) error { _, err := p.ReplaceUser(changed, directory.SaysOut); return err })
	now := w.Engine.Current().PersonByKey(w.store, directory.ExternalKey(directory.ExternalID{Issuer: "scim", ID: "x1"}))
	if now == nil || now.ID != u.ID || now.UserName != "bob" || !now.Disabled || now.CreatedBy != "test" ||
		!now.Created.Equal(u.Created) {
		t.Fatalf("replaced: %+v", now)
	}
	w.mustWrite(func(p *provision.Writer) error { return p.DeleteUser(u.ID) })
	if w.Engine.Current().Person(u.ID) != nil {
		t.Fatal("the user is still there")
	}
}

func TestRefusalsOfWrites(t *testing.T) {
	w := newWorld(t)
	w.Quotas.DirectoryUsers, w.Quotas.DirectoryGroups = 2, 2
	w.user("alice")
	bob := w.user("bob")
	g := w.group("staff")
	foreign := w.Person(t, other, "eve")
	theirs := w.Group(t, other, "theirs", foreign)
	for name, c := range map[string]struct {
		do     func(*provision.Writer) error
		kind   fault.Kind
		entity fault.Entity
	}{
		"a user without a name": {func(p *provision.Writer) error {
			_, err := p.CreateUser(directory.User{}, directory.SaysNothing)
			return err
		}, fault.Invalid, fault.Member},
		"a group without a name": {func(p *provision.Writer) error {
			_, err := p.CreateGroup(directory.Group{})
			return err
		}, fault.Invalid, fault.Member},
		"a user too many": {func(p *provision.Writer) error {
			_, err := p.CreateUser(directory.User{UserName: "c"}, directory.SaysNothing)
			return err
		}, fault.LimitExceeded, fault.DirectoryUser},
		"two groups where one has room": {func(p *provision.Writer) error {
			_, err := p.CreateGroup(directory.Group{DisplayName: "one"})
			_, err2 := p.CreateGroup(directory.Group{DisplayName: "two"})
			return errors.Join(err, err2)
		}, fault.LimitExceeded, fault.DirectoryGroup},
		"another's user name": {func(p *provision.Writer) error {
			_, err := p.ReplaceUser(directory.User{ID: bob.ID, UserName: "ALICE"}, directory.SaysNothing)
			return err
		}, fault.AlreadyExists, fault.DirectoryUser},
		"another's group name": {func(p *provision.Writer) error {
			_, err := p.CreateGroup(directory.Group{DisplayName: "Staff"})
			return err
		}, fault.AlreadyExists, fault.DirectoryGroup},
		"a user of another account": {func(p *provision.Writer) error {
			_, err := p.ReplaceUser(directory.User{ID: foreign.ID, UserName: "mallory"}, directory.SaysNothing)
			return err
		}, fault.NotFound, fault.DirectoryUser},
		"to delete another account's user": {func(p *provision.Writer) error {
			return p.DeleteUser(foreign.ID)
		}, fault.NotFound, fault.DirectoryUser},
		"to rename another account's group": {func(p *provision.Writer) error {
			_, err := p.ReplaceGroup(directory.Group{ID: theirs.ID, DisplayName: "mine"})
			return err
		}, fault.NotFound, fault.DirectoryGroup},
		"to delete another account's group": {func(p *provision.Writer) error {
			return p.DeleteGroup(theirs.ID)
		}, fault.NotFound, fault.DirectoryGroup},
		"to join another account's group": {func(p *provision.Writer) error {
			_, err := p.AddMembers(theirs.ID, []directory.UserID{bob.ID})
			return err
		}, fault.NotFound, fault.DirectoryGroup},
		"another account's user in a group": {func(p *provision.Writer) error {
			_, err := p.AddMembers(g.ID, []directory.UserID{bob.ID, foreign.ID})
			return err
		}, fault.NotFound, fault.DirectoryUser},
		"to empty another account's group": {func(p *provision.Writer) error {
			_, err := p.RemoveMembers(theirs.ID, []directory.UserID{foreign.ID})
			return err
		}, fault.NotFound, fault.DirectoryGroup},
		"nobody in a group": {func(p *provision.Writer) error {
			_, _, err := p.SetMembers(g.ID, []directory.UserID{missing})
			return err
		}, fault.NotFound, fault.DirectoryUser},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.write(account, c.do)
			if !fault.Is(err, c.kind, c.entity) {
				t.Fatalf("got %v, want %v %s", err, c.kind, c.entity)
			}
		})
	}
	s := w.Engine.Current()
	if s.People(w.store) != 2 || s.Groups(w.store) != 1 || s.MemberCount(g.ID) != 0 || !s.InGroup(foreign.ID, theirs.ID) {
		t.Fatal("a refused write left something")
	}
}

func TestMembersComeAndGo(t *testing.T) {
	w := newWorld(t)
	g := w.group("staff")
	var ids []directory.UserID
	w.mustWrite(func(p *provision.Writer) error {
		ids = nil
		for i := range 45 { // more than one batch
			u, err := p.CreateUser(directory.User{UserName: "user" + string(rune('一'+i))}, directory.SaysNothing)
			if err != nil {
				return err
			}
			ids = append(ids, u.ID)
		}
		return nil
	})
	var added, removed []directory.UserID
	w.mustWrite(func(p *provision.Writer) (err error) {
		added, err = p.AddMembers(g.ID, append(slices.Clone(ids[:30]), ids[:30]...))
		return err
	})
	if len(added) != 30 || w.Engine.Current().MemberCount(g.ID) != 30 {
		t.Fatalf("%d added, %d members", len(added), w.Engine.Current().MemberCount(g.ID))
	}
	w.mustWrite(func(p *provision.Writer) (err error) { added, err = p.AddMembers(g.ID, ids[25:35]); return err })
	if !slices.Equal(added, ids[30:35]) {
		t.Fatalf("%d added again", len(added))
	}
	w.mustWrite(func(p *provision.Writer) (err error) {
		removed, err = p.RemoveMembers(g.ID, []directory.UserID{ids[0], ids[0], ids[40], missing})
		return err
	})
	if !slices.Equal(removed, ids[:1]) || w.Engine.Current().InGroup(ids[0], g.ID) {
		t.Fatalf("%d removed", len(removed))
	}
	w.mustWrite(func(p *provision.Writer) (err error) { added, removed, err = p.SetMembers(g.ID, ids[30:]); return err })
	if len(added) != 10 || len(removed) != 29 || w.Engine.Current().MemberCount(g.ID) != 15 {
		t.Fatalf("set: %d added, %d removed", len(added), len(removed))
	}
	w.mustWrite(func(p *provision.Writer) error {
		all, err := p.Members(g.ID)
		if err == nil && len(all) != 15 {
			t.Errorf("%d members", len(all))
		}
		return errors.Join(err, p.DeleteGroup(g.ID))
	})
	if w.Engine.Current().Group(g.ID) != nil || len(w.Engine.Current().GroupsOf(ids[44])) != 0 {
		t.Fatal("the group is still there")
	}
}
