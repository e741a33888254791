package ldap

import (
	"errors"
	"slices"
	"strings"
)

// errTooManyMembers says that the groups, with their nested groups, have more members than Options.MaxMembers.
var errTooManyMembers = errors.New("the groups have more members than are read at most")

// node is a group with its direct members.
type node struct {
	users   []int32  // indexes of Listing.Users
	groups  []int32  // indexes of Listing.Groups
	unknown []string // DNs of members that are not users; they may be groups that are read later
}

// optionalUID removes the bit string from a value of uniqueMember (RFC 4517, 3.3.21: cn=x,o=y#'0101'B).
func optionalUID(value string) string {
	if i := strings.LastIndex(value, "#'"); i >= 0 && strings.HasSuffix(value, "'B") &&
		strings.Trim(value[i+2:len(value)-2], "01") == "" {
		return value[:i]
	}
	return value
}

// resolve replaces the DNs of groups by their indexes. It counts the members that are neither users nor groups of the
// listing.
func resolve(nodes []node, groups dnIndex) (foreign int) {
	for i := range nodes {
		for _, dn := range nodes[i].unknown {
			if g, ok := groups.at(dn); ok {
				nodes[i].groups = append(nodes[i].groups, g)
			} else {
				foreign++
			}
		}
		nodes[i].unknown = nil
	}
	return foreign
}

// flatten returns, for each group, the users who are in it or in a group nested in it at any depth. Each list is
// ascending and without repetition. Groups that contain each other have the same members. flatten fails if there are
// more than limit memberships, because a few nested groups can have very many.
func flatten(nodes []node, users, limit int) ([][]int32, error) {
	all := make([][]int32, len(nodes))
	// The number of the last walk that visited the user or group. Walks count from 1.
	seenUser, seenGroup := make([]int32, users), make([]int32, len(nodes))
	total := 0
	var steps int64
	for start := range nodes {
		walk := int32(start + 1)
		pending := []int32{int32(start)}
		seenGroup[start] = walk
		var in []int32
		for len(pending) > 0 {
			n := &nodes[pending[len(pending)-1]]
			pending = pending[:len(pending)-1]
			steps += int64(len(n.users) + len(n.groups) + 1)
			for _, u := range n.users {
				if seenUser[u] != walk {
					seenUser[u] = walk
					in = append(in, u)
				}
			}
			for _, g := range n.groups {
				if seenGroup[g] != walk {
					seenGroup[g] = walk
					pending = append(pending, g)
				}
			}
			if steps > 100*int64(limit) {
				return nil, errTooManyMembers
			}
		}
		if total += len(in); total > limit {
			return nil, errTooManyMembers
		}
		slices.Sort(in)
		all[start] = in
	}
	return all, nil
}
