package grants

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"iter"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// place is a position in an answer: this grant's candidates up to and including this person, or all of them.
type place struct {
	seq    int64
	person directory.UserID // empty: all
}

func (g *Grants) sealPlace(list string, p place) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.seq))
	return base64.RawURLEncoding.EncodeToString(g.Control.Ring.Seal("page:"+list, append(b, p.person...)))
}

func (g *Grants) openPlace(list, token string) (place, error) {
	if token == "" {
		return place{}, nil
	}
	bad := fault.New(fault.Invalid, fault.NextToken, "The provided NextToken is not valid.")
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return place{}, bad.Because(err)
	}
	b, err := g.Control.Ring.Unseal("page:"+list, sealed)
	if err != nil || len(b) < 8 {
		return place{}, bad.Because(err)
	}
	return place{int64(binary.BigEndian.Uint64(b)), directory.UserID(b[8:])}, nil
}

// candidates are the principals and people who have a grant that covers a target, in a fixed order.
type candidates struct {
	call      *control.Call
	grants    []access.Grant            // all that cover the target, oldest first
	first     map[access.Identity]int64 // the Seq of the first grant of an identity
	bound     map[string]bool           // applications that grants are bound to
	remaining *budget
}

type candidate struct {
	grant    *access.Grant    // that makes this a candidate
	person   directory.UserID // empty: the user or role that the grant is for
	place    place            // of the candidate
	repeated bool             // an older grant yielded the same candidate already
}

func (c *candidates) find(r *access.Request) {
	c.bound = map[string]bool{}
	for g := range c.call.Snapshot.Grants().Covering(r) {
		c.grants = append(c.grants, g)
		if seq, known := c.first[g.Identity()]; !known || g.Seq < seq {
			c.first[g.Identity()] = g.Seq
		}
		if g.ApplicationARN != "" {
			c.bound[g.ApplicationARN] = true
		}
	}
	slices.SortFunc(c.grants, func(a, b access.Grant) int { return cmp.Compare(a.Seq, b.Seq) })
}

// after yields the candidates after a position. A person who is a candidate by several grants is yielded with the
// oldest of them first, and with each of the others as a repeated candidate.
func (c *candidates) after(from place) iter.Seq[candidate] {
	return func(yield func(candidate) bool) {
		for k := range c.grants {
			g := &c.grants[k]
			if g.Seq < from.seq || g.Seq == from.seq && from.person == "" || c.first[g.Identity()] != g.Seq {
				continue
			}
			c.remaining.spend(1)
			switch g.Grantee.Type {
			case access.IAM:
				c.remaining.spend(10)
				if !yield(candidate{grant: g, place: place{seq: g.Seq}}) {
					return
				}
			case access.DirectoryUser:
				id := directory.UserID(g.Principal)
				if !yield(candidate{g, id, place{seq: g.Seq}, c.firstOf(id) != g.Seq}) {
					return
				}
			case access.DirectoryGroup:
				var done directory.UserID
				if g.Seq == from.seq {
					done = from.person
				}
				for _, id := range c.call.Snapshot.MembersAfter(directory.GroupID(g.Principal), done) {
					c.remaining.spend(1)
					if !yield(candidate{g, id, place{g.Seq, id}, c.firstOf(id) != g.Seq}) {
						return
					}
				}
			}
		}
	}
}

// firstOf returns the Seq of the oldest of a person's grants.
func (c *candidates) firstOf(id directory.UserID) int64 {
	least, found := c.first[access.Identity{Type: access.DirectoryUser, Principal: string(id)}]
	for _, g := range c.call.Snapshot.GroupsOf(id) {
		if seq, ok := c.first[access.Identity{Type: access.DirectoryGroup, Principal: string(g)}]; ok &&
			(!found || seq < least) {
			least, found = seq, true
		}
	}
	return least
}
