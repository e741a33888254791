package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

func unique(t *testing.T, db *store.DB) {
	alice := NewUser(account, "Alice", db0)
	bob := NewUser(account, "bob", db0)
	lake := &bucket.Bucket{Name: "lake", Account: account, Region: region}
	here := &store.Instance{Instance: access.Instance{Account: account, Region: region}}
	update(t, db, func(tx *store.Tx) error {
		for _, err := range []error{store.Users.Insert(tx, alice), store.Users.Insert(tx, bob),
			store.Buckets.Insert(tx, lake), store.Instances.Insert(tx, here),
			store.Locations.Insert(tx, location(t, "s3://lake/A*", "l1"))} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	sameID := NewUser(account, "carol", db0)
	sameID.ID = alice.ID
	renamed := *bob
	renamed.Name = "aLICE"
	for _, c := range []struct {
		name   string
		kind   fault.Kind
		entity fault.Entity
		fn     func(*store.Tx) error
	}{
		{"a user with a name that differs in case", fault.AlreadyExists, fault.User, func(tx *store.Tx) error {
			return store.Users.Insert(tx, NewUser(account, "ALICE", db0))
		}},
		{"a user with a taken id", fault.AlreadyExists, fault.User, func(tx *store.Tx) error {
			return store.Users.Insert(tx, sameID)
		}},
		{"a user renamed to a taken name", fault.AlreadyExists, fault.User, func(tx *store.Tx) error {
			return store.Users.Update(tx, &renamed)
		}},
		{"a user that is not there, updated", fault.NotFound, fault.User, func(tx *store.Tx) error {
			return store.Users.Update(tx, NewUser(account, "nobody", db0))
		}},
		{"a user that is not there, deleted", fault.NotFound, fault.User, func(tx *store.Tx) error {
			return store.Users.Delete(tx, "AIDAX")
		}},
		{"a bucket of another account's", fault.AlreadyExists, fault.Bucket, func(tx *store.Tx) error {
			return store.Buckets.Insert(tx, &bucket.Bucket{Name: "lake", Account: other, Region: region})
		}},
		{"a second instance in a region", fault.AlreadyExists, fault.Instance, func(tx *store.Tx) error {
			return store.Instances.Insert(tx, &store.Instance{Instance: access.Instance{Account: account, Region: region}})
		}},
		{"a location of the same scope", fault.AlreadyExists, fault.Location, func(tx *store.Tx) error {
			return store.Locations.Insert(tx, location(t, "s3://lake/A*", "l2"))
		}},
	} {
		if _, err := db.Update(t.Context(), c.fn); !fault.Is(err, c.kind, c.entity) {
			t.Errorf("%s: %v, want %v", c.name, err, c.kind)
		}
	}
	elsewhere := location(t, "s3://lake/A*", "l1")
	elsewhere.Region = "eu-west-1"
	for name, fn := range map[string]func(*store.Tx) error{
		"a user of that name in another account": func(tx *store.Tx) error {
			return store.Users.Insert(tx, NewUser(other, "Alice", db0))
		},
		"a role of that name": func(tx *store.Tx) error {
			return store.Roles.Insert(tx, &iam.Role{ID: iam.NewID(iam.RoleIDPrefix), Account: account, Name: "Alice"})
		},
		"two keys, which have no name": func(tx *store.Tx) error {
			for range 2 {
				if err := store.AccessKeys.Insert(tx,
					&iam.AccessKey{ID: iam.NewAccessKeyID(), Account: account, UserID: alice.ID}); err != nil {
					return err
				}
			}
			return nil
		},
		"an instance in another region": func(tx *store.Tx) error {
			return store.Instances.Insert(tx, &store.Instance{Instance: access.Instance{Account: account, Region: "eu-west-1"}})
		},
		"a location whose scope differs in case": func(tx *store.Tx) error {
			return store.Locations.Insert(tx, location(t, "s3://lake/a*", "l3"))
		},
		"a location of that scope in another region": func(tx *store.Tx) error {
			return store.Locations.Insert(tx, elsewhere)
		},
		"a user updated under its own name": func(tx *store.Tx) error { return store.Users.Update(tx, alice) },
		"a name that failed to be taken, in the same transaction": func(tx *store.Tx) error {
			if err := store.Users.Insert(tx, NewUser(account, "BOB", db0)); !fault.Is(err, fault.AlreadyExists, fault.User) {
				return fmt.Errorf("a second bob: %w", err)
			}
			return store.Users.Insert(tx, NewUser(account, "bob2", db0))
		},
	} {
		if _, err := db.Update(t.Context(), fn); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	update(t, db, func(tx *store.Tx) error { return store.Users.Delete(tx, alice.ID) })
	update(t, db, func(tx *store.Tx) error { return store.Users.Insert(tx, NewUser(account, "alice", db0)) })
	if got, err := store.Users.ByName(t.Context(), db, string(account), "ALICE"); err != nil || got.ID == alice.ID {
		t.Errorf("the new alice is %v (%v)", got, err)
	}
}

func location(t *testing.T, scope string, id access.LocationID) *store.Location {
	t.Helper()
	s, err := access.ParseLocationScope(scope)
	if err != nil {
		t.Fatal(err)
	}
	return &store.Location{
		Location: access.Location{ID: id, Account: account, Region: region, Scope: s,
			RoleARN: "arn:aws:iam::111122223333:role/r", RoleID: "AROAX", CreatedAt: db0},
		Tags: []access.Tag{{Key: "k", Value: "v"}},
	}
}

func survive(t *testing.T, db *store.DB) {
	at := time.Date(2026, 11, 21, 23, 59, 59, 987654321, time.UTC)
	update(t, db, func(tx *store.Tx) error {
		user := &iam.User{
			ID:      "AIDAX",
			Account: account,
			Name:    "Zoë <&> \"q\"",
			Path:    "/a/b/",
			Created: at,
			Tags:    []iam.Tag{{Key: "k", Value: "v"}},
			Policies: iam.Policies{
				Inline:   []iam.Inline{{Name: "n", Document: "{\"a\": \"<\\u0000>\"}"}},
				Attached: []string{"arn"},
				Boundary: "b",
			},
		}
		key := &iam.AccessKey{
			ID:      "AKIAX",
			Account: account,
			UserID:  "AIDAX",
			Sealed:  []byte{0, 1, 255},
			Status:  iam.Active,
			Created: at,
		}
		role := &iam.Role{ID: "AROAX", Account: account, Name: "r", MaxSession: time.Hour, Trust: "{}", Created: at}
		policy := &iam.ManagedPolicy{
			ID:          "ANPAX",
			Account:     account,
			Name:        "p",
			Versions:    []iam.PolicyVersion{{ID: "v1", Document: "{}", Created: at}},
			Default:     "v1",
			NextVersion: 2,
		}
		bucket := &bucket.Bucket{Name: "lake", Account: account, Region: region, Policy: "{}", Created: at}
		acc := &iam.Account{ID: account, Name: "main", Created: at}
		instance := &store.Instance{Instance: access.Instance{
			Account:           account,
			Region:            region,
			IdentityCenterARN: "i",
			ApplicationARN:    "a",
			CreatedAt:         at,
		},
			Policy: "{}", Organization: "o-1", PolicyCreated: at, Tags: []access.Tag{{Key: "k", Value: "v"}}}
		loc := location(t, "s3://lake/é*", "l1")
		same(t, tx, &store.Users, user, "AIDAX")
		same(t, tx, &store.AccessKeys, key, "AKIAX")
		same(t, tx, &store.Roles, role, "AROAX")
		same(t, tx, &store.ManagedPolicies, policy, "ANPAX")
		same(t, tx, &store.Buckets, bucket, "lake")
		same(t, tx, &store.Accounts, acc, string(account))
		same(t, tx, &store.Instances, instance, store.InstanceID(account, region))
		same(t, tx, &store.Locations, loc, store.LocationID(account, region, "l1"))
		if instance.Seq == 0 || loc.Seq <= instance.Seq {
			t.Errorf("the instance is number %d, its location %d", instance.Seq, loc.Seq)
		}
		return nil
	})
	loc, err := store.Locations.ByName(t.Context(), db, string(account),
		store.LocationName(region, location(t, "s3://lake/é*", "").Scope))
	if err != nil || loc.ID != "l1" || loc.Scope.String() != "s3://lake/é*" {
		t.Errorf("the location by its scope: %+v (%v)", loc, err)
	}
	kids, err := store.Locations.Children(t.Context(), db, store.InstanceID(account, region))
	if err != nil || len(kids) != 1 {
		t.Errorf("%d locations of the instance (%v)", len(kids), err)
	}
}

func same[T any](t *testing.T, tx *store.Tx, table *store.Table[T], v *T, id string) {
	t.Helper()
	if err := table.Insert(tx, v); err != nil {
		t.Fatal(err)
	}
	got, err := table.Get(t.Context(), tx, id)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, v) {
		t.Errorf("stored %+v\nread   %+v", v, got)
	}
}

func listing(t *testing.T, db *store.DB) {
	const n = 2345 // more than two pages
	names := numbered("u%d", n)
	update(t, db, func(tx *store.Tx) error {
		for i, name := range names {
			a := account
			if i%2 == 1 {
				a = other
			}
			if err := store.Users.Insert(tx, NewUser(a, name, db0)); err != nil {
				return err
			}
		}
		return nil
	})
	i := 0
	for u, err := range store.Users.All(t.Context(), db) {
		if err != nil || u.Name != names[i] {
			t.Fatalf("user %d is %v (%v)", i, u, err)
		}
		i++
	}
	if i != n {
		t.Errorf("%d users, want %d", i, n)
	}
	for range store.Users.All(t.Context(), db) { // leaving early is allowed
		break
	}
	some, want := []string{"nobody"}, map[string]bool{}
	for u := range store.Users.All(t.Context(), db) {
		some, want[u.ID] = append(some, u.ID), true
		if len(want) == 48 { // more than are asked for at once
			break
		}
	}
	among, err := store.Users.Among(t.Context(), db, some)
	for _, u := range among {
		delete(want, u.ID)
	}
	if err != nil || len(among) != 48 || len(want) > 0 {
		t.Errorf("of 48 users there are %d, without %v (%v)", len(among), want, err)
	}
	mine, err := store.Users.InAccount(t.Context(), db, string(account))
	if err != nil || len(mine) != (n+1)/2 || mine[1].Name != "u2" {
		t.Errorf("%d users of the account (%v)", len(mine), err)
	}
	if count, err := store.Users.Count(t.Context(), db, string(other)); count != n/2 || err != nil {
		t.Errorf("%d users of the other account are counted (%v)", count, err)
	}
}
