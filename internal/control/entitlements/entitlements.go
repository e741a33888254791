// Package entitlements finds the grants of a person and the person's groups, of a user, or of a role, in every region
// of an account. It also finds which of them a change of groups takes away or adds.
//
// It only knows grants, not decisions. Package control/grants checks whether a location's role trusts the service and
// whether an association stands. It also decides who may ask.
package entitlements

import (
	"iter"
	"math"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
)

// Entitlement is a grant that somebody has.
type Entitlement struct {
	access.Grant
	Via directory.GroupID // the group that has the grant; empty: the grant is to somebody directly
}

func entitlementOf(g access.Grant) Entitlement {
	h := Entitlement{Grant: g}
	if g.Grantee.Type == access.DirectoryGroup {
		h.Via = directory.GroupID(g.Principal)
	}
	return h
}

// Of iterates over the grants of a set of identities in every region where the account has an instance: by the name of
// the region, and within a region the oldest first.
func Of(s *engine.Snapshot, account access.AccountID, identities []access.Identity) iter.Seq[Entitlement] {
	return func(yield func(Entitlement) bool) {
		for _, i := range s.InstancesOf(account) {
			for g := range s.Grants().ForIdentities(access.ListRequest{
				Account: account, Region: i.Region, Identities: identities, After: math.MinInt64,
			}) {
				if !yield(entitlementOf(g)) {
					return
				}
			}
		}
	}
}

// Person returns every identity of a directory user to which grants can be made, whether the user is disabled or not:
// the user and the user's groups. The engine's AppendIdentities returns those that count at a decision.
func Person(s *engine.Snapshot, id directory.UserID) []access.Identity {
	return identities(id, s.GroupsOf(id))
}

func identities(id directory.UserID, groups []directory.GroupID) []access.Identity {
	all := make([]access.Identity, 0, 1+len(groups))
	if id != "" {
		all = append(all, access.Identity{Type: access.DirectoryUser, Principal: string(id)})
	}
	for _, g := range groups {
		all = append(all, access.Identity{Type: access.DirectoryGroup, Principal: string(g)})
	}
	return all
}
