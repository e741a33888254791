package access

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// oracle decides by looking at every grant in turn.
func oracle(grants []Grant, r *Request) (Grant, bool) {
	if r.Check() != nil {
		return Grant{}, false
	}
	var won []Grant
	for _, g := range grants {
		if evaluate(r, &g) == Chosen {
			won = append(won, g)
		}
	}
	if len(won) == 0 {
		return Grant{}, false
	}
	return slices.MinFunc(won, func(a, b Grant) int {
		if x, y := specificity(a.Scope), specificity(b.Scope); x != y {
			return y - x
		}
		if x, y := plainRank(r, a), plainRank(r, b); x.before(y) {
			return -1
		}
		return 1
	}), true
}

func specificity(s Scope) int {
	n := 2 * len(s.Key())
	if !s.Wildcard() {
		n++
	}
	return n
}

func plainRank(r *Request, g Grant) rank {
	return rank{g.Permission != r.Permission, g.Grantee.Type, g.Seq}
}

// The generators use small alphabets, so that random scopes, grants and requests have much in common.
var (
	drawBucket = rapid.SampledFrom([]string{"bkt", "bkt-a", "bkt-aa"})
	drawKey    = rapid.StringMatching(`[ab/.]{0,6}`)
	drawIdent  = rapid.SampledFrom([]Identity{
		{IAM, "x"}, {IAM, "y"}, {DirectoryUser, "x"}, {DirectoryUser, "y"},
		{DirectoryGroup, "x"}, {DirectoryGroup, "y"}, {DirectoryGroup, "z"},
	})
	drawPermission = rapid.SampledFrom([]Permission{Read, Write, ReadWrite})
	drawApp        = rapid.SampledFrom([]string{"", "", "app1", "app2"})
	drawInstance   = rapid.SampledFrom([]instance{
		{owner, region}, {owner, region}, {owner, "other"}, {"444455556666", region},
	})
)

func drawScope(t *rapid.T, bare bool) Scope {
	text := "s3://" + drawBucket.Draw(t, "bucket")
	if !bare || rapid.IntRange(0, 9).Draw(t, "bare") > 0 {
		text += "/" + drawKey.Draw(t, "key")
		if rapid.Bool().Draw(t, "wild") {
			text += "*"
		}
	}
	s, err := ParseScope(text)
	if err != nil {
		t.Fatalf("ParseScope(%q): %v", text, err)
	}
	if !bare && s.Key() == "" && !s.Wildcard() {
		s, _ = ParseScope(text + "*")
	}
	return s
}

func drawGrant(t *rapid.T, seq int64) Grant {
	in := drawInstance.Draw(t, "instance")
	id := drawIdent.Draw(t, "identity")
	return Grant{
		ID: numbered(seq), Seq: seq, Account: in.account, Region: in.region, LocationID: "default",
		SubPrefix: rapid.SampledFrom([]string{"", "odd"}).Draw(t, "sub"),
		Grantee:   Grantee{id.Type, rapid.SampledFrom([]string{id.Principal, "shown"}).Draw(t, "shown")},
		Principal: id.Principal, Permission: drawPermission.Draw(t, "permission"),
		ApplicationARN: drawApp.Draw(t, "app"), Scope: drawScope(t, false), CreatedAt: epoch,
	}
}

func drawRequest(t *rapid.T) *Request {
	in := drawInstance.Draw(t, "instance")
	return &Request{
		Account: in.account, Region: in.region, Identities: rapid.SliceOfN(drawIdent, 0, 6).Draw(t, "identities"),
		Application: drawApp.Draw(t, "app"), Target: drawScope(t, true), Permission: drawPermission.Draw(t, "permission"),
		Privilege: rapid.SampledFrom([]Privilege{Minimal, Default}).Draw(t, "privilege"),
		Object:    rapid.Bool().Draw(t, "object"),
	}
}

// checkAgainstOracle compares the answers of every method of the index with the plain list of grants.
func checkAgainstOracle(t *rapid.T, ix *Index, grants []Grant) {
	if ix.Len() != len(grants) {
		t.Fatalf("Len = %d, want %d", ix.Len(), len(grants))
	}
	for range 8 {
		r := drawRequest(t)
		want, ok := oracle(grants, r)
		v := ix.Decide(r)
		d := v.Decision(r)
		if v.OK != ok || d.Grant != want || v.ID != want.ID || v.Seq != want.Seq {
			t.Fatalf("Decide(%+v) = %+v, want %v %+v", r, d, ok, want)
		}
		x := ix.Explain(r, 1000)
		if x.OK != ok || x.Grant != want || x.Scope != d.Scope || (x.Reason == Granted) != ok {
			t.Fatalf("Explain(%+v) = %+v, want %v %+v", r, x, ok, want)
		}
		for _, c := range x.Considered {
			if (c.Outcome == Chosen) != (ok && c.Grant == want) {
				t.Fatalf("Explain(%+v) considered %+v as %v, winner %+v", r, c.Grant, c.Outcome, want)
			}
		}
		checkCovering(t, ix, grants, r)
		if ok && !(want.Scope.Contains(d.Scope) && d.Scope.Contains(r.Target)) {
			t.Fatalf("credential scope %v is not between grant %v and target %v", d.Scope, want.Scope, r.Target)
		}
	}
	l := ListRequest{Account: owner, Region: region, Identities: rapid.SliceOfN(drawIdent, 0, 4).Draw(t, "listed"),
		ScopePrefix:   rapid.SampledFrom([]string{"", "s3://bkt-", "s3://bkt/a"}).Draw(t, "prefix"),
		ByApplication: rapid.Bool().Draw(t, "by application"), Application: drawApp.Draw(t, "app"),
		After: int64(rapid.IntRange(0, 20).Draw(t, "after"))}
	var want []Grant
	for _, g := range grants {
		if g.Account == owner && g.Region == region && g.Seq > l.After && slices.Contains(l.Identities, g.Identity()) &&
			strings.HasPrefix(g.Scope.String(), l.ScopePrefix) &&
			(!l.ByApplication || g.ApplicationARN == "" || g.ApplicationARN == l.Application) {
			want = append(want, g)
		}
	}
	slices.SortFunc(want, func(a, b Grant) int { return int(a.Seq - b.Seq) })
	if got := slices.Collect(ix.ForIdentities(l)); !slices.Equal(got, want) {
		t.Fatalf("ForIdentities(%+v) = %+v, want %+v", l, got, want)
	}
}

func TestDecideEqualsLookingAtEveryGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var grants []Grant
		for i := range rapid.IntRange(0, 60).Draw(t, "n") {
			grants = append(grants, drawGrant(t, int64(i+1)))
		}
		checkAgainstOracle(t, newIndex(grants...), grants)
	})
}
