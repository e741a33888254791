package identitystore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/control"
	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// operation is one of the 19 operations, called on given entities. It has the resources besides the store for which the
// operation asks a permission.
type operation struct {
	name      string
	resources []string
	run       func(context.Context, *control.Call, directory.StoreID) error
}

// operations returns all operations. Each succeeds in this order if it is allowed.
func (w *world) operations(u *directory.User, g *directory.Group, m *directory.Membership) []operation {
	const users, groups, memberships = "arn:aws:identitystore:::user/*", "arn:aws:identitystore:::group/*",
		"arn:aws:identitystore:::membership/*"
	user, group, member := u.ID.ARN(), g.ID.ARN(), m.ID.ARN()
	title := []directory.Operation{{Path: "title", Value: "x"}}
	describe := []directory.Operation{{Path: "description", Value: "x"}}
	return []operation{
		{"CreateUser", nil, func(ctx context.Context, c *control.Call, in directory.StoreID) error {
			_, err := w.CreateUser(ctx, c, in, attributes("new"))
			return err
		}},
		{"DescribeUser", []string{user}, func(_ context.Context, c *control.Call, in directory.StoreID) error {
			_, err := w.DescribeUser(c, in, u.ID)
			return err
		}},
		{"UpdateUser", []string{user}, func(ctx context.Context, c *control.Call, in directory.StoreID) error {
			return w.UpdateUser(ctx, c, in, u.ID, title)
		}},
		{"ListUsers", []string{users}, func(ctx context.Context, c *control.Call, in directory.StoreID) error {
			_, err := w.ListUsers(ctx, c, in, people.Filter{}, people.Ask{})
			return err
		}},
		{"GetUserId", []string{users}, func(_ context.Context, c *control.Call, in directory.StoreID) error {
			_, err := w.UserID(c, in, people.Alternate{Path: "userName", Value: u.UserName})
			return err
		}},
		{"CreateGroup", nil, func(ctx context.Context, c *control.Call, in directory.StoreID) error {
			_, err := w.CreateGroup(ctx, c, in, directory.Group{DisplayName: "new"})
			return err
		}},
		{"DescribeGroup", []string{group}, func(_ context.Context, c *control.Call, in directory.StoreID) error {
			_, err := w.DescribeGroup(c, in, g.ID)
			return err
		}},
		{"UpdateGroup", []string{group}, func(ctx context.Context, c *control.Call, in directory.StoreID) error {
			return w.UpdateGroup(ctx, c, in, g.ID, describe)
		}},
		{"ListGroups", []string{groups}, func(ctx context.Context, c *control.Call, in directory.StoreID) error {
			_, err := w.ListGroups(ctx, c, in, people.Filter{}, people.Ask{})
			return err
		}},
		{"GetGroupId", []string{groups}, func(_ context.Context, c *control.Call, in directory.StoreID) error {
			_, err := w.GroupID(c, in, people.Alternate{Path: "displayName", Value: g.DisplayName})
			return err
		}},
		{"DescribeGroupMembership", []string{member, group, user},
			func(ctx context.Context, c *control.Call, in directory.StoreID) error {
				_, err := w.DescribeMembership(ctx, c, in, m.ID)
				return err
			}},
		{"ListGroupMemberships", []string{memberships, group},
			func(ctx context.Context, c *control.Call, in directory.StoreID) error {
				_, err := w.ListMembers(ctx, c, in, g.ID, people.Ask{})
				return err
			}},
		{"ListGroupMembershipsForMember", []string{memberships, user},
			func(ctx context.Context, c *control.Call, in directory.StoreID) error {
				_, err := w.ListMemberships(ctx, c, in, u.ID, people.Ask{})
				return err
			}},
		{"GetGroupMembershipId", []string{memberships, group, user},
			func(ctx context.Context, c *control.Call, in directory.StoreID) error {
				_, err := w.MembershipID(ctx, c, in, g.ID, u.ID)
				return err
			}},
		{"IsMemberInGroups", []string{memberships, user, group},
			func(_ context.Context, c *control.Call, in directory.StoreID) error {
				_, err := w.InGroups(c, in, u.ID, []directory.GroupID{g.ID})
				return err
			}},
		{"DeleteGroupMembership", []string{member, group, user},
			func(ctx context.Context, c *control.Call, in directory.StoreID) error {
				return w.DeleteMembership(ctx, c, in, m.ID)
			}},
		{"CreateGroupMembership", []string{group, user},
			func(ctx context.Context, c *control.Call, in directory.StoreID) error {
				_, err := w.CreateMembership(ctx, c, in, g.ID, u.ID)
				return err
			}},
		{"DeleteUser", []string{user}, func(ctx context.Context, c *control.Call, in directory.StoreID) error {
			return w.DeleteUser(ctx, c, in, u.ID)
		}},
		{"DeleteGroup", []string{group}, func(ctx context.Context, c *control.Call, in directory.StoreID) error {
			return w.DeleteGroup(ctx, c, in, g.ID)
		}},
	}
}

