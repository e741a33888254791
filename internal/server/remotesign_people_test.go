package server

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/server/leavingtest"
)

// A person signs by the access token of a sign-in, and grants decide.
func TestRemoteSigningForAPerson(t *testing.T) {
	s := boot(t, Config{PrivateIssuers: true, Log: slog.New(slog.DiscardHandler)})
	site := &leavingtest.Site{Changes: s.URL(), Uses: s.URL(), Operator: operatorOf(s)}
	site.Prepare(t)
	p := leavingtest.NewSignedIn(t, site)
	w := &signingWorld{walkWorld: &walkWorld{t: t, server: s, url: s.URL(), seeded: map[string]string{}}}
	at := func(path string) sign {
		return sign{uri: s.URL() + "/" + p.Bucket + path, bearer: p.AccessToken, headers: map[string][]string{}}
	}
	for path, status := range map[string]int{"/data/x": 200, "/data/none": 404, "?list-type=2&prefix=data%2F": 200} {
		out := w.signs(at(path))
		if got, body := w.use("GET", out, "", nil); got != status {
			t.Errorf("%s: %d %s", path, got, body)
		}
	}
	refusedSigning(t, "outside the grant", w.signs(at("/secret/x")), 403)
	refusedSigning(t, "the list of all", w.signs(at("?list-type=2")), 403)
	refusedSigning(t, "tags, which no grant gives",
		w.signs(sign{method: "PUT", uri: at("/data/x").uri, bearer: p.AccessToken, headers: header("x-amz-tagging",
			"a=b")}), 406)
	copies := at("/data/y")
	copies.method, copies.headers = "PUT", copyOf(p.Bucket+"/secret/x")
	refusedSigning(t, "a copy from outside", w.signs(copies), 403)
	refusedSigning(t, "a token that is none", w.signs(sign{bearer: p.AccessToken + "x"}), 401)

	t.Run("a vended session's bearer", func(t *testing.T) {
		k := p.Credentials
		in := at("/data/x")
		in.bearer = bearerOf(aws.Credentials{AccessKeyID: k[0], SecretAccessKey: k[1], SessionToken: k[2]})
		if got, body := w.use("GET", w.signs(in), "", nil); got != 200 || body != "content" {
			t.Errorf("%d %s", got, body)
		}
		in.uri = at("/secret/x").uri
		refusedSigning(t, "outside the scope", w.signs(in), 403)
	})
	t.Run("the signature ends with the membership", func(t *testing.T) {
		out := w.signs(at("/data/x"))
		p.LeavesTheGroup()
		if got, body := w.use("GET", out, "", nil); got != 403 || !strings.Contains(body, "membership_removed") {
			t.Errorf("%d %s", got, body)
		}
		refusedSigning(t, "after the person has left", w.signs(at("/data/x")), 403)
	})
	t.Run("a person who is disabled", func(t *testing.T) {
		p.IsDisabled()
		out := w.signs(at("/data/x"))
		if out.status != 401 && out.status != 403 || len(out.Headers) > 0 {
			t.Errorf("%d %+v", out.status, out.Error)
		}
	})
}

// A signature ends with what its caller's session hangs on, and in any case after minutes.
func TestAttack49_ASignatureEndsWithItsGround(t *testing.T) {
	var ahead atomic.Int64
	w := newSigningWorld(t, Config{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	out := w.signs(sign{})
	if status, _ := w.use("GET", out, "", nil); status != 206 {
		t.Fatalf("at first: %d", status)
	}
	ahead.Store(int64(6 * time.Minute))
	if status, body := w.use("GET", out, "", nil); status != 400 || !strings.Contains(body, "ExpiredToken") {
		t.Errorf("after six minutes: %d %s", status, body)
	}
	ahead.Store(0)
	out = w.signs(sign{})
	w.must(form(iamapi.Service, "DeleteRolePolicy", "RoleName", "warehouse", "PolicyName", "all"))
	if status, _ := w.use("GET", out, "", nil); status != 403 {
		t.Errorf("after the role lost its policy: %d", status)
	}
	refusedSigning(t, "after the role lost its policy", w.signs(sign{}), 403)
	w.must(form(iamapi.Service, "DeleteRole", "RoleName", "warehouse"))
	if status, _ := w.use("GET", out, "", nil); status != 403 {
		t.Errorf("after the role is deleted: %d", status)
	}
	refusedSigning(t, "after the role is deleted", w.signs(sign{}), 401)
	if n := recorded(t, w.server, "SignRequest"); n < 4 {
		t.Errorf("%d records", n)
	}
}

// Signed requests are S3's whatever their path, and so is every path of a bucket's host.
func TestPathsOfRemoteSigningBelongToS3WhenSigned(t *testing.T) {
	w := newSigningWorld(t, Config{Domains: []string{"s3.example.org"}})
	a := w.send(w.root, request{method: "POST", path: "/v1/aws/s3/sign?uploads"})
	if a.status < 400 || !strings.Contains(a.body, "<Code>") {
		t.Errorf("signed for S3: %d %s", a.status, a.body)
	}
	a = w.send(w.root, put("/v1", ""))
	if a.code() != "InvalidBucketName" {
		t.Errorf("a bucket named v1: %d %s", a.status, a.body)
	}
	// In a bucket's host the path is a key.
	port := w.url[strings.LastIndexByte(w.url, ':'):]
	for host, json := range map[string]bool{"s3.example.org" + port: true, "lake.s3.example.org" + port: false} {
		r, err := http.NewRequest(http.MethodPost, w.url+"/v1/aws/s3/sign", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Content-Type") == "application/json"; got != json {
			t.Errorf("%s: %d %v", host, resp.StatusCode, resp.Header)
		}
	}
	// The bucket may be in the host of what is signed.
	for uri, status := range map[string]int{
		"http://lake.s3.example.org" + port + "/orders/a":      200,
		"http://lake.S3.example.org" + port + "/orders/a":      200,
		"http://lake.s3.example.org" + port + "/items/secret":  403,
		"http://other.s3.example.org" + port + "/orders/a":     403,
		"http://lake.s3.example.org:1/orders/a":                403,
		"http://lake.s3.example.org.evil.example" + port + "/": 403,
		"https://lake.s3.example.org" + port + "/orders/a":     200,
	} {
		if out := w.signs(sign{uri: uri}); out.status != status {
			t.Errorf("%s: %d %+v", uri, out.status, out.Error)
		}
	}
	out := w.signs(sign{uri: "http://lake.s3.example.org" + port + "/orders/a"})
	out.URI = w.url + "/orders/a"
	if status, body := w.use("GET", out, "", nil); status != 206 {
		t.Errorf("signed for a bucket's host: %d %s", status, body)
	}
}
