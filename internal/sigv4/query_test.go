package sigv4

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

func TestParseQuery(t *testing.T) {
	for raw, want := range map[string][]Param{
		"":                     nil,
		"acl":                  {{"acl", ""}},
		"acl=":                 {{"acl", ""}},
		"a=1&a=2":              {{"a", "1"}, {"a", "2"}},
		"a;b=c;d":              {{"a;b", "c;d"}},
		"a=b=c":                {{"a", "b=c"}},
		"=x&&y":                {{"", "x"}, {"y", ""}},
		"a+b=c+d%2Be":          {{"a b", "c d+e"}},
		"%61%3D=%26%00%ff":     {{"a=", "&\x00\xff"}},
		"x=é":                  {{"x", "é"}},
		"prefix=a/b?c&uploads": {{"prefix", "a/b?c"}, {"uploads", ""}},
	} {
		got, err := ParseQuery(raw)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", raw, got, err)
		}
	}
	for _, raw := range []string{"%", "a=%", "a=%4", "a=%zz", "%g0=1", "a=b&c=%0"} {
		_, err := ParseQuery(raw)
		refused(t, err, fault.Malformed, fault.Request)
	}
	for _, raw := range []string{strings.Repeat("a&", maxQueryParams), strings.Repeat("a", maxQueryBytes+1)} {
		_, err := ParseQuery(raw)
		refused(t, err, fault.TooLarge, fault.Request)
	}
}

func TestCanonicalQueryIsOrderedByEncodedNameThenValue(t *testing.T) {
	for raw, want := range map[string]string{
		"b=2&a=1":           "a=1&b=2",
		"a=2&a=10&a=1":      "a=1&a=10&a=2",
		"ab=1&a=2&a-b=3":    "a=2&a-b=3&ab=1",
		"é=1&z=2&~=3&%25=4": "%25=4&%C3%A9=1&z=2&~=3",
		"x=%2f&y=a+b":       "x=%2F&y=a%20b",
		"s=1&skip=2":        "s=1",
	} {
		params, err := ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendCanonicalQuery(nil, params, "skip")); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func TestS3PathHasOneSpelling(t *testing.T) {
	for raw, want := range map[string]string{
		"/b/a%2fb":     "/b/a%2Fb",
		"/b//a/../c/.": "/b//a/../c/.",
		"/b/%41%7e":    "/b/A~",
		"/b/a b!*'()":  "/b/a%20b%21%2A%27%28%29",
		"/b/a+b":       "/b/a%2Bb",
		"/b/é%C3%A9":   "/b/%C3%A9%C3%A9",
		"/b/%2E%2E/x":  "/b/../x",
	} {
		if got := canonicalS3Path(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func TestAPathWithTwoReadingsIsRefused(t *testing.T) {
	for name, u := range map[string]*url.URL{
		"raw path and path differ": {Path: "/b/public", RawPath: "/b/secret"},
		"broken escape":            {Path: "/b/%zz", RawPath: "/b/%zz"},
		"opaque":                   {Scheme: "http", Opaque: "b/key"},
		"no slash":                 {Path: "*"},
	} {
		if p, err := rawPath(u); !fault.Is(err, fault.Malformed, fault.Request) {
			t.Errorf("%s: %q, %v", name, p, err)
		}
	}
	if p, err := rawPath(&url.URL{Host: "h"}); err != nil || p != "/" {
		t.Error(p, err)
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "a=1&b", "a;b=%20+", "%zz", "=&=", "é=\xff", "X-Amz-Signature=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		params, err := ParseQuery(raw)
		if err != nil {
			return
		}
		canonical := string(appendCanonicalQuery(nil, params, ""))
		again, err := ParseQuery(canonical)
		if err != nil || len(again) != len(params) {
			t.Fatalf("%q: %q has %d pairs, not %d: %v", raw, canonical, len(again), len(params), err)
		}
		if twice := string(appendCanonicalQuery(nil, again, "")); twice != canonical {
			t.Errorf("%q: %q, then %q", raw, canonical, twice)
		}
		if strings.Trim(canonical, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%=&") != "" {
			t.Errorf("%q: %q", raw, canonical)
		}
		if std, err := url.ParseQuery(raw); err == nil && !strings.Contains(raw, ";") {
			n := 0
			for _, v := range std {
				n += len(v)
			}
			if n != len(params) {
				t.Errorf("%q: %d pairs, net/url finds %d", raw, len(params), n)
			}
		}
	})
}
