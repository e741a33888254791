package access

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// TestAttack35_AnIndexOfManyChangesEqualsAFreshOne applies changes, compacts beside them and catches up. After every
// step it compares the index with a plain list of the expected grants. Older snapshots must not change.
func TestAttack35_AnIndexOfManyChangesEqualsAFreshOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ix := newIndex()
		var grants []Grant
		var seq int64
		type snapshot struct {
			ix     *Index
			grants []Grant
		}
		var taken []snapshot
		var compacted *Index
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			default:
				var add []Grant
				for range rapid.SampledFrom([]int{0, 1, 2, 40, 100}).Draw(t, "add") {
					seq++
					add = append(add, drawGrant(t, seq))
				}
				var remove []GrantID
				for range rapid.IntRange(0, min(len(grants), 5)).Draw(t, "remove") {
					i := rapid.IntRange(0, len(grants)-1).Draw(t, "which")
					remove = append(remove, grants[i].ID)
				}
				ix = ix.With(add, remove)
				grants = slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool { return slices.Contains(remove, g.ID) })
				grants = append(grants, add...)
				if rapid.Bool().Draw(t, "twice") {
					ix = ix.With(add, remove)
				}
			case 4:
				if compacted = ix.Compact(); compacted.Pending() != 0 {
					t.Fatalf("after Compact, Pending = %d", compacted.Pending())
				}
			case 5:
				if compacted != nil {
					next, ok := compacted.CatchUp(ix)
					if !ok {
						t.Fatal("CatchUp refused an index of its own line")
					}
					ix, compacted = next, nil
				}
			}
			taken = append(taken, snapshot{ix, grants})
			checkAgainstOracle(t, ix, grants)
			for i := range seq {
				standing := slices.ContainsFunc(grants, func(g Grant) bool { return g.ID == numbered(i+1) })
				if ix.Has(numbered(i+1)) != standing {
					t.Fatalf("Has(%d) = %v", i+1, !standing)
				}
			}
		}
		for _, s := range taken {
			checkAgainstOracle(t, s.ix, s.grants)
		}
	})
}

func TestWithReplacesAGrantOfTheSameID(t *testing.T) {
	old := give(t, 1, u1, "s3://bkt/a/*", Read)
	ix := newIndex(old)
	moved := give(t, 1, u1, "s3://bkt/b/*", Read)
	ix = ix.With([]Grant{old, moved}, nil)
	if ix.Len() != 1 {
		t.Fatalf("Len = %d", ix.Len())
	}
	if ix.Decide(ask(t, "s3://bkt/a/x", Read, u1)).OK {
		t.Error("the replaced grant still answers")
	}
	if !ix.Decide(ask(t, "s3://bkt/b/x", Read, u1)).OK {
		t.Error("the new grant does not answer")
	}
}

func TestAGrantAddedTwiceIsGoneWhenRemovedOnce(t *testing.T) {
	g := give(t, 1, u1, "s3://bkt/a/*", Read)
	again := g
	again.Scope = scopeOf(t, "s3://bkt/b/*")
	ix := newIndex(g, again).With(nil, []GrantID{g.ID})
	if ix.Len() != 0 || ix.Has(g.ID) || ix.Decide(ask(t, "s3://bkt/a/x", Read, u1)).OK ||
		ix.Decide(ask(t, "s3://bkt/b/x", Read, u1)).OK {
		t.Error("a twin outlived its removal")
	}
	if ix = ix.Compact(); ix.Len() != 0 {
		t.Error("a twin outlived its removal and a Compact")
	}
}

func TestCatchUpRefusesAnIndexOfAnotherLine(t *testing.T) {
	a, b := newIndex(), newIndex()
	if _, ok := a.CatchUp(b); ok {
		t.Error("another line was accepted")
	}
	next := a.With([]Grant{give(t, 1, u1, "s3://bkt/*", Read)}, nil)
	if _, ok := next.CatchUp(a); ok {
		t.Error("an older snapshot was accepted")
	}
	if _, ok := a.CatchUp(next.Compact()); ok {
		t.Error("a snapshot that has forgotten its changes was accepted")
	}
}

func TestWhatCannotMatchIsLeftOut(t *testing.T) {
	good := give(t, 1, u1, "s3://bkt/*", Read)
	for name, spoil := range map[string]func(*Grant){
		"no id":         func(g *Grant) { g.ID = GrantID{} },
		"no scope":      func(g *Grant) { g.Scope = Scope{} },
		"no permission": func(g *Grant) { g.Permission = 0 },
		"no kind":       func(g *Grant) { g.Grantee.Type = 0 },
		"no principal":  func(g *Grant) { g.Principal = "" },
	} {
		t.Run(name, func(t *testing.T) {
			g := good
			spoil(&g)
			if n := newIndex(g).Len(); n != 0 {
				t.Errorf("Len = %d", n)
			}
		})
	}
}

