package identitystore_test

import (
	"slices"
	"testing"

	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

const unique = "UNIQUENESS_CONSTRAINT_VIOLATION"

func TestIdentityCase019_CreateUserWithoutARequiredAttribute(t *testing.T) {
	w := newWorld(t)
	for attribute, lack := range map[string]func(*directory.User){
		"displayName": func(u *directory.User) {
			u.DisplayName = ""
		}, "userName": func(u *directory.User) { u.UserName = "" },
		"name.givenName": func(u *directory.User) {
			u.Name.GivenName = ""
		}, "name.familyName": func(u *directory.User) { u.Name.FamilyName = "" },
	} {
		u := attributes("alice")
		lack(&u)
		_, err := w.CreateUser(t.Context(), w.asRoot(), w.in, u)
		refused(t, err, fault.Invalid, attribute+" is a required attribute")
	}
}

func TestIdentityCase020_UserNamesDifferByMoreThanCase(t *testing.T) {
	w := newWorld(t)
	w.user("alice")
	u := attributes("ALICE")
	u.Emails = nil
	_, err := w.CreateUser(t.Context(), w.asRoot(), w.in, u)
	refused(t, err, fault.AlreadyExists, "Duplicate UserName", "Reason", unique)
}

func TestIdentityCase021_WhiteSpaceInAUserName(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateUser(t.Context(), w.asRoot(), w.in, attributes("a b"))
	refused(t, err, fault.Invalid, "'userName'")
}

func TestIdentityCase022_ReservedNames(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"Administrator", "AWSAdministrators", "administrator"} {
		_, err := w.CreateUser(t.Context(), w.asRoot(), w.in, attributes(name))
		refused(t, err, fault.Invalid, "reserved")
		_, err = w.CreateGroup(t.Context(), w.asRoot(), w.in, directory.Group{DisplayName: name})
		refused(t, err, fault.Invalid, "reserved")
	}
}

func TestIdentityCase023_TwoEmails(t *testing.T) {
	w := newWorld(t)
	u := attributes("alice")
	u.Emails = append(u.Emails, directory.Email{Value: "second@example.com"})
	_, err := w.CreateUser(t.Context(), w.asRoot(), w.in, u)
	refused(t, err, fault.Invalid, "'emails'")
}

func TestIdentityCase024_UserIDByEmail(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	w.user("bob")
	for path, value := range map[string]string{
		"emails.value": "Alice@example.com",
		"Emails.Value": "alice@example.com",
		"userName":     "ALICE",
	} {
		id, err := w.UserID(w.asRoot(), w.in, people.Alternate{Path: path, Value: value})
		if err != nil || id != alice.ID {
			t.Errorf("%s %s is %s (%v)", path, value, id, err)
		}
	}
	_, err := w.UserID(w.asRoot(), w.in, people.Alternate{Path: "userName", Value: "nobody"})
	refused(t, err, fault.NotFound, "USER not found.", "ResourceType", "USER")
}

func TestIdentityCase025_UserIDByAnAttributeThatIsNotUnique(t *testing.T) {
	w := newWorld(t)
	w.user("alice")
	for _, path := range []string{"title", "displayName", "emails", ""} {
		_, err := w.UserID(w.asRoot(), w.in, people.Alternate{Path: path, Value: "x"})
		refused(t, err, fault.Invalid, "not unique")
	}
	_, err := w.UserID(w.asRoot(), w.in, people.Alternate{Path: "userName", Value: 1.0})
	refused(t, err, fault.Invalid, "must be a string")
	_, err = w.GroupID(w.asRoot(), w.in, people.Alternate{Path: "userName", Value: "x"})
	refused(t, err, fault.Invalid, "not unique")
}

func TestIdentityCase026_GroupIDOfNone(t *testing.T) {
	w := newWorld(t)
	_, err := w.GroupID(w.asRoot(), w.in, people.Alternate{Path: "displayName", Value: "x"})
	refused(t, err, fault.NotFound, "GROUP not found.", "ResourceType", "GROUP")
	g := w.group("X")
	if id, err := w.GroupID(w.asRoot(), w.in, people.Alternate{Path: "DisplayName", Value: "x"}); err != nil ||
		id != g.ID {
		t.Error(id, err)
	}
}

func TestIdentityCase027_IsMemberInGroups(t *testing.T) {
	w := newWorld(t)
	alice, g1, g2 := w.user("alice"), w.group("g1"), w.group("g2")
	w.join(g1, alice)
	for _, c := range []struct {
		ask  []directory.GroupID
		want []bool
	}{{[]directory.GroupID{g1.ID, g2.ID}, []bool{true, false}},
		{[]directory.GroupID{g2.ID, g1.ID, g2.ID}, []bool{false, true, false}}} {
		got, err := w.InGroups(w.asRoot(), w.in, alice.ID, c.ask)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v (%v)", c.ask, got, err)
		}
	}
	_, err := w.InGroups(w.asRoot(), w.in, alice.ID, []directory.GroupID{g1.ID, missing})
	refused(t, err, fault.NotFound, "GROUP not found.", "ResourceId", missing)
	_, err = w.InGroups(w.asRoot(), w.in, missing, []directory.GroupID{g1.ID})
	refused(t, err, fault.NotFound, "USER not found.")
}

