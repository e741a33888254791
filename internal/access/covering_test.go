package access

import (
	"slices"

	"pgregory.net/rapid"
)

// checkCovering compares Covering with the plain list of grants.
func checkCovering(t *rapid.T, ix *Index, grants []Grant, r *Request) {
	var want []Grant
	for _, g := range grants {
		alone := *r
		alone.Identities, alone.Application = []Identity{g.Identity()}, g.ApplicationARN
		if r.Check() == nil && evaluate(&alone, &g) == Chosen {
			want = append(want, g)
		}
	}
	bySeq := func(a, b Grant) int { return int(a.Seq - b.Seq) }
	got := slices.SortedFunc(ix.Covering(r), bySeq)
	slices.SortFunc(want, bySeq)
	if !slices.Equal(got, want) {
		t.Fatalf("Covering(%+v) = %+v, want %+v", r, got, want)
	}
	for range ix.Covering(r) {
		break // an iteration may end early
	}
}
