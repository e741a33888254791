// Package entitlements tells what somebody's grants are: the grants of a person and the person's groups, of a user, of
// a role, in every region of an account; and which of them a change of groups takes away or brings.
//
// It knows grants, not answers: whether a location's role trusts the service, or an association stands, is asked by
// control/grants, which also decides who may ask.
package entitlements

import (
	"iter"
	"math"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
)

// Entitlement is a grant as somebody holds it.
type Entitlement struct {
	access.Grant
	Via directory.GroupID // the group through which it is held; empty: directly
}

func entitlementOf(g access.Grant) Entitlement {
	h := Entitlement{Grant: g}
	if g.Grantee.Type == access.DirectoryGroup {
		h.Via = directory.GroupID(g.Principal)
	}
	return h
}

// Of goes through the grants of a set of identities in every region where the account has an instance: region by
// region in the order of their names, and in each the oldest first.
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

// Person is every identity that a directory user has towards grants, disabled or not: the user and the user's
// groups. AppendIdentities of the engine has those that count at a decision.
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