// Every operation asks for its own action on the store and on everything that it is about. If one of them is not
// allowed, the refusal says nothing more.
func TestEveryOperationAsksForAllItsResources(t *testing.T) {
	w := newWorld(t)
	u, g := w.user("alice"), w.group("g")
	m := w.join(g, u)
	storeARN := "arn:aws:identitystore::" + string(account) + ":identitystore/" + string(w.in)
	all := w.operations(u, g, m)
	if len(all) != 19 {
		t.Fatalf("%d operations", len(all))
	}
	for i, op := range all {
		action := "identitystore:" + op.name
		needs := append([]string{storeARN}, op.resources...)
		for n, missing := range needs {
			others := slices.Delete(slices.Clone(needs), n, n+1)
			if len(others) == 0 {
				others = []string{"arn:aws:identitystore:::user/" + strings.Repeat("0", 8)}
			}
			k := w.caller(fmt.Sprintf("lacks-%d-%d", i, n), allow(action, others...))
			refused(t, op.run(t.Context(), w.by(k), w.in), fault.Denied,
				"is not authorized to perform: "+action+" on resource: "+missing)
		}
		k := w.caller(fmt.Sprintf("another-%d", i), allow("identitystore:Other*", "*"))
		refused(t, op.run(t.Context(), w.by(k), w.in), fault.Denied, action)
		k = w.caller(fmt.Sprintf("may-%d", i), allow(action, needs...))
		if err := op.run(t.Context(), w.by(k), w.in); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
	}
}

// The directory of another account does not exist for a caller, whoever the caller is and whatever the directory has.
func TestAnotherAccountsDirectoryIsNotThere(t *testing.T) {
	w := newWorld(t)
	u, g := w.user("alice"), w.group("g")
	m := w.join(g, u)
	for _, op := range w.operations(u, g, m) {
		err := op.run(t.Context(), w.by(w.otherRoot), w.in)
		refused(t, err, fault.NotFound, "IDENTITY_STORE not found.", "ResourceType", "IDENTITY_STORE", "ResourceId",
			string(w.in))
	}
	// The entities of that directory cannot be reached through the caller's own store either.
	for _, op := range w.operations(u, g, m) {
		err := op.run(t.Context(), w.by(w.otherRoot), w.otherIn)
		switch op.name {
		case "CreateUser", "CreateGroup", "ListUsers", "ListGroups", "DeleteUser", "DeleteGroup", "DeleteGroupMembership":
			must(t, err) // these name nothing, or forgive that it is not there
		default:
			refused(t, err, fault.NotFound, "not found.")
		}
	}
	s := w.World.Engine.Current()
	if s.Person(u.ID) == nil || s.Group(g.ID) == nil || !s.InGroup(u.ID, g.ID) {
		t.Error("another account deleted something")
	}
}

