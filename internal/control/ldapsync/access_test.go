package ldapsync_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/ldap/ldaptest"
	"latchkey/internal/store"
)

// give inserts a grant. It needs only an instance here.
func (w *world) give(n byte, to access.Identity, scope string) {
	w.t.Helper()
	s, err := access.ParseScope(scope)
	if err != nil {
		w.t.Fatal(err)
	}
	g := access.Grant{
		Account:    account,
		Region:     controltest.Region,
		LocationID: "default",
		SubPrefix:  scope[len("s3://"):],
		Principal:  to.Principal,
		Grantee:    access.Grantee{Type: to.Type, ID: to.Principal},
		Permission: access.Read,
		Scope:      s,
		CreatedAt:  time.Unix(1, 0).UTC(),
	}
	g.ID[15] = n
	w.Change(w.t, func(tx *store.Tx) error { return store.InsertGrant(tx, &g) })
}

func TestADryRunTellsWhoLosesAndGainsWhat(t *testing.T) {
	w := newWorld(t, nil)
	w.Change(t, func(tx *store.Tx) error {
		return store.Instances.Insert(tx,
			&store.Instance{Instance: access.Instance{Account: account, Region: controltest.Region, CreatedAt: tx.Now()}})
	})
	for _, n := range []string{"alice", "bob", "carol", "dave"} {
		w.ldap.Person(t, n)
	}
	w.ldap.Group(t, "readers", dns("alice", "bob", "carol")...)
	w.ldap.Group(t, "wide", dns("carol", "dave")...)
	w.sync()
	group := func(name string) access.Identity {
		return access.Identity{Type: access.DirectoryGroup, Principal: string(w.group(name).ID)}
	}
	w.give(1, group("readers"), "s3://lake/finance/*")
	w.give(2, group("wide"), "s3://lake/*")
	w.give(3, access.Identity{Type: access.DirectoryUser, Principal: string(w.person("bob").ID)}, "s3://lake/bob/*")

	// alice leaves, bob is disabled, carol leaves but keeps the access through wide, dave and a new person join.
	w.ldap.Person(t, "erin")
	w.ldap.Set(t, ldaptest.GroupDN("readers"), "member", dns("bob", "dave", "erin")...)
	w.ldap.Set(t, ldaptest.PersonDN("bob"), "pwdAccountLockedTime", "000001010000Z")
	before, rev := w.people(), w.snap().Rev()
	r := w.run(ldapsync.Options{DryRun: true, Limit: 50})
	var got []string
	for _, a := range r.Access {
		word := "loses"
		if a.Gained {
			word = "gains"
		}
		via := "directly"
		if a.Via != "" {
			via = "by " + r.NameOf(a.Via)
		}
		got = append(got, fmt.Sprint(a.Name, " ", word, " ", a.Grant.Scope, " ", via))
	}
	slices.Sort(got)
	want := []string{"alice loses s3://lake/finance/* by readers", "bob loses s3://lake/bob/* directly",
		"bob loses s3://lake/finance/* by readers", "erin gains s3://lake/finance/* by readers"}
	if !slices.Equal(got, want) || r.Losing != 2 || r.Gaining != 1 {
		t.Errorf("got\n%q (%d lose, %d gain), want\n%q", got, r.Losing, r.Gaining, want)
	}
	if !slices.Equal(w.people(), before) || w.snap().Rev() != rev {
		t.Error("the dry run changed something")
	}
	if r := w.run(ldapsync.Options{DryRun: true, Limit: 2}); len(r.Access) != 2 || r.Access[0].Gained || !r.Truncated ||
		r.Losing != 2 {
		t.Errorf("a short report is %+v", r)
	}
	w.sync()
	after := reachOf(w, "alice")
	if len(after) != 0 || len(reachOf(w, "erin")) != 2 || len(reachOf(w, "bob")) != 0 {
		t.Errorf("afterwards alice is %v, erin %v, bob %v", after, reachOf(w, "erin"), reachOf(w, "bob"))
	}
}

// reachOf returns the identities that a person has in decisions, without the person's own.
func reachOf(w *world, name string) []access.Identity {
	all := w.snap().AppendIdentities(nil, w.person(name).ID)
	if len(all) == 1 {
		return nil
	}
	return all
}

// A run commits removals before anything that it adds.
func TestTakingComesBeforeGiving(t *testing.T) {
	w := newWorld(t, nil)
	for _, n := range []string{"alice", "bob", "carol"} {
		w.ldap.Person(t, n)
	}
	w.ldap.Group(t, "readers", dns("alice", "bob")...)
	w.sync()
	w.ldap.Set(t, ldaptest.GroupDN("readers"), "member", dns("bob", "carol")...)
	w.ldap.Delete(t, ldaptest.PersonDN("bob"))
	w.ldap.Person(t, "new")
	w.sync()
	var steps []any
	for _, e := range w.Records(t) {
		if s := e.AdditionalEventData["step"]; s != nil {
			steps = append(steps, s)
		}
	}
	want := []any{"create users", "create groups", "add memberships", "disable users", "remove memberships",
		"create users", "add memberships"}
	if !slices.Equal(steps, want) {
		t.Errorf("steps %v, want %v", steps, want)
	}
}
