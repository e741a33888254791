package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/directory"
	"latchkey/internal/store"
)

// A token of one account cannot delay others: a request that costs more than its length justifies is refused.
func TestAttack40_CostlyRequests(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	staff := w.group("staff", alice)
	values := func(from, n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"value":"%d"}`, from+i))
		}
		return `{"op":"add","path":"roles","value":[` + strings.Join(all, ",") + `]}`
	}
	part := func(n int) string {
		return fmt.Sprintf(`{"op":"add","path":"roles[value eq \"%d\"].type","value":"x"}`, n)
	}
	var parts, reads []string
	for n := range 101 {
		parts = append(parts, part(n))
	}
	for range 11 {
		reads = append(reads, `{"op":"remove","path":"members[value sw \"zz\"]"}`)
	}
	sets := strings.Split(strings.Repeat(`{"op":"replace","path":"members","value":[]};`, 11), ";")[:11]
	for name, c := range map[string]struct{ method, path, body, scimType string }{
		"many values at once":             {"PATCH", "/Users/" + alice, patch(values(0, 101)), "tooMany"},
		"many values, some at a time":     {"PATCH", "/Users/" + alice, patch(values(0, 60), values(100, 60)), "tooMany"},
		"many values, each by its filter": {"PATCH", "/Users/" + alice, patch(parts...), "tooMany"},
		"many values of a new user": {"POST", "/Users",
			`{"userName":"x","roles":[` + strings.Repeat(`{"value":"x"},`, 100) + `{"value":"y"}]}`, "tooMany"},
		"all members looked at very often": {"PATCH", "/Groups/" + staff, patch(reads...), "tooMany"},
		"all members set very often":       {"PATCH", "/Groups/" + staff, patch(sets...), "tooMany"},
		"very many small values": {"POST", "/Groups",
			`{"displayName":"x","more":[` + strings.Repeat(`0,`, 1_000_000) + `0]}`, "invalidSyntax"},
		"very many attributes to show": {"GET", "/Users?attributes=" + strings.Repeat("id,", 1400), "", "invalidValue"},
		"very many attributes to leave": {"GET", "/Users?excludedAttributes=" + strings.Repeat("id,", 1400), "",
			"invalidValue"},
	} {
		t.Run(name, func(t *testing.T) { w.do(c.method, c.path, c.body).refused(400, c.scimType) })
	}
	w.do("PATCH", "/Groups/"+staff,
		patch(append(reads[:10:10], `{"op":"add","path":"displayName","value":"all"}`)...)).want(204)
	w.do("GET", "/Groups/"+staff, "").want(200).has("displayName", "all", "members.0.value", alice)
}

// A filter with many comparisons renders the members of no group, and one that would need to is refused.
func TestAttack40_AFilterOnMembers(t *testing.T) {
	w := newWorld(t)
	g := directory.GroupID(w.group("staff"))
	var all []directory.Membership
	for i := range 500 {
		u := w.Person(t, account, fmt.Sprint("u", i))
		all = append(all, directory.Membership{ID: directory.MembershipID(u.ID), Store: w.in, Group: g, User: u.ID})
	}
	w.Change(t, func(tx *store.Tx) error { return store.InsertMemberships(tx, all) })
	find := func(terms int) float64 {
		filter := strings.Repeat(`members.value eq "zz" or `, terms-1) + `not (members.value pr)`
		return testing.AllocsPerRun(1, func() { w.find("Groups", filter).want(200).has("totalResults", 0) })
	}
	// To render 500 members for each comparison would take thousands of allocations more.
	if one, many := find(1), find(50); many > 20*one {
		t.Errorf("%.0f allocations for one comparison, %.0f for 50", one, many)
	}
	for endpoint, filters := range map[string][]string{
		"Groups": {`members.value co "zz"`, `members.display eq "u1"`, `members.type eq "User"`, `members[value ne "zz"]`,
			`not (members.value sw "zz")`, `id pr and (displayName pr or members.value gt "zz")`},
		"Users": {`groups.display co "s"`, `groups.type eq "direct"`, `groups[display eq "staff" and value pr]`,
			`userName eq "u1" and groups.display sw "s"`, `groups.display eq null`, `groups.display pr`},
	} {
		for _, f := range filters {
			w.find(endpoint, f).refused(400, "invalidFilter")
		}
	}
}

// A comparison of groups.display is as cheap as its length says: it looks up one group.
func TestAttack40_AFilterOnGroups(t *testing.T) {
	w := newWorld(t)
	a, b := w.user("a"), w.user("b")
	w.user("c")
	staff := w.group("Staff", a, b)
	w.group("crew", a)
	for filter, want := range map[string]int{
		`groups.display eq "STAFF"`:                                    2,
		`groups[display eq "staff"]`:                                   2,
		`groups eq "` + staff + `"`:                                    2,
		`groups.value ne "` + staff + `"`:                              1,
		`groups.display ne "crew"`:                                     2,
		`groups.display eq "nothing"`:                                  0,
		`groups pr`:                                                    2,
		`not (groups pr)`:                                              1,
		`groups.display eq "staff" and groups.display eq "crew"`:       1,
		`userName co "c" or groups.display eq "crew"`:                  2,
		`not (groups.display eq "staff") and groups.display ne "x"`:    1,
		`userName sw "a" and not (groups.display eq "nothing at all")`: 1,
	} {
		w.find("Users", filter).want(200).has("totalResults", want)
	}
	if n := testing.AllocsPerRun(3, func() {
		w.find("Users", strings.Repeat(`groups.display eq "staff" or `, 50)+`groups.display eq "crew"`).want(200)
	}); n > 20_000 {
		t.Errorf("%.0f allocations", n)
	}
}

// The audit record of a PATCH is short and has no personal data, whatever the client writes in place of a path or a
// status.
func TestAttack25_WhatARecordSaysOfAPatch(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	long := strings.Repeat("p", 10_000)
	for _, body := range []string{
		patch(`{"op":"add","value":{"active":{"phone":"secret-` + long + `"}}}`),
		patch(`{"op":"add","path":"` + long + `[x]","value":1}`),
		patch(`{"op":"add","path":"x[` + "`secret-`" + `]` + long + `","value":1}`),
		patch(`{"op":"add","value":{"` + long + `[y]":1}}`),
	} {
		w.do("PATCH", "/Users/"+alice, body)
	}
	n := 0
	for _, e := range w.Records(t) {
		if e.EventName != "PatchUser" {
			continue
		}
		n++
		if text := fmt.Sprint(e.RequestParameters); len(text) > 600 || strings.Contains(text, "secret") {
			t.Errorf("%d bytes: %.700s", len(text), text)
		}
	}
	if n != 4 {
		t.Errorf("%d records", n)
	}
}
