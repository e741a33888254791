package decision

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"latchkey/internal/access"
)

const owner access.AccountID = "111122223333"

const (
	region    = "us-east-1"
	groupsOf  = 200     // groups of a caller
	crowdSize = 100_000 // grantees of the crowded scope
	depth     = 60      // segments of the deep target
)

var sizes = []int{1_000, 10_000, 100_000, 1_000_000, 10_000_000}

// population makes n grants: 20 % on buckets, 50 % on teams in them, 30 % on projects of teams, to n/100
// grantees and at least 1,000.
type population struct {
	n, grantees, buckets int
	rng                  *rand.Rand
	seq                  int64
	names                []access.Identity // one text for each, as a directory holds them
}

func newPopulation(n int) *population {
	p := &population{n: n, grantees: max(1000, n/100), buckets: max(4, n/1000), rng: rand.New(rand.NewPCG(7, uint64(n)))}
	for i := range p.grantees {
		p.names = append(p.names, identity(i))
	}
	return p
}

// place is a random bucket, team and project; a bucket has 50 teams of 10 projects.
func (p *population) place() (bucket, team, project string) {
	bucket = fmt.Sprintf("lake-%06d", p.rng.IntN(p.buckets))
	team = fmt.Sprintf("team-%02d", p.rng.IntN(50))
	project = fmt.Sprintf("project-%d", p.rng.IntN(10))
	return bucket, team, project
}

func (p *population) scope() string {
	bucket, team, project := p.place()
	switch x := p.rng.IntN(10); {
	case x < 2:
		return "s3://" + bucket + "/*"
	case x < 7:
		return "s3://" + bucket + "/" + team + "/*"
	default:
		return "s3://" + bucket + "/" + team + "/" + project + "/*"
	}
}

// identity is a grantee by number: nine groups for a user.
func identity(i int) access.Identity {
	kind := access.DirectoryGroup
	if i%10 == 0 {
		kind = access.DirectoryUser
	}
	return access.Identity{Type: kind, Principal: fmt.Sprintf("%08x-00b1-7054-db02-f1d683aacba5", uint32(i)*2654435761)}
}

func (p *population) grant(scope string, id access.Identity, perm access.Permission) access.Grant {
	p.seq++
	s, err := access.ParseScope(scope)
	if err != nil {
		panic(err)
	}
	g := access.Grant{
		Seq: p.seq, Account: owner, Region: region, LocationID: access.DefaultLocationID, SubPrefix: scope[len("s3://"):],
		Grantee: access.Grantee{Type: id.Type, ID: id.Principal}, Principal: id.Principal, Permission: perm, Scope: s,
		CreatedAt: time.UnixMicro(1_800_000_000_000_000 + p.seq),
	}
	binary.BigEndian.PutUint64(g.ID[:], p.rng.Uint64())
	binary.BigEndian.PutUint64(g.ID[8:], uint64(p.seq))
	return g
}

func (p *population) any() access.Grant {
	return p.grant(p.scope(), p.names[p.rng.IntN(p.grantees)], access.Permission(1+p.rng.IntN(3)))
}

// caller is a user with groupsOf groups.
func (p *population) caller() []access.Identity {
	ids := []access.Identity{p.names[p.rng.IntN(p.grantees/10)*10]}
	for len(ids) <= groupsOf {
		ids = append(ids, p.names[p.rng.IntN(p.grantees/10)*10+1+p.rng.IntN(9)])
	}
	return ids
}

func request(t testing.TB, target string, ids []access.Identity) *access.Request {
	s, err := access.ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	return &access.Request{
		Account:    owner,
		Region:     region,
		Identities: ids,
		Target:     s,
		Permission: access.Read,
		Privilege:  access.Default,
	}
}

// requests are objects anywhere, asked for by anybody.
func (p *population) requests(t testing.TB, n int) []*access.Request {
	callers := make([][]access.Identity, 256)
	for i := range callers {
		callers[i] = p.caller()
	}
	out := make([]*access.Request, n)
	for i := range out {
		bucket, team, project := p.place()
		out[i] = request(t, "s3://"+bucket+"/"+team+"/"+project+"/2026/part-0001.parquet", callers[p.rng.IntN(len(callers))])
	}
	return out
}
