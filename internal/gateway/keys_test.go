package gateway_test

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// nasty lists keys that some store has folded into another key. All are different keys.
var nasty = []string{
	"public/../private.txt", "public/..", "public/.", "public/./x", "public//x", "public///x", "public/", "public/x/",
	"public/x",
	"public/..%2Fprivate.txt", "public%2Fx", "public/%2e%2e/private.txt", `public\x`, `public/..\private.txt`, "public/x.",
	"public/x ", " public/x",
	"public/+", "public/ ", "public/%20", "public/%2B", "public/é", "public/e\u0301", "public/\u202ex", "public/\ufeffx",
	"public/x\u0000y", "public/\n",
	"public/?acl", "public/?versionId=1", "public/#x", "public/x;y", "public/x&y=z", "public/*", "public/${aws:username}",
	"PUBLIC/x", "Public/x", "publi/c",
	"/public/x", "//public/x", "../lake/public/x", "..", ".", "/", "//", "public/../../other/x", "healthz",
	"v20180820/accessgrantsinstance", "public/\u007f",
	"public/<x>&amp;", "public/x\"'", "public/" + strings.Repeat("d/", 400),
}

// TestAttack04_EveryKeyIsLiteral stores all nasty keys side by side, and reads, lists, copies and deletes each as
// itself. A caller who may reach public/ reaches exactly the keys that begin with these bytes.
func TestAttack04_EveryKeyIsLiteral(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake", "other")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/public/*", "READWRITE", false)
	vended := w.vend(alice, "s3://lake/public/*", "READWRITE")
	for _, k := range nasty {
		w.object("/lake/"+escape(k), "content of "+k)
	}
	w.object("/lake/private.txt", "secret")
	w.object("/other/x", "secret")

	for _, k := range nasty {
		path, inside := "/lake/"+escape(k), strings.HasPrefix(k, "public/")
		if got := w.content(path); got != "content of "+k {
			t.Errorf("%q reads as %q", k, got)
		}
		got := w.get(vended, path)
		if inside && got.body != "content of "+k {
			t.Errorf("%q with the credential of public/: %v %q", k, got, got.body)
		}
		if !inside && got.status != http.StatusForbidden {
			t.Errorf("%q is outside of public/: %v", k, got)
		}
		// As a copy source, in the header's own spelling.
		got = w.do(vended, ask{
			method: "PUT",
			path:   "/lake/public/copy",
			header: header("X-Amz-Copy-Source", "/lake/"+escape(k)),
		})
		if inside {
			served(t, "copy of "+k, got)
			if c := w.content("/lake/public/copy"); c != "content of "+k {
				t.Errorf("copy of %q has %q", k, c)
			}
		} else {
			refused(t, "copy of "+k, got, 403, "AccessDenied", "")
		}
	}
	w.must(w.root, ask{method: "DELETE", path: "/lake/public/copy"})

	t.Run("a listing shows them as they are", func(t *testing.T) {
		var page struct {
			Keys []string `xml:"Contents>Key"`
		}
		if err := xml.Unmarshal([]byte(w.get(vended, "/lake?list-type=2&encoding-type=url&prefix=public%2F").body),
			&page); err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, k := range page.Keys {
			plain, err := url.PathUnescape(k)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, plain)
		}
		for _, k := range nasty {
			if strings.HasPrefix(k, "public/") {
				want = append(want, k)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
	})
	t.Run("DeleteObjects takes each by its bytes", func(t *testing.T) {
		var inXML []string // XML cannot say the others
		for _, k := range nasty {
			if !strings.ContainsAny(k, "\x00\n") {
				inXML = append(inXML, k)
			}
		}
		w.must(vended, ask{method: "POST", path: "/lake?delete", body: deletion(inXML...)})
		for _, k := range inXML {
			if got, want := w.exists("/lake/"+escape(k)), !strings.HasPrefix(k, "public/"); got != want {
				t.Errorf("%q exists: %v, want %v", k, got, want)
			}
		}
		if w.content("/lake/private.txt") != "secret" {
			t.Error("the neighbour is gone")
		}
	})
	t.Run("what is no UTF-8 or too long is no key", func(t *testing.T) {
		refused(t, "overlong", w.get(w.root, "/lake/a%C0%AFb"), 400, "InvalidRequest", "UTF-8")
		refused(t, "broken", w.put(w.root, "/lake/%FF", "x"), 400, "InvalidRequest", "UTF-8")
		refused(t, "long", w.put(w.root, "/lake/"+strings.Repeat("x", 1025), "x"), 400, "KeyTooLongError", "")
	})
}