func TestDeletingTwiceIsNoFailure(t *testing.T) {
	w := newWorld(t)
	u, g := w.user("alice"), w.group("g")
	m := w.join(g, u)
	for range 2 {
		must(t, w.DeleteMembership(t.Context(), w.asRoot(), w.in, m.ID))
	}
	_, err := w.DescribeMembership(t.Context(), w.asRoot(), w.in, m.ID)
	refused(t, err, fault.NotFound, "GROUP_MEMBERSHIP not found.", "ResourceType", "GROUP_MEMBERSHIP", "ResourceId",
		string(m.ID))
	_, err = w.MembershipID(t.Context(), w.asRoot(), w.in, g.ID, u.ID)
	refused(t, err, fault.NotFound, "GROUP_MEMBERSHIP not found.")
	for range 2 {
		must(t, w.DeleteUser(t.Context(), w.asRoot(), w.in, u.ID))
		must(t, w.DeleteGroup(t.Context(), w.asRoot(), w.in, g.ID))
	}
	_, err = w.DescribeUser(w.asRoot(), w.in, u.ID)
	refused(t, err, fault.NotFound, "USER not found.", "ResourceId", string(u.ID))
	_, err = w.DescribeGroup(w.asRoot(), w.in, g.ID)
	refused(t, err, fault.NotFound, "GROUP not found.", "ResourceId", string(g.ID))
	for _, err := range []error{
		w.UpdateUser(t.Context(), w.asRoot(), w.in, u.ID, []directory.Operation{{Path: "title", Value: "x"}}),
		w.UpdateGroup(t.Context(), w.asRoot(), w.in, g.ID, []directory.Operation{{Path: "description", Value: "x"}}),
	} {
		refused(t, err, fault.NotFound, "not found.")
	}
	if again := w.user("alice"); again.ID == u.ID {
		t.Error("a user who was made anew is the old one")
	}
}

func TestUniqueAttributes(t *testing.T) {
	w := newWorld(t)
	w.user("alice")
	bob, red := w.user("bob"), w.group("red")
	w.group("Blue")
	u := attributes("carol")
	u.Emails[0].Value = "ALICE@example.com"
	_, err := w.CreateUser(t.Context(), w.asRoot(), w.in, u)
	refused(t, err, fault.AlreadyExists, "Duplicate Email", "Reason", unique)
	_, err = w.CreateGroup(t.Context(), w.asRoot(), w.in, directory.Group{DisplayName: "RED"})
	refused(t, err, fault.AlreadyExists, "Duplicate GroupDisplayName", "Reason", unique)
	err = w.UpdateUser(t.Context(), w.asRoot(), w.in, bob.ID,
		[]directory.Operation{{Path: "title", Value: "x"}, {Path: "userName", Value: "Alice"}})
	refused(t, err, fault.AlreadyExists, "Duplicate UserName", "Reason", unique)
	err = w.UpdateGroup(t.Context(), w.asRoot(), w.in, red.ID, []directory.Operation{{Path: "displayName", Value: "blue"}})
	refused(t, err, fault.AlreadyExists, "Duplicate GroupDisplayName", "Reason", unique)
	if got, err := w.DescribeUser(w.asRoot(), w.in, bob.ID); err != nil || got.Title != "" || got.UserName != "bob" {
		t.Errorf("a refused update left %+v (%v)", got, err)
	}
	if _, err := w.CreateUser(t.Context(), w.by(w.otherRoot), w.otherIn, attributes("alice")); err != nil {
		t.Errorf("alice of another account: %v", err)
	}
	// her own name in another case
	must(t, w.UpdateUser(t.Context(), w.asRoot(), w.in, bob.ID, []directory.Operation{{Path: "userName", Value: "BOB"}}))
}

func TestWhatClientsCannotSet(t *testing.T) {
	w := newWorld(t)
	u := attributes("alice")
	u.ID, u.Store, u.Disabled = "11111111-1111-4111-8111-111111111111", w.otherIn, true
	u.ExternalIDs = []directory.ExternalID{{Issuer: "i", ID: "x"}}
	got, err := w.CreateUser(t.Context(), w.asRoot(), w.in, u)
	if err != nil || got.ID == u.ID || got.Store != w.in || got.Disabled || got.ExternalIDs != nil {
		t.Errorf("%+v (%v)", got, err)
	}
	if got.CreatedBy != "arn:aws:iam::"+string(account)+":root" || got.Created.IsZero() || got.Updated != got.Created {
		t.Errorf("stamped %+v", got.Stamp)
	}
	g, err := w.CreateGroup(t.Context(), w.asRoot(), w.in,
		directory.Group{ID: "x", Store: w.otherIn, DisplayName: "g", ExternalIDs: u.ExternalIDs})
	if err != nil || g.ID == "x" || g.Store != w.in || g.ExternalIDs != nil {
		t.Errorf("%+v (%v)", g, err)
	}
}

