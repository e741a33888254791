package entitlements_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/entitlements"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/store"
)

const (
	account = access.AccountID("111122223333")
	home    = controltest.Region
	away    = "eu-central-1"
)

// world has an instance in each of two regions, and the grants that the tests give it. The grantees need not exist
// here.
type world struct {
	*controltest.World
	t      testing.TB
	grants []access.Grant
}

func newWorld(t testing.TB) *world {
	w := &world{World: controltest.New(t), t: t}
	w.Change(t, func(tx *store.Tx) error {
		for _, region := range []string{home, away} {
			i := &store.Instance{Instance: access.Instance{Account: account, Region: region, CreatedAt: tx.Now()}}
			if err := store.Instances.Insert(tx, i); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func user(id string) access.Identity {
	return access.Identity{Type: access.DirectoryUser, Principal: id}
}
func group(id string) access.Identity {
	return access.Identity{Type: access.DirectoryGroup, Principal: id}
}

func (w *world) give(
	region string, to access.Identity, scope string, p access.Permission, application string,
) access.Grant {
	w.t.Helper()
	s, err := access.ParseScope(scope)
	if err != nil {
		w.t.Fatal(err)
	}
	g := access.Grant{
		Account:        account,
		Region:         region,
		LocationID:     "default",
		SubPrefix:      scope[len("s3://"):],
		Principal:      to.Principal,
		Grantee:        access.Grantee{Type: to.Type, ID: to.Principal},
		Permission:     p,
		ApplicationARN: application,
		Scope:          s,
		CreatedAt:      time.Unix(1, 0).UTC(),
	}
	g.ID[15], g.ID[14] = byte(len(w.grants)+1), 1
	w.Change(w.t, func(tx *store.Tx) error { return store.InsertGrant(tx, &g) })
	w.grants = append(w.grants, g)
	return g
}

func (w *world) snapshot() *engine.Snapshot {
	w.t.Helper()
	s, err := w.Engine.Snapshot()
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// texts returns entitlements as text.
func texts(all []entitlements.Entitlement) []string {
	var texts []string
	for _, h := range all {
		texts = append(texts, fmt.Sprintf("%s %s %s %s via %q", h.Region, h.Scope, h.Permission, h.ApplicationARN, h.Via))
	}
	return texts
}

func TestGrantsOfEveryRegionAreFoundWithTheGroupTheyComeThrough(t *testing.T) {
	w := newWorld(t)
	role := access.Identity{Type: access.IAM, Principal: "AROA1"}
	w.give(home, group("g1"), "s3://lake/a/*", access.Read, "")
	w.give(home, user("u"), "s3://lake/b/*", access.Write, "app")
	w.give(away, group("g2"), "s3://far/*", access.ReadWrite, "")
	w.give(home, role, "s3://lake/r/*", access.Read, "")
	w.give(home, user("other"), "s3://lake/o/*", access.Read, "")
	got := texts(slices.Collect(entitlements.Of(w.snapshot(), account,
		[]access.Identity{user("u"), group("g1"), group("g2"), role})))
	want := []string{
		`eu-central-1 s3://far/* READWRITE  via "g2"`, `us-east-1 s3://lake/a/* READ  via "g1"`,
		`us-east-1 s3://lake/b/* WRITE app via ""`, `us-east-1 s3://lake/r/* READ  via ""`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	if got := slices.Collect(entitlements.Of(w.snapshot(), "444455556666", []access.Identity{user("u")})); len(got) != 0 {
		t.Errorf("another account's grants are %v", texts(got))
	}
}

func TestChange(t *testing.T) {
	w := newWorld(t)
	w.give(home, group("wide"), "s3://lake/*", access.Read, "")
	w.give(home, group("narrow"), "s3://lake/a/*", access.Read, "")
	w.give(home, group("twin"), "s3://lake/a/*", access.Read, "")
	w.give(home, group("writers"), "s3://lake/a/*", access.ReadWrite, "")
	w.give(home, group("bound"), "s3://lake/a/*", access.Read, "app1")
	w.give(away, group("abroad"), "s3://lake/*", access.Read, "")
	w.give(home, user("u"), "s3://lake/u/*", access.Read, "")
	in := func(groups ...directory.GroupID) entitlements.Standing {
		return entitlements.Standing{Enabled: true, Groups: groups}
	}
	narrow := `us-east-1 s3://lake/a/* READ  via "narrow"`
	wide := `us-east-1 s3://lake/* READ  via "wide"`
	own := `us-east-1 s3://lake/u/* READ  via ""`
	for _, test := range []struct {
		name          string
		before, after entitlements.Standing
		lost, gained  []string
	}{
		{name: "nothing changes", before: in("narrow"), after: in("narrow")},
		{
			name:   "a group that is left takes its grants",
			before: in("narrow", "wide"),
			after:  in("narrow"),
			lost:   []string{wide},
		},
		{name: "a wider grant keeps what a group gave", before: in("narrow", "wide"), after: in("wide")},
		{name: "an equal grant keeps what a group gave", before: in("narrow"), after: in("twin")},
		{
			name:   "more permission keeps what a group gave, and is gained",
			before: in("narrow"),
			after:  in("writers"),
			gained: []string{`us-east-1 s3://lake/a/* READWRITE  via "writers"`},
		},
		{
			name:   "less permission does not keep it",
			before: in("writers"),
			after:  in("narrow"),
			lost:   []string{`us-east-1 s3://lake/a/* READWRITE  via "writers"`},
		},
		{name: "a narrower scope does not keep it", before: in("wide"), after: in("narrow"), lost: []string{wide}},
		{
			name:   "a grant for one application does not keep it",
			before: in("narrow"),
			after:  in("bound"),
			lost:   []string{narrow},
		},
		{
			name:   "a grant for any application keeps one for an application",
			before: in("bound"),
			after:  in("narrow"),
			gained: []string{narrow},
		},
		{
			name:   "a grant in another region does not keep it",
			before: in("narrow"),
			after:  in("abroad"),
			lost:   []string{narrow},
			gained: []string{`eu-central-1 s3://lake/* READ  via "abroad"`},
		},
		{
			name:   "who is disabled loses all",
			before: in("wide", "narrow"),
			after:  entitlements.Standing{Groups: []directory.GroupID{"wide", "narrow"}},
			lost:   []string{wide, narrow, own},
		},
		{
			name:   "who is enabled gains all",
			before: entitlements.Standing{},
			after:  in("narrow"),
			gained: []string{narrow, own},
		},
		{
			name:   "who stays disabled loses nothing",
			before: entitlements.Standing{Groups: []directory.GroupID{"wide"}},
			after:  entitlements.Standing{},
		},
		{name: "a group named twice counts once", before: in("narrow", "narrow"), after: in(), lost: []string{narrow}},
		{name: "a group that does not exist gives nothing", before: in(), after: in("unheard-of")},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := entitlements.NewComparer(w.snapshot(), account).Change("u", test.before, test.after)
			if !slices.Equal(texts(d.Lost), test.lost) || !slices.Equal(texts(d.Gained), test.gained) {
				t.Errorf("lost %q, gained %q; want %q, %q", texts(d.Lost), texts(d.Gained), test.lost, test.gained)
			}
		})
	}
	t.Run("somebody who is new has only the groups' grants", func(t *testing.T) {
		d := entitlements.NewComparer(w.snapshot(), account).Change("", entitlements.Standing{}, in("narrow"))
		if len(d.Lost) != 0 || !slices.Equal(texts(d.Gained), []string{narrow}) {
			t.Errorf("lost %q, gained %q", texts(d.Lost), texts(d.Gained))
		}
	})
}

// TestChangeEqualsComparingEveryGrant checks the comparison against two plain loops over all grants.
func TestChangeEqualsComparingEveryGrant(t *testing.T) {
	w := newWorld(t)
	people, groups := []string{"u1", "u2"}, []directory.GroupID{"g1", "g2", "g3", "g4"}
	random := rand.New(rand.NewPCG(1, 2)) // the same grants every time
	pick := random.IntN
	seen := map[access.GrantKey]bool{}
	for range 60 {
		to := group(string(groups[pick(4)]))
		if pick(4) == 0 {
			to = user(people[pick(2)])
		}
		region, scope := []string{home, away}[pick(2)], "s3://lake/"+[]string{"", "a", "a/", "a/b", "c"}[pick(5)]+"*"
		permission, application := access.Permission(1+pick(3)), []string{"", "", "app1", "app2"}[pick(4)]
		k := access.GrantKey{Region: region, Scope: scope, Identity: to, Permission: permission, ApplicationARN: application}
		if !seen[k] {
			seen[k] = true
			w.give(region, to, scope, permission, application)
		}
	}
	snap := w.snapshot()
	c := entitlements.NewComparer(snap, account)
	rapid.Check(t, func(t *rapid.T) {
		standing := func(label string) entitlements.Standing {
			return entitlements.Standing{
				Enabled: rapid.IntRange(0, 4).Draw(t, label) > 0,
				Groups:  rapid.SliceOfN(rapid.SampledFrom(groups), 0, 4).Draw(t, label),
			}
		}
		id := directory.UserID(rapid.SampledFrom(append(people, "")).Draw(t, "user"))
		before, after := standing("before"), standing("after")
		d := c.Change(id, before, after)
		for _, check := range []struct {
			name      string
			got       []entitlements.Entitlement
			from, now entitlements.Standing
		}{{"lost", d.Lost, before, after}, {"gained", d.Gained, after, before}} {
			var want, got []access.GrantID
			for _, g := range w.grants {
				if holds(id, check.from, g) && !slices.ContainsFunc(w.grants, func(k access.Grant) bool {
					return holds(id, check.now, k) && covers(k, g)
				}) {
					want = append(want, g.ID)
				}
			}
			for _, h := range check.got {
				got = append(got, h.ID)
				if string(h.Via) != h.Principal && h.Grantee.Type == access.DirectoryGroup {
					t.Fatalf("%s is held via %q", h.ID, h.Via)
				}
			}
			order := func(a, b access.GrantID) int { return slices.Compare(a[:], b[:]) }
			slices.SortFunc(want, order)
			slices.SortFunc(got, order)
			if !slices.Equal(got, want) {
				t.Fatalf("%s by %s from %v to %v: %v, want %v", check.name, id, before, after, got, want)
			}
		}
	})
}

func holds(id directory.UserID, s entitlements.Standing, g access.Grant) bool {
	if !s.Enabled {
		return false
	}
	if g.Grantee.Type == access.DirectoryUser {
		return id != "" && g.Principal == string(id)
	}
	return slices.Contains(s.Groups, directory.GroupID(g.Principal))
}

func covers(k, g access.Grant) bool {
	return k.Region == g.Region && k.Scope.Contains(g.Scope) && k.Permission.Covers(g.Permission) &&
		(k.ApplicationARN == "" || k.ApplicationARN == g.ApplicationARN)
}

func TestStandingOfWhoIsInTheDirectory(t *testing.T) {
	w := newWorld(t)
	alice := &directory.User{ID: "11111111-2222-3333-4444-555555555555", Store: "d-1234567890", UserName: "alice"}
	eng := &directory.Group{ID: "21111111-2222-3333-4444-555555555555", Store: "d-1234567890", DisplayName: "eng"}
	w.Change(t, func(tx *store.Tx) error {
		if err := store.DirectoryUsers.Insert(tx, alice); err != nil {
			return err
		}
		return store.DirectoryGroups.Insert(tx, eng)
	})
	w.Join(t, eng, alice)
	if s := entitlements.StandingOf(w.snapshot(), alice.ID); !s.Enabled ||
		!slices.Equal(s.Groups, []directory.GroupID{eng.ID}) {
		t.Errorf("standing %+v", s)
	}
	if got := entitlements.Person(w.snapshot(), alice.ID); !slices.Equal(got,
		[]access.Identity{user(string(alice.ID)), group(string(eng.ID))}) {
		t.Errorf("identities %v", got)
	}
	if s := entitlements.StandingOf(w.snapshot(), "nobody"); s.Enabled || len(s.Groups) != 0 {
		t.Errorf("standing of nobody %+v", s)
	}
	w.SetPerson(t, alice, func(u *directory.User) { u.Disabled = true })
	if s := entitlements.StandingOf(w.snapshot(), alice.ID); s.Enabled {
		t.Error("who is disabled stands enabled")
	}
}

func BenchmarkChange(b *testing.B) {
	w := newWorld(b)
	for i := range 40 {
		w.give(home, group(fmt.Sprint("g", i%10)), fmt.Sprintf("s3://lake/%d/*", i), access.Read, "")
	}
	c := entitlements.NewComparer(w.snapshot(), account)
	before := entitlements.Standing{Enabled: true, Groups: []directory.GroupID{"g1", "g2", "g3", "g4"}}
	after := entitlements.Standing{Enabled: true, Groups: []directory.GroupID{"g1", "g2", "g3", "g5"}}
	for b.Loop() {
		c.Change("u", before, after)
	}
}