func TestIdentityCase028_AMembershipTwice(t *testing.T) {
	w := newWorld(t)
	alice, g := w.user("alice"), w.group("g")
	m := w.join(g, alice)
	_, err := w.CreateMembership(t.Context(), w.asRoot(), w.in, g.ID, alice.ID)
	refused(t, err, fault.AlreadyExists, "already exists", "Reason", unique)
	if id, err := w.MembershipID(t.Context(), w.asRoot(), w.in, g.ID, alice.ID); err != nil || id != m.ID {
		t.Error(id, err)
	}
}

func TestIdentityCase029_PagesOfAMembersMemberships(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	var want, got []directory.GroupID
	for _, name := range []string{"g1", "g2", "g3"} {
		g := w.group(name)
		w.join(g, alice)
		want = append(want, g.ID)
	}
	two := int32(2)
	first, err := w.ListMemberships(t.Context(), w.asRoot(), w.in, alice.ID, people.Ask{Max: &two})
	if err != nil || len(first.Items) != 2 || first.Token == "" {
		t.Fatal(first, err)
	}
	second, err := w.ListMemberships(t.Context(), w.asRoot(), w.in, alice.ID, people.Ask{Max: &two, Token: first.Token})
	if err != nil || len(second.Items) != 1 || second.Token != "" {
		t.Fatal(second, err)
	}
	for _, m := range append(first.Items, second.Items...) {
		got = append(got, m.Group)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	bob := w.user("bob")
	other := "A"
	if first.Token[8] == 'A' {
		other = "B"
	}
	for _, token := range []string{"x", first.Token[:8] + other + first.Token[9:]} {
		_, err = w.ListMemberships(t.Context(), w.asRoot(), w.in, alice.ID, people.Ask{Token: token})
		refused(t, err, fault.Invalid, "NextToken")
	}
	_, err = w.ListMemberships(t.Context(), w.asRoot(), w.in, bob.ID, people.Ask{Token: first.Token})
	refused(t, err, fault.Invalid, "NextToken")
}

func TestIdentityCase030_DeletingAGroupEndsItsMemberships(t *testing.T) {
	w := newWorld(t)
	alice, g1, g2 := w.user("alice"), w.group("g1"), w.group("g2")
	w.join(g1, alice)
	w.join(g2, alice)
	must(t, w.DeleteGroup(t.Context(), w.asRoot(), w.in, g1.ID))
	page, err := w.ListMemberships(t.Context(), w.asRoot(), w.in, alice.ID, people.Ask{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Group != g2.ID {
		t.Error(page, err)
	}
	if groups := w.World.Engine.Current().GroupsOf(alice.ID); !slices.Equal(groups, []directory.GroupID{g2.ID}) {
		t.Errorf("for decisions alice is in %v", groups)
	}
	again := w.group("g1")
	if w.World.Engine.Current().InGroup(alice.ID, again.ID) {
		t.Error("a group that was made anew has the old one's members")
	}
}

func TestIdentityCase031_UpdateUser(t *testing.T) {
	w := newWorld(t)
	u := attributes("alice")
	u.NickName = "Al"
	alice, err := w.CreateUser(t.Context(), w.asRoot(), w.in, u)
	must(t, err)
	must(t, w.UpdateUser(t.Context(), w.asRoot(), w.in, alice.ID,
		[]directory.Operation{{Path: "displayName", Value: "Alice II"}}))
	must(t, w.UpdateUser(t.Context(), w.asRoot(), w.in, alice.ID, []directory.Operation{{Path: "nickName"}}))
	got, err := w.DescribeUser(w.asRoot(), w.in, alice.ID)
	if err != nil || got.DisplayName != "Alice II" || got.NickName != "" || got.UserName != "alice" ||
		got.Updated.Before(got.Created) {
		t.Errorf("%+v (%v)", got, err)
	}
}

func TestIdentityCase032_UserIDByExternalID(t *testing.T) {
	w := newWorld(t)
	external := directory.ExternalID{Issuer: "https://scim.example.com", ID: "00u1"}
	alice := w.user("alice")
	must(t, w.World.Engine.Update(t.Context(), func(tx *store.Tx) error { // as SCIM does
		u := *alice
		u.ExternalIDs = []directory.ExternalID{external}
		return store.DirectoryUsers.Update(tx, &u)
	}))
	if id, err := w.UserID(w.asRoot(), w.in, people.Alternate{External: &external}); err != nil || id != alice.ID {
		t.Error(id, err)
	}
	if u, err := w.DescribeUser(w.asRoot(), w.in, alice.ID); err != nil ||
		!slices.Equal(u.ExternalIDs, []directory.ExternalID{external}) {
		t.Error(u, err)
	}
	_, err := w.UserID(w.asRoot(), w.in,
		people.Alternate{External: &directory.ExternalID{Issuer: external.Issuer, ID: "00U1"}})
	refused(t, err, fault.NotFound, "USER not found.")
}
