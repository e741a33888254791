package engine

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

func TestPersistentMapEqualsGoMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m pmap[string, int]
		want := map[string]int{}
		type frozen struct {
			m    pmap[string, int]
			want map[string]int
		}
		var kept []frozen
		tok := new(token)
		for range rapid.IntRange(0, 400).Draw(t, "steps") {
			k := fmt.Sprint(rapid.IntRange(0, 200).Draw(t, "key"))
			switch rapid.IntRange(0, 9).Draw(t, "op") {
			case 0: // publish
				kept = append(kept, frozen{m, maps.Clone(want)})
				tok = new(token)
			case 1, 2, 3:
				m.delete(tok, k)
				delete(want, k)
			default:
				v := rapid.Int().Draw(t, "value")
				m.set(tok, k, v)
				want[k] = v
			}
		}
		kept = append(kept, frozen{m, want})
		for _, f := range kept {
			if got := maps.Collect(f.m.all()); !maps.Equal(got, f.want) || f.m.len() != len(f.want) {
				t.Fatalf("got %d entries %v, want %v", f.m.len(), got, f.want)
			}
			for i := range 201 {
				k := fmt.Sprint(i)
				got, ok := f.m.get(k)
				if v, has := f.want[k]; ok != has || got != v {
					t.Fatalf("get %s: %d %v, want %d %v", k, got, ok, v, has)
				}
			}
		}
	})
}

func TestPersistentMapKeepsKeysWithEqualHashes(t *testing.T) {
	tok := new(token)
	n := &pnode[string, int]{owner: tok}
	for i := range 5 {
		n, _ = n.set(tok, 0, pleaf[string, int]{hash: 42, key: fmt.Sprint(i), val: i})
	}
	before := n
	n = n.delete(new(token), 0, 42, "3")
	count := func(n *pnode[string, int]) (c int) {
		n.each(func(string, int) bool { c++; return true })
		return c
	}
	if count(n) != 4 || count(before) != 5 {
		t.Fatalf("%d entries after deletion, %d before", count(n), count(before))
	}
	for _, k := range []string{"0", "1", "2"} {
		n = n.delete(new(token), 0, 42, k)
	}
	if len(n.leaves) != 1 || len(n.children) != 0 || n.leaves[0].key != "4" {
		t.Fatalf("the last entry did not move up: %+v", n)
	}
}

func TestPersistentMapStopsWhenAsked(t *testing.T) {
	var m pmap[string, int]
	tok := new(token)
	for i := range 1000 {
		m.set(tok, fmt.Sprint(i), i)
	}
	n := 0
	for range m.all() {
		if n++; n == 10 {
			break
		}
	}
	if n != 10 {
		t.Fatalf("%d entries after a break at 10", n)
	}
}

func TestPersistentMapReadsWithoutAllocating(t *testing.T) {
	var m pmap[string, int]
	tok := new(token)
	for i := range 10000 {
		m.set(tok, fmt.Sprint("key-", i), i)
	}
	if n := testing.AllocsPerRun(100, func() { m.get("key-77") }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkPersistentMap(b *testing.B) {
	const size = 1_000_000
	keys := make([]string, size)
	for i := range keys {
		keys[i] = fmt.Sprintf("AIDA%017d", i)
	}
	var m pmap[string, *int]
	tok := new(token)
	for _, k := range keys {
		m.set(tok, k, nil)
	}
	b.Run("load 1e6", func(b *testing.B) {
		for b.Loop() {
			var m pmap[string, *int]
			tok := new(token)
			for _, k := range keys {
				m.set(tok, k, nil)
			}
		}
	})
	b.Run("get among 1e6", func(b *testing.B) {
		i := 0
		for b.Loop() {
			m.get(keys[i%size])
			i += 7919
		}
	})
	b.Run("set one among 1e6", func(b *testing.B) {
		i := 0
		for b.Loop() {
			next := m
			next.set(new(token), keys[i%size], nil)
			i += 7919
		}
	})
}