// Large scopes have directories. Callers with many identities are not matched by the set of fingerprints.
func TestManyGranteesAndManyIdentities(t *testing.T) {
	var grants []Grant
	name := func(i int) Identity { return Identity{DirectoryGroup, "group-" + numbered(int64(i)).String()} }
	for i := range 3000 {
		g := give(t, int64(i+1), g1, []string{"s3://bkt/*", "s3://bkt/team/*", "s3://bkt/team/x"}[i%3],
			[]Permission{Read, Write, ReadWrite}[i/3%3])
		g.Principal = name(i / 2).Principal
		grants = append(grants, g)
	}
	whole := newIndex(grants...)
	parts := newIndex(grants[:1000]...).With(grants[1000:2500], nil).With(grants[2500:], nil)
	for _, ids := range []int{1, 3, 200, maxFew, maxFew + 1, 1400} {
		for _, from := range []int{0, 700, 1490, 1600} {
			for _, p := range []Permission{Read, Write, ReadWrite} {
				r := ask(t, "s3://bkt/team/x", p)
				for i := range ids {
					r.Identities = append(r.Identities, name(from+i))
				}
				want, ok := oracle(grants, r)
				for _, ix := range []*Index{whole, parts} {
					if d := ix.Decide(r).Decision(r); d.OK != ok || d.Grant != want {
						t.Fatalf("%d identities from %d, %v: %+v, want %v %+v", ids, from, p, d, ok, want)
					}
				}
			}
		}
	}
}

// With a seed of zeros all ids of the usual lengths have the same fingerprint. Only the full identity must decide.
func TestFingerprintsNeverDecide(t *testing.T) {
	ids := []Identity{
		{IAM, "AIDA00000000000000001"}, {IAM, "AIDA00000000000000002"}, {IAM, "AIDA000000000000000020"},
		{DirectoryUser, d1.Principal}, {DirectoryUser, d2.Principal},
	}
	b := newBuilder(seed{hash: maphash.MakeSeed()}, 0)
	var grants []Grant
	for i := range 200 {
		g := give(t, int64(i+1), ids[i%3], []string{"s3://bkt/*", "s3://bkt/a/*", "s3://bkt/b/*"}[i/3%3], Permission(1+i%3))
		grants = append(grants, g)
		b.Add(g)
	}
	ix := b.Index()
	if x, y := ix.seed.fingerprint(IAM, ids[0].Principal), ix.seed.fingerprint(IAM, ids[1].Principal); x != y {
		t.Fatalf("fingerprints differ: %x, %x", x, y)
	}
	for _, as := range [][]Identity{ids[:1], ids[1:2], ids[2:3], ids[3:], {ids[2], ids[0]}} {
		for _, p := range []Permission{Read, Write, ReadWrite} {
			r := ask(t, "s3://bkt/a/x", p, as...)
			want, ok := oracle(grants, r)
			if d := ix.Decide(r).Decision(r); d.OK != ok || d.Grant != want {
				t.Errorf("%v %v: %+v, want %v %+v", as, p, d, ok, want)
			}
			l := ListRequest{Account: owner, Region: region, Identities: as}
			for g := range ix.ForIdentities(l) {
				if !slices.Contains(as, g.Identity()) {
					t.Errorf("%v is shown grant %d of %v", as, g.Seq, g.Identity())
				}
			}
		}
	}
	l := ix.views[0].layer
	for _, id := range []Identity{
		{DirectoryUser, ids[0].Principal}, {IAM, ids[0].Principal + "0"}, {IAM, ids[0].Principal[:20]}, {IAM, ""},
	} {
		for w := range len(l.grantees) - 1 {
			if l.isGrantee(uint32(w), &id) {
				t.Errorf("%v is taken for grantee %d", id, w)
			}
		}
	}
}

func TestDecideAndHasDoNotAllocate(t *testing.T) {
	ix := newIndex(give(t, 1, u1, "s3://bkt/a/*", Read)).With([]Grant{give(t, 2, g1, "s3://bkt/*", Read)}, nil)
	r := ask(t, "s3://bkt/b/x", Read, u1, d1, g1)
	if n := testing.AllocsPerRun(100, func() { ix.Decide(r) }); n != 0 {
		t.Errorf("Decide allocates %v times", n)
	}
	id := numbered(2)
	if n := testing.AllocsPerRun(100, func() { ix.Has(id) }); n != 0 {
		t.Errorf("Has allocates %v times", n)
	}
}

// Readers of old snapshots continue while a writer derives the next ones and another goroutine compacts one.
func TestReadersGoOnBesideWriterAndCompaction(t *testing.T) {
	honest := give(t, 1, u1, "s3://bkt/a/*", Read)
	var current atomic.Pointer[Index]
	current.Store(newIndex(honest))
	r := ask(t, "s3://bkt/a/x", Read, u1)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				ix := current.Load()
				if v := ix.Decide(r); !v.OK || v.ID != honest.ID || !ix.Has(honest.ID) {
					t.Error("the standing grant does not answer")
					return
				}
			}
		})
	}
	for round := range 5 {
		before := current.Load()
		compacted := make(chan *Index)
		go func() { compacted <- before.Compact() }()
		for i := range 100 {
			seq := int64(2 + round*100 + i)
			current.Store(current.Load().With([]Grant{give(t, seq, u2, "s3://bkt/a/*", Read)},
				[]GrantID{numbered(max(2, seq-2))}))
		}
		next, ok := (<-compacted).CatchUp(current.Load())
		if !ok || next.Len() != current.Load().Len() {
			t.Fatalf("caught up: %v, %d grants, want %d", ok, next.Len(), current.Load().Len())
		}
		current.Store(next)
	}
	close(done)
	readers.Wait()
}
