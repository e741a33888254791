package objects

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/fault"
)

// entry is a line of a listing: a key or a common prefix.
type entry struct {
	name   string
	common bool
}

func (e entry) String() string { return fmt.Sprintf("%q common %v", e.name, e.common) }

// naive lists as S3's documentation describes it, the slow way: it rolls up every key, then sorts and cuts.
func naive(keys []string, prefix, delimiter, after string) []entry {
	var all []entry
	for _, k := range keys {
		if !strings.HasPrefix(k, prefix) {
			continue
		}
		e := entry{k, false}
		if i := strings.Index(k[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			e = entry{k[:len(prefix)+i+len(delimiter)], true}
		}
		if e.name > after && !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(strings.Compare(a.name, b.name)) })
	return all
}

// merge is a page as one sorted list.
func merge(objects []string, prefixes []string) (all []entry) {
	for _, o := range objects {
		all = append(all, entry{o, false})
	}
	for _, p := range prefixes {
		all = append(all, entry{p, true})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all
}

// weird draws strings from few pieces, so that prefixes and delimiters meet the keys.
func weird(limit int) *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "/", "//", ".", "..", "é", "\x7f", "\u00ff",
		"\U0010ffff", "ab", "\x00", " "}), 0, limit), func(s []string) string {
		return strings.Join(s, "")
	})
}

func TestListingAgreesWithTheNaiveOne(t *testing.T) {
	s := openStore(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		bucket := fmt.Sprint("bucket", round)
		if err := s.CreateBucket(t.Context(), bucket); err != nil {
			t.Fatal(err)
		}
		set := map[string]bool{}
		for _, k := range rapid.SliceOfN(weird(5), 0, 25).Draw(t, "keys") {
			if k == "" || set[k] {
				continue
			}
			set[k] = true
			if _, err := s.Put(t.Context(), Put{Bucket: bucket, Key: k, Body: bodyOf(nil)}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.CreateUpload(t.Context(), CreateUpload{Bucket: bucket, Key: k}); err != nil {
				t.Fatal(err)
			}
		}
		var keys []string
		for k := range set {
			keys = append(keys, k)
		}
		prefix, delimiter, after := weird(2).Draw(t, "prefix"), weird(1).Draw(t, "delimiter"), weird(3).Draw(t, "after")
		limit := rapid.IntRange(1, 7).Draw(t, "max")
		want := naive(keys, prefix, delimiter, after)

		var got, gotUploads []entry
		in := List{Bucket: bucket, Prefix: prefix, Delimiter: delimiter, After: after, Max: limit}
		for {
			page, err := s.List(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, o := range page.Objects {
				names = append(names, o.Key)
			}
			got = append(got, merge(names, page.Prefixes)...)
			if n := len(names) + len(page.Prefixes); n > limit || page.Truncated && n != limit {
				t.Fatalf("a page of %d entries, truncated %v, with max %d", n, page.Truncated, limit)
			}
			if !page.Truncated {
				break
			}
			if in.After, err = s.OpenToken(in, s.NextToken(in, page.Last)); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}

		up := ListUploads{Bucket: bucket, Prefix: prefix, Delimiter: delimiter, After: after, Max: limit}
		for {
			page, err := s.ListUploads(t.Context(), up)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, u := range page.Uploads {
				names = append(names, u.Key)
			}
			gotUploads = append(gotUploads, merge(names, page.Prefixes)...)
			if !page.Truncated {
				break
			}
			up.After, up.AfterID = page.Last, page.LastID
		}
		if !slices.Equal(gotUploads, want) {
			t.Fatalf("uploads: got %v\nwant %v", gotUploads, want)
		}
	})
}

// TestUploadsOfOneKey pages through several uploads of the same keys.
func TestUploadsOfOneKey(t *testing.T) {
	s := openStore(t)
	var want []string
	for _, k := range []string{"a", "b/x", "b/y", "c"} {
		for range 3 {
			u, err := s.CreateUpload(t.Context(), CreateUpload{Bucket: "b", Key: k})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, k+" "+u.ID)
		}
	}
	for limit := 1; limit < 13; limit++ {
		var got []string
		for in := (ListUploads{Bucket: "b", Max: limit}); ; {
			page, err := s.ListUploads(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range page.Uploads {
				got = append(got, u.Key+" "+u.ID)
			}
			if !page.Truncated {
				break
			}
			in.After, in.AfterID = page.Last, page.LastID
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: got %q", limit, got)
		}
	}
}

func TestListBounds(t *testing.T) {
	s := openStore(t)
	for i := range MaxKeys + 1 {
		put(t, s, fmt.Sprintf("%04d", i), "")
	}
	page, err := s.List(t.Context(), List{Bucket: "b", Max: 1 << 30})
	if err != nil || len(page.Objects) != MaxKeys || !page.Truncated || page.Last != "0999" {
		t.Errorf("%d keys, truncated %v, last %q: %v", len(page.Objects), page.Truncated, page.Last, err)
	}
	page, err = s.List(t.Context(), List{Bucket: "b", Max: 0})
	if err != nil || len(page.Objects) != 0 || page.Truncated {
		t.Errorf("a page of nothing: %+v, %v", page, err)
	}
	_, err = s.List(t.Context(), List{Bucket: "none", Max: 1})
	wantFault(t, err, fault.NotFound, fault.Bucket)
}

// TestAttack07_TokensStayInTheirListing uses a continuation token in another listing, and changes it.
func TestAttack07_TokensStayInTheirListing(t *testing.T) {
	s := openStore(t)
	mine := List{Bucket: "b", Prefix: "team1/", Delimiter: "/"}
	token := s.NextToken(mine, "team1/x")
	if last, err := s.OpenToken(mine, token); err != nil || last != "team1/x" {
		t.Fatalf("the honest token: %q, %v", last, err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	flipped := slices.Clone(raw)
	flipped[len(flipped)-1]++
	forged := append(slices.Clone(raw[:tokenMAC]), "team0/x"...)
	tests := []struct {
		name  string
		list  List
		token string
	}{
		{"another bucket", List{Bucket: "c", Prefix: "team1/", Delimiter: "/"}, token},
		{"another prefix", List{Bucket: "b", Prefix: "team10/", Delimiter: "/"}, token},
		{"no prefix", List{Bucket: "b", Delimiter: "/"}, token},
		{"another delimiter", List{Bucket: "b", Prefix: "team1/"}, token},
		{"a shifted boundary", List{Bucket: "b", Prefix: "team1//", Delimiter: ""}, token},
		{"another key", mine, base64.RawURLEncoding.EncodeToString(flipped)},
		{"a key out of scope", mine, base64.RawURLEncoding.EncodeToString(forged)},
		{"a plain key", mine, base64.RawURLEncoding.EncodeToString([]byte("team1/xxxxxxxxxxxxxxxxxxxx"))},
		{"nothing", mine, ""},
		{"no base64", mine, "!"},
		{"a short one", mine, "AAAA"},
	}
	for _, tt := range tests {
		t.Run("refused for "+tt.name, func(t *testing.T) {
			_, err := s.OpenToken(tt.list, tt.token)
			wantFault(t, err, fault.Invalid, fault.Argument)
		})
	}
	t.Run("refused by another store", func(t *testing.T) {
		_, err := openStore(t).OpenToken(mine, token)
		wantFault(t, err, fault.Invalid, fault.Argument)
	})
}