// TestAttack01_OneDecoding sends other spellings of a path than the one that is signed.
func TestAttack01_OneDecoding(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	w.object("/lake/public/x", "public")
	w.object("/lake/private/x", "private")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/public/*", "READ", false)
	vended := w.vend(alice, "s3://lake/public/*", "READ")
	for path, want := range map[string]int{
		"/lake/public/x":                   200,
		"/lake/public%2Fx":                 200, // the same key: an encoded slash is a slash
		"/lake/%70ublic/x":                 200,
		"/lake/public%2F..%2Fprivate%2Fx":  404, // a key of its own, which is not there
		"/lake/public/../private/x":        404,
		"/lake/public/%2E%2E/private/x":    404,
		"/lake/public%252F..%252Fprivate":  403,
		"/lake/private/x":                  403,
		"/lake/private%2Fx":                403,
		"/lake%2Fpublic/x":                 404, // no such bucket
		"/lake//public/x":                  403,
		"//lake/public/x":                  501,
		"/lake/public/..%2f..%2fprivate/x": 404,
	} {
		// The signer spells the path once more: what it gets is what it signs.
		r := w.request(vended, ask{method: "GET", path: path, after: func(r *http.Request) {}})
		got := w.send(r)
		if got.status == 403 && got.code == "SignatureDoesNotMatch" {
			got = w.resignCanonical(vended, path)
		}
		if got.status != want || got.body == "private" {
			t.Errorf("%s: %v, want %d", path, got, want)
		}
	}
}

// TestAttack02_DotSegments tries to leave public/ by "..".
func TestAttack02_DotSegments(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake", "evil")
	w.object("/lake/private.txt", "secret")
	w.object("/evil/k", "secret")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/public/*", "READWRITE", false)
	vended := w.vend(alice, "s3://lake/public/*", "READWRITE")
	for _, k := range []string{"public/../private.txt", "public/../../evil/k", "public/./../private.txt",
		`public/..\private.txt`} {
		if got := w.get(vended, "/lake/"+escape(k)); got.status != 404 {
			t.Errorf("%s: %v", k, got)
		}
		served(t, "put "+k, w.put(vended, "/lake/"+escape(k), "mine"))
		if got := w.get(vended, "/lake/"+escape(k)); got.body != "mine" {
			t.Errorf("%s: %v", k, got)
		}
	}
	if w.content("/lake/private.txt") != "secret" || w.content("/evil/k") != "secret" {
		t.Error("a write went out of its prefix")
	}
}

// TestAttack05_PrefixBoundaries checks that a scope covers the keys that begin with its bytes, and no others.
func TestAttack05_PrefixBoundaries(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake", "lake-secret", "lak")
	for _, p := range []string{"/lake/team1/x", "/lake/team10/x", "/lake/team1", "/lake/bob", "/lake/bobby/x",
		"/lake-secret/team1/x", "/lak/e/team1/x"} {
		w.object(p, "x")
	}
	alice := w.user("alice", everything)
	w.grant("alice", "lake/team1/*", "READ", false)
	w.grant("alice", "lake/bob*", "READ", false)
	w.grant("alice", "lake/bob", "READ", true)
	team, bob := w.vend(alice, "s3://lake/team1/*", "READ"), w.vend(alice, "s3://lake/bob*", "READ")
	exact := w.vend(alice, "s3://lake/bob", "READ", "privilege", "Minimal", "targetType", "Object")
	for _, x := range []struct {
		keys awsKeys
		path string
		want int
	}{
		{team, "/lake/team1/x", 200}, {team, "/lake/team10/x", 403}, {team, "/lake/team1", 403},
		{team, "/lake-secret/team1/x", 403}, {team, "/lak/e/team1/x", 403},
		{team, "/lake?prefix=team1/", 200}, {team, "/lake?prefix=team1", 403}, {team, "/lake?prefix=team10/", 403},
		{team, "/lake-secret?prefix=team1/", 403},
		{bob, "/lake/bob", 200}, {bob, "/lake/bobby/x", 200}, {bob, "/lake?prefix=bobby", 200}, {bob, "/lake?prefix=bo", 403},
		{exact, "/lake/bob", 200}, {exact, "/lake/bobby/x", 403}, {exact, "/lake?prefix=bob", 403},
	} {
		if got := w.get(x.keys, x.path); got.status != x.want {
			t.Errorf("%s: %v, want %d", x.path, got, x.want)
		}
	}
}
