package grants_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/directory"
	"latchkey/internal/store"
)

// BenchmarkGetDataAccess measures GetDataAccess of a user, without HTTP. A granted request commits an audit record and
// seals a credential. A denied request does neither.
func BenchmarkGetDataAccess(b *testing.B) {
	w := newWorld(b)
	w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	call := w.as(w.keys)
	for name, target := range map[string]string{"granted": "s3://lake/x/k", "denied": "s3://lake/y"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := w.G.GetDataAccess(b.Context(), opened(w.Control, call, "GetDataAccess"), read(target))
				if (err == nil) != (name == "granted") {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGetDataAccessOfAPerson measures the same for a session that acts for a person of the directory.
func BenchmarkGetDataAccessOfAPerson(b *testing.B) {
	w := newPeopleWorld(b)
	w.grant(group(w.g1), "p/*", "")
	call := w.Call(b, w.session("alice", w.app), "s3", "GetDataAccess")
	b.ReportAllocs()
	for b.Loop() {
		_, err := w.Grants.GetDataAccess(b.Context(), opened(w.Control, call, "GetDataAccess"), read("s3://lake/p/x"))
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEntitlements measures a page of WhoCan over a group, and a page of WhatCan over the grants of one of its
// members.
func BenchmarkEntitlements(b *testing.B) {
	w := newPeopleWorld(b)
	const size = 1000
	for range 5 {
		w.application()
	}
	w.Change(b, func(tx *store.Tx) error {
		for i := range size {
			u := &directory.User{ID: directory.UserID(uuid.NewString()), Store: w.alice.Store, UserName: fmt.Sprint("user-", i)}
			if err := store.DirectoryUsers.Insert(tx, u); err != nil {
				return err
			}
			m := &directory.Membership{
				ID:    directory.MembershipID(uuid.NewString()),
				Store: w.g1.Store,
				Group: w.g1.ID,
				User:  u.ID,
			}
			if err := store.InsertMembership(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range size {
		w.grant(group(w.g1), fmt.Sprintf("p/%d/*", i), "")
		if i < 100 {
			w.grant(role(w.r1), fmt.Sprintf("p/%d/*", i), "")
		}
	}
	var root controltest.Keys = w.root
	call := w.Call(b, root, "s3", "Test")
	b.Run("WhoCan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			page, err := w.Grants.WhoCan(opened(w.Control, call, "WhoCan"),
				grants.WhoCan{Target: "s3://lake/p/1/x", Permission: access.Read, Size: size})
			if err != nil || len(page.Entries) != size {
				b.Fatal(err)
			}
		}
	})
	b.Run("WhatCan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			page, err := w.Grants.WhatCan(opened(w.Control, call, "WhatCan"), grants.WhatCan{User: "alice", Size: size})
			if err != nil || len(page.Entries) != size {
				b.Fatal(err)
			}
		}
	})
	b.Run("WhatCanPrincipal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			page, err := w.Grants.WhatCan(opened(w.Control, call, "WhatCan"), grants.WhatCan{Principal: w.r1.ARN(), Size: size})
			if err != nil || len(page.Entries) != 100 {
				b.Fatal(err)
			}
		}
	})
}

// opened is a fresh call of the same caller.
func opened(c *control.Control, call *control.Call, operation string) *control.Call {
	return c.Begin(control.Opening{
		Caller: call.Caller, Source: "s3.amazonaws.com", Operation: operation, ReadOnly: true,
	})
}
