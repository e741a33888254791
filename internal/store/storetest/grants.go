package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

func insertGrant(t *testing.T, db *store.DB, g access.Grant) access.Grant {
	t.Helper()
	update(t, db, func(tx *store.Tx) error { return store.InsertGrant(tx, &g) })
	return g
}

func grantKeys(t *testing.T, db *store.DB) {
	first := insertGrant(t, db, NewGrant(t, account, "s3://bucket/a/*", "u-1"))
	got, err := store.GrantByID(t.Context(), db, first.ID)
	if err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("stored %+v\nread   %+v (%v)", first, got, err)
	}
	again := first
	for name, id := range map[string]access.GrantID{"the same grant": NewGrantID(), "the same id": first.ID} {
		again.ID = id
		if name == "the same id" {
			again.Principal = "u-other"
		}
		_, err := db.Update(t.Context(), func(tx *store.Tx) error { g := again; return store.InsertGrant(tx, &g) })
		if !fault.Is(err, fault.AlreadyExists, fault.Grant) {
			t.Errorf("%s: %v", name, err)
		}
		again = first
	}
	for name, change := range map[string]func(*access.Grant){
		"another principal":   func(g *access.Grant) { g.Principal = "u-2" },
		"another kind":        func(g *access.Grant) { g.Grantee.Type = access.DirectoryGroup },
		"another permission":  func(g *access.Grant) { g.Permission = access.Write },
		"another application": func(g *access.Grant) { g.ApplicationARN = "arn:aws:sso::1:application/x" },
		"another region":      func(g *access.Grant) { g.Region = "eu-west-1" },
		"another account":     func(g *access.Grant) { g.Account = other },
		"another scope":       func(g *access.Grant) { g.Scope = NewGrant(t, account, "s3://bucket/a", "").Scope },
	} {
		g := first
		g.ID = NewGrantID()
		change(&g)
		if _, err := db.Update(t.Context(), func(tx *store.Tx) error { return store.InsertGrant(tx, &g) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	update(t, db, func(tx *store.Tx) error { return store.DeleteGrant(tx, first.ID) })
	if _, err := db.Update(t.Context(), func(tx *store.Tx) error {
		return store.DeleteGrant(tx, first.ID)
	}); !fault.Is(err, fault.NotFound, fault.Grant) {
		t.Errorf("deleting it twice: %v", err)
	}
	again.ID = NewGrantID()
	if later := insertGrant(t, db, again); later.Seq <= first.Seq {
		t.Errorf("number %d was used again", later.Seq)
	}
}

func grantPages(t *testing.T, db *store.DB) {
	const app = "arn:aws:sso::111122223333:application/ssoins-1/apl-1"
	var all []access.Grant
	for i := range 60 {
		g := NewGrant(t, account, fmt.Sprintf("s3://bucket/%d/*", i/6), fmt.Sprint("u-", i%6))
		g.Permission = access.Permission(i%3 + 1)
		if i%6 == 5 {
			g.Grantee.Type = access.DirectoryGroup
		}
		if i%4 == 0 {
			g.ApplicationARN = app
		}
		all = append(all, g)
	}
	update(t, db, func(tx *store.Tx) error { return InsertGrants(tx, all) })
	stranger := NewGrant(t, other, "s3://bucket/0/*", "u-0")
	insertGrant(t, db, stranger)
	for name, f := range map[string]store.GrantFilter{
		"everything":        {},
		"grantee":           {GranteeID: "u-3"},
		"grantee type":      {GranteeType: access.DirectoryGroup},
		"permission":        {Permission: access.Write},
		"scope":             {Scope: "s3://bucket/4/*"},
		"application":       {ApplicationARN: app},
		"scope and grantee": {Scope: "s3://bucket/4/*", GranteeID: "u-3"},
		"all of them": {
			Scope:          all[8].Scope.String(),
			GranteeID:      "u-2",
			GranteeType:    access.DirectoryUser,
			Permission:     all[8].Permission,
			ApplicationARN: app,
		},
		"nothing fits": {Scope: "s3://bucket/*", GranteeID: "u-3"},
	} {
		f.Account, f.Region = account, region
		var want, got []access.GrantID
		for _, g := range all {
			if (f.GranteeID == "" || f.GranteeID == g.Grantee.ID) && (f.GranteeType == 0 || f.GranteeType == g.Grantee.Type) &&
				(f.Permission == 0 || f.Permission == g.Permission) && (f.Scope == "" || f.Scope == g.Scope.String()) &&
				(f.ApplicationARN == "" || f.ApplicationARN == g.ApplicationARN) {
				want = append(want, g.ID)
			}
		}
		for after := int64(0); ; {
			page, err := store.GrantsPage(t.Context(), db, f, after, 4)
			if err != nil || len(page) > 4 {
				t.Fatalf("%s: a page of %d (%v)", name, len(page), err)
			}
			for _, g := range page {
				got = append(got, g.ID)
				after = g.Seq
			}
			if len(page) < 4 {
				break
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d grants, want %d", name, len(got), len(want))
		}
	}
}

func grantCounts(t *testing.T, db *store.DB) {
	check := func(wantAll, wantLocation int64) {
		t.Helper()
		if n, err := store.GrantCount(t.Context(), db, account, region); n != wantAll || err != nil {
			t.Errorf("%d grants in the instance, want %d (%v)", n, wantAll, err)
		}
		if n, err := store.LocationGrantCount(t.Context(), db, account, region, "l2"); n != wantLocation || err != nil {
			t.Errorf("%d grants in the location, want %d (%v)", n, wantLocation, err)
		}
	}
	check(0, 0)
	a := insertGrant(t, db, NewGrant(t, account, "s3://bucket/a/*", "u-1"))
	g := NewGrant(t, account, "s3://bucket/b/*", "u-1")
	g.LocationID = "l2"
	b := insertGrant(t, db, g)
	insertGrant(t, db, NewGrant(t, other, "s3://bucket/b/*", "u-1"))
	check(2, 1)
	update(t, db, func(tx *store.Tx) error {
		if err := store.DeleteGrant(tx, b.ID); err != nil {
			return err
		}
		n, err := store.LocationGrantCount(t.Context(), tx, account, region, "l2")
		if n != 0 {
			t.Errorf("%d grants in the location within the transaction", n)
		}
		return err
	})
	check(1, 0)
	update(t, db, func(tx *store.Tx) error { return store.DeleteGrant(tx, a.ID) })
	check(0, 0)
}

func grantScan(t *testing.T, db *store.DB) {
	const n = 5001 // more than a page
	all := make([]access.Grant, n)
	for i := range all {
		all[i] = NewGrant(t, account, fmt.Sprintf("s3://bucket/%d*", i), "u-1")
	}
	update(t, db, func(tx *store.Tx) error { return InsertGrants(tx, all) })
	err := db.Snapshot(t.Context(), func(r *store.Reader) error {
		i := 0
		for g, err := range store.ScanGrants(t.Context(), r) {
			if err != nil {
				return err
			}
			if g != all[i] {
				t.Fatalf("grant %d is %+v, want %+v", i, g, all[i])
			}
			i++
		}
		if i != n {
			t.Errorf("%d grants, want %d", i, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func grantBulk(t *testing.T, db *store.DB) {
	var all []access.Grant
	for i := range 1017 {
		all = append(all, NewGrant(t, account, fmt.Sprintf("s3://bucket/%d*", i), "u-1"))
	}
	if rev := update(t, db, func(tx *store.Tx) error { return InsertGrants(tx, all) }); rev != 1 {
		t.Errorf("revision %d", rev)
	}
	changes, err := db.Changes(t.Context(), 0, 1)
	if err != nil || len(changes) != len(all) || changes[1016].ID != all[1016].ID.String() ||
		changes[1016].Kind != store.KindGrant {
		t.Errorf("%d changes (%v)", len(changes), err)
	}
	if n, err := store.GrantCount(t.Context(), db, account, region); n != 1017 || err != nil {
		t.Errorf("%d grants (%v)", n, err)
	}
}

func grantTags(t *testing.T, db *store.DB) {
	g := NewGrant(t, account, "s3://bucket/a/*", "u-1")
	tags := []access.Tag{{Key: "b", Value: "1"}, {Key: "a", Value: ""}}
	update(t, db, func(tx *store.Tx) error { return store.InsertGrant(tx, &g, tags...) })
	if got, err := store.GrantTags(t.Context(), db, g.ID); err != nil || !reflect.DeepEqual(got, tags) {
		t.Errorf("tags %v (%v)", got, err)
	}
	for _, want := range [][]access.Tag{{{Key: "c", Value: "é"}}, nil} {
		update(t, db, func(tx *store.Tx) error { return store.SetGrantTags(tx, g.ID, want) })
		if got, err := store.GrantTags(t.Context(), db, g.ID); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("tags %v, want %v (%v)", got, want, err)
		}
	}
	if _, err := store.GrantTags(t.Context(), db, NewGrantID()); !fault.Is(err, fault.NotFound, fault.Grant) {
		t.Errorf("tags of no grant: %v", err)
	}
	if _, err := db.Update(t.Context(), func(tx *store.Tx) error {
		return store.SetGrantTags(tx, NewGrantID(), tags)
	}); !fault.Is(err, fault.NotFound, fault.Grant) {
		t.Errorf("tagging no grant: %v", err)
	}
}

// longTexts: the longest scope is 2000 characters, which can be 8000 bytes; no index may refuse it.
func longTexts(t *testing.T, db *store.DB) {
	var b strings.Builder
	for r := rune(0x10000); b.Len() < 7900; r++ { // hard to compress
		b.WriteRune(r)
	}
	scope := "s3://bucket/" + b.String() + "*"
	g := NewGrant(t, account, scope, strings.Repeat("u", 47))
	g.Grantee.Type, g.Grantee.ID = access.IAM, "arn:aws:iam::111122223333:role/"+strings.Repeat("x/", 1000)+"r"
	insertGrant(t, db, g)
	page, err := store.GrantsPage(t.Context(), db,
		store.GrantFilter{Account: account, Region: region, Scope: scope, GranteeID: g.Grantee.ID}, 0, 10)
	if err != nil || len(page) != 1 || page[0].Scope != g.Scope {
		t.Errorf("%d grants (%v)", len(page), err)
	}
	update(t, db, func(tx *store.Tx) error { return store.Locations.Insert(tx, location(t, scope, "l1")) })
	if _, err := db.Update(t.Context(), func(tx *store.Tx) error {
		return store.Locations.Insert(tx, location(t, scope, "l2"))
	}); !fault.Is(err, fault.AlreadyExists, fault.Location) {
		t.Errorf("the same long scope twice: %v", err)
	}
	update(t, db, func(tx *store.Tx) error { return store.Locations.Insert(tx, location(t, scope[:len(scope)-1], "l2")) })
}
