package access

import (
	"encoding/binary"
	"testing"
	"time"
)

const owner AccountID = "111122223333"

const region = "eu-central-1"

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)

// numbered is the grant id with this number.
func numbered(n int64) GrantID {
	var id GrantID
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	id[6] = 0x40
	return id
}

func scopeOf(t testing.TB, s string) Scope {
	t.Helper()
	out, err := ParseScope(s)
	if err != nil {
		t.Fatalf("ParseScope(%q): %v", s, err)
	}
	return out
}

func targetOf(t testing.TB, s string) Scope {
	t.Helper()
	out, err := ParseTarget(s)
	if err != nil {
		t.Fatalf("ParseTarget(%q): %v", s, err)
	}
	return out
}

func locationOf(t testing.TB, s string) Location {
	t.Helper()
	scope, err := ParseLocationScope(s)
	if err != nil {
		t.Fatalf("ParseLocationScope(%q): %v", s, err)
	}
	l, err := NewLocation(Location{
		ID: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", Account: owner, Region: region, Scope: scope,
		RoleARN: "arn:aws:iam::111122223333:role/reader", RoleID: "AROAREADER", CreatedAt: epoch,
	})
	if err != nil {
		t.Fatalf("NewLocation(%q): %v", s, err)
	}
	return l
}

// The principals of the tests.
var (
	u1 = Identity{IAM, "AIDAU1"}
	u2 = Identity{IAM, "AIDAU2"}
	r1 = Identity{IAM, "AROAR1"}
	d1 = Identity{DirectoryUser, "83d43802-00b1-7054-db02-f1d683aacba5"}
	d2 = Identity{DirectoryUser, "93d43802-00b1-7054-db02-f1d683aacba5"}
	g1 = Identity{DirectoryGroup, "a3d43802-00b1-7054-db02-f1d683aacba5"}
)

// granteeOf is the grantee that clients see of an identity.
func granteeOf(id Identity) Grantee {
	switch {
	case id.Type != IAM:
		return Grantee{id.Type, id.Principal}
	case id.Principal[:4] == "AROA":
		return Grantee{IAM, "arn:aws:iam::111122223333:role/team/" + id.Principal[4:]}
	}
	return Grantee{IAM, "arn:aws:iam::111122223333:user/" + id.Principal[4:]}
}

// give makes the grant with number seq.
func give(t testing.TB, seq int64, id Identity, scope string, p Permission) Grant {
	t.Helper()
	g, err := NewGrant(GrantSpec{
		ID: numbered(seq), Now: epoch, Location: locationOf(t, "s3://"), SubPrefix: scope[len(scheme):],
		Grantee: granteeOf(id), Principal: id.Principal, Permission: p,
	})
	if err != nil {
		t.Fatalf("NewGrant(%s): %v", scope, err)
	}
	g.Seq = seq
	return g
}

// ask makes a request of an identity with the default privilege.
func ask(t testing.TB, target string, p Permission, ids ...Identity) *Request {
	t.Helper()
	return &Request{
		Account: owner, Region: region, Identities: ids, Target: targetOf(t, target), Permission: p, Privilege: Default,
	}
}

// newIndex makes an index of grants.
func newIndex(grants ...Grant) *Index {
	b := NewBuilder(len(grants))
	for _, g := range grants {
		b.Add(g)
	}
	return b.Index()
}
