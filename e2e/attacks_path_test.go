package e2e

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
)

// guarded is a lake with an object inside a grant and one outside it. The content of the outer one is recognisable
// wherever it appears.
type guarded struct {
	*lake
	other  string // a second bucket, with a secret of its own
	reader *vended
	writer *vended
}

const secretText = "this is outside the grant"

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	l := newLake(t)
	g := &guarded{lake: l, other: l.bucket + "-other"}
	l.hasBucket(g.other)
	l.root.puts(l.bucket, "public/x", "public/a/b")
	for _, at := range []struct{ bucket, key string }{
		{l.bucket, "private/x"}, {l.bucket, "private.txt"}, {l.bucket, "x"}, {g.other, "public/x"}, {g.other, "x"},
		{g.other, l.bucket + "/public/x"},
	} {
		_, err := l.root.s3.PutObject(t.Context(),
			&s3.PutObjectInput{Bucket: &at.bucket, Key: &at.key, Body: strings.NewReader(secretText)})
		l.check(err)
	}
	l.location.grants(l.alice, READWRITE, "public/*")
	g.reader = l.alice.asks(l.at("public/*"), READ)
	g.writer = l.alice.asks(l.at("public/*"), READWRITE)
	return g
}

// leaksNothing checks that an answer shows nothing from outside the grant, and is not a server error.
func (a *answer) leaksNothing(t testing.TB, what string) {
	t.Helper()
	if strings.Contains(string(a.body), secretText) {
		t.Errorf("%s: the secret was served", what)
	}
	if a.status >= 500 && a.status != 501 {
		t.Errorf("%s: status %d: %s", what, a.status, a.body)
	}
}

// tries gets a raw path with the reader's credential. The answer must not be a success or a server error, or contain
// the secret.
func (g *guarded) tries(t testing.TB, path string) {
	t.Helper()
	got := g.reader.sends(request{method: "GET", path: path})
	got.leaksNothing(t, path)
	if got.status < 400 {
		t.Errorf("%s: status %d: %s", path, got.status, got.body)
	}
}

func TestAttack01_EncodedSlashes(t *testing.T) {
	g := newGuarded(t)
	b := "/" + g.bucket
	for _, path := range []string{
		b + "/private%2Fx", b + "%2Fprivate/x", b + "%2fprivate%2fx", b + "/%70rivate/x", b + "/public%2F..%2Fprivate%2Fx",
		b + "/public/..%2Fprivate%2Fx", b + "/public/%2E%2E/private/x", b + "/public%252F..%252Fprivate%252Fx",
		b + "%2F..%2F" + g.other + "/public/x",
		b + "/public/%2e%2e%2f%2e%2e%2f" + g.other + "%2fx", b + "/..%2f" + g.other + "/public/x", b + "%00/public/x",
		b + "%3Fprivate/x",
	} {
		g.tries(t, path)
	}
	for _, path := range []string{b + "/public/x", b + "/public%2Fx", b + "/%70ublic/x", b + "/public%2fx"} {
		got := g.reader.sends(request{method: "GET", path: path})
		got.mustBe(t, 200, "")
		is(t, path, string(got.body), "public/x")
	}
}

func TestAttack02_DotSegments(t *testing.T) {
	g := newGuarded(t)
	b := "/" + g.bucket
	for _, path := range []string{
		b + "/public/../private/x", b + "/public/../private.txt", b + "/public/./../x", b + "/../" + g.other + "/public/x",
		b + "/public/../../" + g.other + "/x",
		"/./" + g.bucket + "/private/x", "/../" + g.bucket + "/private/x", "//" + g.bucket + "/private/x", b + "//private/x",
		b + "/./private/x",
	} {
		g.tries(t, path)
	}
	// A write to such a key writes exactly that key: it is within the grant, and no other object changes.
	for _, key := range []string{"public/../private/x", "public/../../" + g.other + "/x", "public/./x", "public//x"} {
		g.writer.may(writing(g.bucket, key))
		is(t, key, g.writer.gets(g.bucket, key), "written by "+g.writer.name)
	}
	is(t, "the secret", g.root.gets(g.bucket, "private/x"), secretText)
	is(t, "the other bucket's", g.root.gets(g.other, "x"), secretText)
	is(t, "the honest one", g.reader.gets(g.bucket, "public/x"), "public/x")
	g.writer.mayNot(writing(g.bucket, "../"+g.other+"/x"), writing(g.bucket, "/public/x"), writing(g.bucket, "./public/x"))
}

