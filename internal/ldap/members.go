package ldap

import (
	"errors"
	"slices"
	"strings"
)

// errTooManyMembers is the error of groups that, with the groups in them, have more members than Options let.
var errTooManyMembers = errors.New("the groups have more members than are read at most")

// node is a group on the way: who is in it directly.
type node struct {
	users   []int32  // places in Listing.Users
	groups  []int32  // places in Listing.Groups
	unknown []string // DNs of members that are no users: perhaps groups that are listed later
}

// optionalUID cuts the bit string from a value of uniqueMember (RFC 4517, 3.3.21: cn=x,o=y#'0101'B).
func optionalUID(value string) string {
	if i := strings.LastIndex(value, "#'"); i >= 0 && strings.HasSuffix(value, "'B") &&
		strings.Trim(value[i+2:len(value)-2], "01") == "" {
		return value[:i]
	}
	return value
}

// resolve turns the members that are groups into their places and counts those that are nothing that was listed.
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

// flatten is, for each group, everybody who is in it or in a group that is in it, at any depth, each once and in
// order. Groups that are in each other have the same members. It gives up when there are more than most memberships,
// for groups in groups can make very many of few.
func flatten(nodes []node, users, limit int) ([][]int32, error) {
	all := make([][]int32, len(nodes))
	seenUser, seenGroup := make([]int32, users), make([]int32, len(nodes)) // by which walk, counted from 1
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
