package gateway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// bucketOf is a store of some keys that lists as S3 does.
type bucketOf []string

// list lists a page.
func (b bucketOf) list(prefix, delimiter, after string, max int) (*listed, error) {
	r := &reachedList{prefix: prefix, delimiter: delimiter}
	out := &listed{}
	passed := r.common(after)
	for _, k := range b {
		cp := r.common(k)
		switch {
		case !strings.HasPrefix(k, prefix) || k <= after || cp != "" && (cp == passed || slices.Contains(out.prefixes, cp)):
			continue
		case out.count() == max:
			out.truncated = max > 0
			return out, nil
		case cp != "":
			out.prefixes, out.last = append(out.prefixes, cp), cp
		default:
			out.objects, out.last = append(out.objects, listedObject{Key: &k}), k
		}
	}
	return out, nil
}

func (l *listed) names() (all []string) {
	for _, o := range l.objects {
		all = append(all, *o.Key)
	}
	return append(all, l.prefixes...)
}

// TestReachedListsEqualTheListingOfWhatIsReached checks, for random keys, grants, prefixes, delimiters and page
// sizes, that the pages of a listing of parts are together the listing of a bucket that has nothing but the keys in
// the parts.
func TestReachedListsEqualTheListingOfWhatIsReached(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 7))
		word := func(limit int) string {
			var b strings.Builder
			for range rng.IntN(limit) {
				b.WriteByte("ab/"[rng.IntN(3)])
			}
			return b.String()
		}
		prefix, delimiter := word(4), []string{"/", "", "a"}[rng.IntN(3)]
		var keys, parts []string
		for range rng.IntN(30) {
			keys = append(keys, prefix+word(7), word(7))
		}
		for range rng.IntN(6) {
			if p := prefix + word(4); p != prefix {
				parts = append(parts, p)
			}
		}
		slices.Sort(keys)
		keys = slices.DeleteFunc(slices.Compact(keys), func(k string) bool { return k == "" })
		slices.Sort(parts)
		parts = slices.Compact(parts)
		closed := ""
		if len(parts) > 0 && rng.IntN(3) == 0 {
			closed = parts[rng.IntN(len(parts))]
		}
		may := func(p string) bool { return p != closed }
		var reached bucketOf
		for _, k := range keys {
			if slices.ContainsFunc(parts, func(p string) bool { return may(p) && strings.HasPrefix(k, p) }) {
				reached = append(reached, k)
			}
		}
		start := []string{"", prefix + word(4)}[rng.IntN(2)]
		size := 1 + rng.IntN(4)
		what := fmt.Sprintf("seed %d: %q by %q in %q after %q, parts %q without %q", seed, prefix, delimiter, keys,
			start, parts,
			closed)
		want, _ := reached.list(prefix, delimiter, start, 1000)
		var got []string
		for after, pages := start, 0; ; pages++ {
			r := &reachedList{
				prefix: prefix, delimiter: delimiter, after: after, max: size, parts: parts, may: may,
				list: func(part, delimiter, after string, max int) (*listed, error) {
					if !may(part) {
						t.Fatalf("%s: a part is listed that the caller may not list", what)
					}
					return bucketOf(keys).list(part, delimiter, after, max)
				},
			}
			page, err := r.page()
			if err != nil || page.count() > size || pages > 100 {
				t.Fatalf("%s: a page of %d: %v", what, page.count(), err)
			}
			if got = append(got, page.names()...); !page.truncated {
				break
			}
			if page.last <= after {
				t.Fatalf("%s: stays at %q", what, after)
			}
			after = page.last
		}
		all := want.names()
		slices.Sort(all)
		slices.Sort(got)
		if !slices.Equal(got, all) {
			t.Fatalf("%s: got %q, want %q", what, got, all)
		}
	}
}