func TestAttack04_StrangeKeys(t *testing.T) {
	g := newGuarded(t)
	outside := []string{
		"/public/x", "//public/x", "\\public\\x", "public\\x", "PUBLIC/x", "Public/x", " public/x", "./public/x",
		"p\u00fcblic/x", "pu\u0308blic/x",
		"public", "publi\u0441/x", "public\u2215x", "public\uff0fx", "%70ublic/x", "public%2Fx",
	}
	for _, key := range outside {
		g.root.puts(g.bucket, key)
		g.reader.mayNot(reading(g.bucket, key), heading(g.bucket, key))
		g.writer.mayNot(writing(g.bucket, key), deleting(g.bucket, key))
	}
	inside := []string{
		"public/", "public//x", "public/\\x", "public/X", "public/x.", "public/x ", "public/x+y", "public/x y",
		"public/x%20y", "public/x%2By",
		"public/caf\u00e9", "public/cafe\u0301", "public/\U0001f511", "public/a?b", "public/a&b=c", "public/a;b",
		"public/a#b", "public/~!*'()", "public/\"<>",
	}
	for _, key := range inside {
		g.root.puts(g.bucket, key)
	}
	for _, key := range inside {
		is(t, "content of "+key, g.reader.gets(g.bucket, key), key) // each is its own object
	}
	same(t, "keys outside", only(g.root.lists(g.bucket, ""), outside), sorted(outside))
	t.Run("what is no text is no key", func(t *testing.T) {
		for _, path := range []string{"/public/%ff", "/public/%c0%af", "/public/%ed%a0%80", "/public/%zz", "/public/%"} {
			got, err := g.get(t, path)
			if err == nil {
				got.leaksNothing(t, path)
				if got.status < 400 {
					t.Errorf("%s: status %d", path, got.status)
				}
			}
		}
		g.reader.sends(request{method: "GET", path: "/" + g.bucket + "/public/%00"}).leaksNothing(t, "NUL")
	})
}

// get sends a path that Go's own parser might refuse to send.
func (g *guarded) get(t testing.TB, path string) (*answer, error) {
	if _, err := url.Parse("http://h/" + path); err != nil {
		return nil, err
	}
	return g.reader.sends(request{method: "GET", path: "/" + g.bucket + path}), nil
}

func TestAttack05_PrefixesWithoutBoundary(t *testing.T) {
	l := newLake(t)
	l.root.puts(l.bucket, "team1/x", "team10/x", "bob/x", "bobby/x")
	l.location.grants(l.alice, READ, "team1/*")
	l.location.grants(l.alice, READ, "bob*")
	l.alice.isRefusedAccess(l.at("team10/x"), READ)
	l.alice.isRefusedAccess(l.at("team1*"), READ)
	team, bob := l.alice.asks(l.at("team1/*"), READ), l.alice.asks(l.at("bob*"), READ)
	team.may(reading(l.bucket, "team1/x"), listing(l.bucket, "team1/"))
	team.mayNot(reading(l.bucket, "team10/x"), listing(l.bucket, "team1"), listing(l.bucket, "team10/"))
	bob.may(reading(l.bucket, "bob/x"), reading(l.bucket, "bobby/x"), listing(l.bucket, "bob")) // this is what was granted
	bob.mayNot(listing(l.bucket, "bo"), reading(l.bucket, "team1/x"))
}

func TestAttack09_Hosts(t *testing.T) {
	g := newGuarded(t)
	port := ":" + g.site.port
	get := func(host, path string, header map[string]string) *answer {
		return g.reader.sends(request{method: "GET", path: path, host: host, header: header})
	}
	// The bucket is in the host or in the path, never partly in both.
	for _, host := range []string{g.other, strings.ToUpper(g.other)} {
		for _, path := range []string{"/public/x", "/" + g.bucket + "/public/x"} {
			got := get(host+".s3.latchkey"+port, path, nil)
			got.leaksNothing(t, host+path)
			is(t, "status for "+host+path, got.status, 403)
		}
	}
	for _, host := range []string{g.bucket + ".s3.latchkey" + port, g.bucket + ".S3.Latchkey" + port, g.bucket +
		".s3.latchkey." + port, g.bucket + ".localhost" + port} {
		got := get(host, "/public/x", nil)
		got.mustBe(t, 200, "")
		is(t, host, string(got.body), "public/x")
		is(t, "status outside the grant", get(host, "/private/x", nil).status, 403)
	}
	// Forwarded headers mean nothing, signed or not.
	for _, name := range []string{"X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Url", "X-Rewrite-Url"} {
		value := g.other + ".s3.latchkey"
		if strings.HasSuffix(name, "Url") {
			value = "/" + g.bucket + "/private/x"
		}
		got := get("", "/"+g.bucket+"/public/x", map[string]string{name: value})
		got.mustBe(t, 200, "")
		is(t, name, string(got.body), "public/x")
	}
	// An account id before the host does not name a bucket, and a bucket before it does not name an account: all paths of
	// its host are its keys.
	got := g.root.sends(request{
		method: "GET",
		path:   "/v20180820/accessgrantsinstance",
		host:   g.bucket + ".s3.latchkey" + port,
		header: map[string]string{"X-Amz-Account-Id": g.id},
	})
	if got.status != 404 {
		t.Errorf("a bucket before S3 Control's host: %d %s", got.status, got.body)
	}
	got = g.root.sends(request{
		method: "GET",
		path:   "/" + g.bucket + "/private/x",
		host:   "000000000000.s3.latchkey" + port,
	})
	if got.status == 200 {
		t.Error("the account before the host was dropped")
	}
	is(t, "a name that is no bucket", get("a_b.s3.latchkey"+port, "/public/x", nil).status, 400)
	// The path decides that a request is for S3 Control, so no bucket can have that name.
	_, err := g.root.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new("v20180820")})
	if _, status := codeOf(err); status < 400 {
		t.Errorf("a bucket may not be called v20180820: %v", err)
	}
	_, err = g.root.control.GetAccessGrantsInstance(t.Context(), &s3control.GetAccessGrantsInstanceInput{AccountId: &g.id})
	g.check(err)
}
