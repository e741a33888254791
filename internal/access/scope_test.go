package access

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScopesAreReadOnlyInTheirForm(t *testing.T) {
	long := "s3://bkt/" + strings.Repeat("k", MaxScope-len("s3://bkt/"))
	wide := "s3://bkt/" + strings.Repeat("\u20ac", MaxScope-len("s3://bkt/"))
	for _, s := range []string{
		"s3://bkt", "s3://bkt/", "s3://bkt/*", "s3://bkt/k", "s3://bkt/p*",
		"s3://bkt/p/*", "s3://bkt//", "s3://bkt/a\tb", long, wide,
	} {
		got, err := ParseScope(s)
		if err != nil || got.String() != s {
			t.Errorf("%.40q: %v", s, err)
		}
	}
	for _, s := range []string{
		"", "s3://", "s3:///", "s3:///k", "bkt/k", "S3://bkt/k", "s3://Bkt/k",
		"s3://bkt*", "s3://bkt/a\n", long + "k", wide + "k", "s3://bkt/\xff",
	} {
		_, err := ParseScope(s)
		var refused *Error
		if !errors.As(err, &refused) || refused.Problem != BadScope || refused.Text == "" {
			t.Errorf("%.40q: %v", s, err)
		}
	}
}

func TestBucketNamesFollowS3(t *testing.T) {
	for _, s := range []string{
		"abc", "a-b", "a.b", "a1b", "123", "1.2.3", "my.bucket-1", strings.Repeat("a", 63), "v20180820",
	} {
		if err := CheckBucket(s); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	for _, s := range []string{
		"", "ab", "Abc", "a_b", "-ab", "ab-", ".ab", "ab.", "a..b", "192.168.5.4", "xn--abc", "sthree-abc", "abc-s3alias",
		"abc--ol-s3", "abc.mrap", "abc--x-s3", "abc--table-s3", "a b", "a/b", "a*b", "caf\u00e9", strings.Repeat("a", 64),
	} {
		if CheckBucket(s) == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestLocationScopes(t *testing.T) {
	for _, s := range []string{
		"s3://", "s3://bkt", "s3://bkt/", "s3://bkt/p", "s3://bkt/p/", "s3://bkt/p*", "s3://bkt/p/*", "s3://bkt/*",
	} {
		l, err := ParseLocationScope(s)
		if err != nil || l.String() != s || l.IsDefault() != (s == "s3://") {
			t.Errorf("%q: %v", s, err)
		}
		if want := map[bool]string{true: "", false: "bkt"}[l.IsDefault()]; l.Bucket() != want {
			t.Errorf("%q: bucket %q", s, l.Bucket())
		}
	}
	for _, s := range []string{
		"", "s3:/", "s3://*", "s3://bkt*", "bucket/x", "http://x", "S3://bkt", "s3://bkt/a*b", "s3://bkt/a/../*",
		"s3://bkt/a\n", "s3://" + strings.Repeat("k", MaxScope),
	} {
		_, err := ParseLocationScope(s)
		var refused *Error
		if !errors.As(err, &refused) || refused.Problem != BadLocation {
			t.Errorf("%q: %v", s, err)
		}
	}
	t.Run("other spellings are other locations", func(t *testing.T) {
		seen := map[LocationScope]bool{}
		for _, s := range []string{"s3://bkt", "s3://bkt/", "s3://bkt/*"} {
			l, _ := ParseLocationScope(s)
			seen[l] = true
			if got, err := Join(l, "a/*", false); err != nil || got.String() != "s3://bkt/a/*" {
				t.Errorf("%q joined: %v, %v", s, got, err)
			}
		}
		if len(seen) != 3 {
			t.Error("spellings are folded")
		}
	})
}

func TestKeysAndPrefixesOfRequests(t *testing.T) {
	for _, c := range []struct {
		scope, bucket, s string
		key, prefix      bool
	}{
		{"s3://bkt/p/*", "bkt", "p/x", true, true},
		{"s3://bkt/p/*", "bkt", "p/", true, true},
		{"s3://bkt/p/*", "bkt", "p", false, false},
		{"s3://bkt/p/*", "bkt", "", false, false},
		{"s3://bkt/p/*", "bkt2", "p/x", false, false},
		{"s3://bkt/*", "bkt", "", true, true},
		{"s3://bkt/k", "bkt", "k", true, false},
		{"s3://bkt/k", "bkt", "kk", false, false},
		{"s3://bkt/p/", "bkt", "p/x", false, false},
	} {
		s := scopeOf(t, c.scope)
		if got := s.ContainsKey(c.bucket, c.s); got != c.key {
			t.Errorf("%s ContainsKey(%q) = %v", c.scope, c.s, got)
		}
		if got := s.ContainsPrefix(c.bucket, c.s); got != c.prefix {
			t.Errorf("%s ContainsPrefix(%q) = %v", c.scope, c.s, got)
		}
	}
	var zero Scope
	if zero.ContainsKey("", "") || zero.ContainsPrefix("", "") ||
		zero.Contains(zero) || zero.Bucket() != "" || zero.Key() != "" {
		t.Error("the zero Scope contains something")
	}
}

func FuzzParseScope(f *testing.F) {
	for _, s := range []string{
		"s3://bkt", "s3://bkt/a/../b*", "s3://bkt/*", "s3://",
		"s3://bkt/\u20ac?", "s3://xn--a/\xff", "s3://bkt/a/./*", "S3://BKT/**",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScope(text)
		target, terr := ParseTarget(text)
		if terr == nil && (err != nil || target != s) {
			t.Fatalf("target %q is no scope: %v", text, err)
		}
		if err != nil {
			if s != (Scope{}) || err.Error() == "" {
				t.Fatalf("%q: %+v, %v", text, s, err)
			}
			return
		}
		if s.String() != text || !utf8.ValidString(text) || CheckBucket(s.Bucket()) != nil ||
			strings.ContainsAny(s.Key(), "*?\n\r\x00") {
			t.Fatalf("%q was read as %+v", text, s)
		}
		if !s.Contains(s) || !s.ContainsKey(s.Bucket(), s.Key()) {
			t.Fatalf("%q does not contain itself", text)
		}
		whole, _ := ParseScope(scheme + s.Bucket() + "/*")
		if !whole.Contains(s) {
			t.Fatalf("%v does not contain %v", whole, s)
		}
		key, tail := s.searchKey()
		if strings.Contains(key, "\x00") || (tail == "") != s.Wildcard() {
			t.Fatalf("search key %q %q", key, tail)
		}
	})
}

func FuzzJoin(f *testing.F) {
	f.Add("s3://", "bkt/*", false)
	f.Add("s3://bkt", "/k", true)
	f.Add("s3://bkt/p*", "q*", false)
	f.Add("s3://bkt/*", "", false)
	f.Fuzz(func(t *testing.T, location, sub string, object bool) {
		l, err := ParseLocationScope(location)
		if err != nil {
			return
		}
		s, err := Join(l, sub, object)
		if err != nil {
			return
		}
		if again, err := ParseScope(s.String()); err != nil || again != s {
			t.Fatalf("Join(%q, %q) = %v, which is no scope: %v", location, sub, s, err)
		}
		if !l.IsDefault() {
			around, err := ParseScope(strings.TrimSuffix(strings.TrimSuffix(l.String(), "*"), "/") + "*")
			if l.Bucket() != s.Bucket() || err == nil && !around.Contains(s) {
				t.Fatalf("Join(%q, %q) = %v leaves the location", location, sub, s)
			}
		}
		if object && (s.Wildcard() || s.Key() == "" || strings.HasSuffix(s.Key(), "/")) {
			t.Fatalf("Join(%q, %q, object) = %v", location, sub, s)
		}
		if s.Key() == "" && !s.Wildcard() {
			t.Fatalf("Join(%q, %q) = %v grants nothing", location, sub, s)
		}
	})
}