func TestListsAreFilteredAndPaged(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.user(fmt.Sprint("u", i))
		w.group(fmt.Sprint("g", i))
	}
	_, err := w.CreateUser(t.Context(), w.by(w.otherRoot), w.otherIn, attributes("stranger"))
	must(t, err)
	two := int32(2)
	var users []string
	for ask := (people.Ask{Max: &two}); ; {
		page, err := w.ListUsers(t.Context(), w.asRoot(), w.in, people.Filter{}, ask)
		must(t, err)
		for _, u := range page.Items {
			users = append(users, u.UserName)
		}
		if ask.Token = page.Token; ask.Token == "" {
			break
		}
		_, err = w.ListGroups(t.Context(), w.asRoot(), w.in, people.Filter{}, ask)
		refused(t, err, fault.Invalid, "NextToken")
	}
	if !slices.Equal(users, []string{"u0", "u1", "u2", "u3", "u4"}) {
		t.Error(users)
	}
	page, err := w.ListUsers(t.Context(), w.asRoot(), w.in, people.Filter{Path: "UserName", Value: "U3"}, people.Ask{})
	if err != nil || len(page.Items) != 1 || page.Items[0].UserName != "u3" || page.Token != "" {
		t.Error(page, err)
	}
	groups, err := w.ListGroups(t.Context(), w.asRoot(), w.in, people.Filter{Path: "DisplayName", Value: "nothing"},
		people.Ask{})
	if err != nil || len(groups.Items) != 0 {
		t.Error(groups, err)
	}
	_, err = w.ListUsers(t.Context(), w.asRoot(), w.in, people.Filter{Path: "Title", Value: "x"}, people.Ask{})
	refused(t, err, fault.Invalid, "cannot be filtered by")
	_, err = w.ListUsers(t.Context(), w.asRoot(), w.in, people.Filter{Path: "UserName", Value: "u3"},
		people.Ask{Token: "x"})
	refused(t, err, fault.Invalid, "NextToken")
	g := w.group("all")
	for _, name := range users[:3] {
		id, err := w.UserID(w.asRoot(), w.in, people.Alternate{Path: "userName", Value: name})
		must(t, err)
		_, err = w.CreateMembership(t.Context(), w.asRoot(), w.in, g.ID, id)
		must(t, err)
	}
	first, err := w.ListMembers(t.Context(), w.asRoot(), w.in, g.ID, people.Ask{Max: &two})
	if err != nil || len(first.Items) != 2 {
		t.Fatal(first, err)
	}
	rest, err := w.ListMembers(t.Context(), w.asRoot(), w.in, g.ID, people.Ask{Max: &two, Token: first.Token})
	if err != nil || len(rest.Items) != 1 || rest.Token != "" {
		t.Error(rest, err)
	}
	_, err = w.ListMembers(t.Context(), w.asRoot(), w.in, missing, people.Ask{})
	refused(t, err, fault.NotFound, "GROUP not found.")
	_, err = w.ListMemberships(t.Context(), w.asRoot(), w.in, missing, people.Ask{})
	refused(t, err, fault.NotFound, "USER not found.")
}

func TestQuotasOfADirectory(t *testing.T) {
	w := newWorld(t)
	w.Directory.Control.Quotas.DirectoryUsers, w.Directory.Control.Quotas.DirectoryGroups = 1, 1
	w.user("alice")
	w.group("g")
	_, err := w.CreateUser(t.Context(), w.asRoot(), w.in, attributes("bob"))
	refused(t, err, fault.LimitExceeded, "users (1)")
	_, err = w.CreateGroup(t.Context(), w.asRoot(), w.in, directory.Group{DisplayName: "h"})
	refused(t, err, fault.LimitExceeded, "groups (1)")
}

// Personal data is in the directory, not in the log.
func TestRecordsNameIDsAlone(t *testing.T) {
	w := newWorld(t)
	u := w.user("alice")
	records := w.Records(t)
	last := records[len(records)-1]
	line, err := last.JSON()
	must(t, err)
	if strings.Contains(string(line), "alice") || !strings.Contains(string(line), string(u.ID)) {
		t.Errorf("the record is %s", line)
	}
}
