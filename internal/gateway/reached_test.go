package gateway_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var listedName = regexp.MustCompile(`<(?:Key|CommonPrefixes><Prefix)>([^<]*)<`)

// names are the keys and common prefixes of a listing, sorted.
func (a *answer) names() (all []string) {
	for _, m := range listedName.FindAllStringSubmatch(a.body, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}

// element is the text of the first element of this name.
func (a *answer) element(name string) string {
	_, rest, _ := strings.Cut(a.body, "<"+name+">")
	text, _, _ := strings.Cut(rest, "<")
	return text
}

// TestAttack07_AParentPrefixShowsWhatGrantsReach lists prefixes above the caller's grants, in every way that S3 has.
func TestAttack07_AParentPrefixShowsWhatGrantsReach(t *testing.T) {
	w, alice := resolving(t)
	for _, key := range []string{"a/b/c/1", "a/b/c/2", "a/b/d/hidden", "a/x", "bob1", "bobby/2", "boc"} {
		w.object("/lake/"+key, "x")
	}
	refused(t, "without a grant", w.get(alice, "/lake"), 403, "AccessDenied", "no identity-based policy allows")
	w.grant("alice", "lake/hr/a", "READ", true)
	w.grant("alice", "lake/boc*", "WRITE", false)
	refused(t, "with grants that list nothing", w.get(alice, "/lake"), 403, "AccessDenied", "")
	for _, sub := range []string{"finance/*", "a/b/c/*", "bob*", "a/b/c/1*"} {
		w.grant("alice", "lake/"+sub, "READ", false)
	}
	for path, want := range map[string]string{
		"?delimiter=/":                              "a/ bob1 bobby/ finance/",
		"?list-type=2&delimiter=/":                  "a/ bob1 bobby/ finance/",
		"?list-type=2&delimiter=/&prefix=a/":        "a/b/",
		"?list-type=2&delimiter=/&prefix=a/b/":      "a/b/c/",
		"?delimiter=/&prefix=a":                     "a/",
		"?list-type=2":                              "a/b/c/1 a/b/c/2 bob1 bobby/2 finance/q1.csv finance/q2.csv",
		"":                                          "a/b/c/1 a/b/c/2 bob1 bobby/2 finance/q1.csv finance/q2.csv",
		"?list-type=2&prefix=f":                     "finance/q1.csv finance/q2.csv",
		"?marker=bob1":                              "bobby/2 finance/q1.csv finance/q2.csv",
		"?list-type=2&start-after=finance/q1.csv":   "finance/q2.csv",
		"?list-type=2&start-after=g":                "",
		"?list-type=2&encoding-type=url&prefix=bob": "bob1 bobby/2",
		"?list-type=2&max-keys=0":                   "",
	} {
		got := w.get(alice, "/lake"+path)
		if names := strings.Join(got.names(), " "); got.status != 200 || names != want ||
			got.element("IsTruncated") != "false" {
			t.Errorf("%s: %v %s, want %s", path, got, names, want)
		}
		if n := got.element("KeyCount"); n != "" && n != map[bool]string{true: "0"}[want == ""] &&
			n != string(rune('0'+len(got.names()))) {
			t.Errorf("%s: counts %s of %v", path, n, got.names())
		}
		for _, hidden := range []string{"hidden", "secret", "a/x", "hr/", "boc", "finance10"} {
			if strings.Contains(got.body, hidden) {
				t.Errorf("%s tells of %s", path, hidden)
			}
		}
	}
	served(t, "HeadBucket", w.do(alice, ask{method: http.MethodHead, path: "/lake"}))
	for _, path := range []string{
		"?prefix=hr/", "?prefix=hr", "?list-type=2&prefix=secret", "?prefix=g", "?delimiter=an", "?uploads",
		"?uploads&prefix=a/", "?list-type=2&prefix=a/b/d/",
	} {
		refused(t, path, w.get(alice, "/lake"+path), 403, "AccessDenied", "")
	}
	served(t, "uploads in the scope", w.get(alice, "/lake?uploads&prefix=finance/"))
	t.Run("page by page", func(t *testing.T) {
		for _, query := range []string{"?list-type=2&max-keys=1", "?list-type=2&max-keys=2&delimiter=/",
			"?max-keys=1&delimiter=/",
			"?max-keys=2&encoding-type=url"} {
			var all []string
			path := "/lake" + query
			for range 10 {
				got := w.must(alice, ask{method: "GET", path: path})
				if all = append(all, got.names()...); got.element("IsTruncated") != "true" {
					break
				}
				path = "/lake" + query + "&marker=" + url.QueryEscape(got.element("NextMarker"))
				if token := got.element("NextContinuationToken"); token != "" {
					if strings.Contains(token, "/") {
						t.Errorf("a token shows a name: %s", token)
					}
					path = "/lake" + query + "&continuation-token=" + url.QueryEscape(token)
				}
			}
			want := "a/b/c/1 a/b/c/2 bob1 bobby/2 finance/q1.csv finance/q2.csv"
			if strings.Contains(query, "delimiter") {
				want = "a/ bob1 bobby/ finance/"
			}
			if got := strings.Join(all, " "); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
	})
	t.Run("a token is of one listing and one caller", func(t *testing.T) {
		token := url.QueryEscape(w.must(alice, ask{method: "GET", path: "/lake?list-type=2&max-keys=1"}).
			element("NextContinuationToken"))
		bob := w.user("bob", mayAskOnly)
		w.grant("bob", "lake/finance/*", "READ", false)
		for name, got := range map[string]*answer{
			"another prefix": w.get(alice, "/lake?list-type=2&prefix=a&continuation-token="+token),
			"another caller": w.get(bob, "/lake?list-type=2&continuation-token="+token),
			"a changed one":  w.get(alice, "/lake?list-type=2&continuation-token=x"+token),
		} {
			refused(t, name, got, 400, "InvalidArgument", "continuation token")
		}
	})
	t.Run("a Deny of the caller's own", func(t *testing.T) {
		w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`,
			`{"Effect":"Deny","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"finance/*"}}}`))
		if got := strings.Join(w.get(alice, "/lake?delimiter=/").names(), " "); got != "a/ bob1 bobby/" {
			t.Errorf("of a part: %s", got)
		}
		w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`,
			`{"Effect":"Deny","Action":"s3:ListBucket","Resource":"*","Condition":{"StringEquals":{"s3:delimiter":"/"}}}`))
		refused(t, "of the request", w.get(alice, "/lake?delimiter=/"), 403, "AccessDenied", "explicit deny")
		served(t, "beside it", w.get(alice, "/lake"))
	})
}

// TestListBucketsShowsWhatGrantsReach checks which buckets ListBuckets shows to whom.
func TestListBucketsShowsWhatGrantsReach(t *testing.T) {
	w, alice := resolving(t)
	buckets := regexp.MustCompile(`<Name>([^<]*)<`)
	shown := func(k awsKeys, path string) string {
		t.Helper()
		var all []string
		for _, m := range buckets.FindAllStringSubmatch(w.get(k, path).body, -1) {
			all = append(all, m[1])
		}
		return strings.Join(all, " ")
	}
	refused(t, "without a grant", w.get(alice, "/"), 403, "AccessDenied", "s3:ListAllMyBuckets")
	w.grant("alice", "lake/finance/*", "WRITE", false)
	if got := shown(alice, "/"); got != "lake" {
		t.Errorf("by a grant: %q", got)
	}
	for path, want := range map[string]string{"/?prefix=p": "", "/?prefix=l": "lake", "/?bucket-region=eu-west-1": ""} {
		if got := shown(alice, path); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	lister := w.user("lister", allow(`{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}`))
	if got := shown(lister, "/"); got != "lake pond" {
		t.Errorf("by a policy: %q", got)
	}
	other := w.other()
	w.bucket(other, "foreign")
	w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`,
		`{"Effect":"Deny","Action":"s3:ListAllMyBuckets","Resource":"*"}`))
	refused(t, "a Deny of the caller's own", w.get(alice, "/"), 403, "AccessDenied", "explicit deny")
	w.policy("alice", allow(`{"Effect":"Deny","Action":"s3:GetDataAccess","Resource":"*"}`))
	refused(t, "who may not ask", w.get(alice, "/"), 403, "AccessDenied", "")
	w.policy("alice", mayAskOnly)
	vended := w.vend(alice, "s3://lake/finance/*", "WRITE")
	refused(t, "a vended credential", w.get(vended, "/"), 403, "AccessDenied", "")
}
