package gateway_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"latchkey/internal/front"
	"latchkey/internal/server"
)

// TestAttack07_ListingStaysInItsPrefix tries every parameter that says where a listing begins or ends.
func TestAttack07_ListingStaysInItsPrefix(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	for _, k := range []string{"a/secret", "in/1", "in/2", "in/3", "in2/secret", "z/secret"} {
		w.object("/lake/"+k, "x")
		w.upload(w.root, "/lake/"+k)
	}
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "READ", false)
	vended := w.vend(alice, "s3://lake/in/*", "READ")
	var page struct {
		Next string `xml:"NextContinuationToken"`
	}
	w.parse(w.must(w.root, ask{method: "GET", path: "/lake?list-type=2&max-keys=1"}), &page)
	whole := page.Next
	w.parse(w.must(w.root, ask{method: "GET", path: "/lake?list-type=2&max-keys=1&prefix=z"}), &page)
	w.parse(w.must(vended, ask{method: "GET", path: "/lake?list-type=2&max-keys=1&prefix=in/"}), &page)
	own := page.Next
	for query, want := range map[string]int{
		"list-type=2&prefix=in/":                               200,
		"list-type=2&prefix=in%2F":                             200,
		"list-type=2&prefix=in/&delimiter=/":                   200,
		"list-type=2&prefix=in/&delimiter=n":                   200,
		"list-type=2&prefix=in/&delimiter=":                    200,
		"list-type=2&prefix=in/&start-after=a":                 200,
		"list-type=2&prefix=in/&start-after=in2/":              200,
		"list-type=2&prefix=in/&encoding-type=url":             200,
		"list-type=2&prefix=in/&fetch-owner=true":              200,
		"list-type=2&prefix=in/&continuation-token=" + own:     200,
		"list-type=2&prefix=in/&continuation-token=" + whole:   400, // of another listing
		"list-type=2&prefix=in/&continuation-token=bm90aGluZw": 400,
		"list-type=2&prefix=in/&continuation-token=":           400,
		"prefix=in/":          200,
		"prefix=in/&marker=a": 200,
		"prefix=in/&marker=z": 200,
		"uploads&prefix=in/":  200,
		"uploads&prefix=in/&key-marker=a&upload-id-marker=x": 400, // the id of no upload of that key
		"list-type=2":                                            403,
		"list-type=2&prefix=":                                    403,
		"list-type=2&prefix=in":                                  403,
		"list-type=2&prefix=in2/":                                403,
		"list-type=2&prefix=a&start-after=in/":                   403,
		"list-type=2&prefix=IN/":                                 403,
		"list-type=2&Prefix=in/":                                 501,
		"list-type=2&prefix=in/&prefix=":                         400,
		"list-type=2&prefix=&prefix=in/":                         400,
		"list-type=2&list-type=2&prefix=in/":                     501,
		"list-type=1&prefix=in/":                                 501,
		"list-type=2&prefix=in/&marker=a":                        501, // a parameter of the other version
		"versions&prefix=in/":                                    501,
		"list-type=2&prefix=*":                                   403,
		"list-type=2&prefix=%3Fn/":                               403,
		"uploads":                                                403,
		"uploads&prefix=a":                                       403,
		"list-type=2&prefix=in/../":                              200, // a prefix of its own bytes, under in/
		"list-type=2&prefix=%2Fin/":                              403,
		"list-type=2&delimiter=in/":                              403,
		"list-type=2&start-after=in/":                            403,
		"list-type=2&prefix=in/&continuation-token=x&prefix=in/": 400,
	} {
		got := w.get(vended, "/lake?"+query)
		if got.status != want {
			t.Errorf("%s: %v, want %d", query, got, want)
		}
		if strings.Contains(got.body, "secret") {
			t.Errorf("%s shows what is outside: %s", query, got.body)
		}
	}
}

// TestAttack09_AddressesAgree puts the bucket into the host name, in every spelling.
func TestAttack09_AddressesAgree(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake", "other", "with.dots", accountA)
	w.object("/lake/k", "lake")
	w.object("/lake/lake/k", "nested")
	w.object("/other/k", "other")
	w.object("/"+accountA+"/k", "digits")
	w.object("/with.dots/k", "dots")
	alice := w.user("alice",
		allow(`{"Effect":"Allow","Action":"s3:GetObject",`+
			`"Resource":["arn:aws:s3:::lake/*","arn:aws:s3:::with.dots/*","arn:aws:s3:::`+accountA+`/*"]}`))
	_, port, _ := strings.Cut(w.host, ":")
	for _, x := range []struct {
		host, path string
		status     int
		body       string
	}{
		{"s3.latchkey", "/lake/k", 200, "lake"},
		{"s3.latchkey:" + port, "/lake/k", 200, "lake"},
		{"S3.Latchkey.", "/lake/k", 200, "lake"},
		{"lake.s3.latchkey", "/k", 200, "lake"},
		{"lake.s3.latchkey:" + port, "/k", 200, "lake"},
		{"LAKE.S3.LatchKey", "/k", 200, "lake"},
		{"lake.s3.latchkey.", "/k", 200, "lake"},
		{"lake.localhost:" + port, "/k", 200, "lake"},
		{"lake.s3.latchkey", "/lake/k", 200, "nested"},
		{"lake.s3.latchkey", "/other/k", 403, ""}, // the key other/k of lake, not the bucket other: it is not there
		{"other.s3.latchkey", "/k", 403, ""},
		{"other.s3.latchkey", "/lake/k", 403, ""},
		{"with.dots.s3.latchkey", "/k", 200, "dots"},
		{accountA + ".s3.latchkey", "/k", 200, "digits"}, // to S3 the label is a bucket
		{accountA + ".s3.latchkey", "/lake/k", 403, ""},
		{"lake..s3.latchkey", "/k", 400, ""},
		{".s3.latchkey", "/lake/k", 400, ""},
		{"la_ke.s3.latchkey", "/k", 400, ""},
		{"lake.example.org", "/lake/k", 200, "lake"}, // no name of ours: path style
		{"s3.latchkey.example.org", "/lake/k", 200, "lake"},
		{"xs3.latchkey", "/lake/k", 200, "lake"},
	} {
		got := w.do(alice, ask{method: "GET", path: x.path, host: x.host})
		if got.status != x.status || x.status == 200 && got.body != x.body {
			t.Errorf("%s%s: %v %q, want %d %q", x.host, x.path, got, got.body, x.status, x.body)
		}
	}
	t.Run("forwarding headers say nothing", func(t *testing.T) {
		for _, name := range []string{"X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Url", "X-Rewrite-Url"} {
			got := w.do(alice, ask{method: "GET", path: "/other/k", header: header(name, "lake.s3.latchkey")})
			refused(t, name, got, 403, "AccessDenied", "")
			got = w.do(alice, ask{
				method: "GET",
				path:   "/k",
				host:   "lake.s3.latchkey",
				header: header(name, "other.s3.latchkey"),
			})
			if got.body != "lake" {
				t.Errorf("%s: %v", name, got)
			}
		}
	})
	t.Run("the host is signed", func(t *testing.T) {
		got := w.do(alice, ask{method: "GET", path: "/k", host: "lake.s3.latchkey", after: func(r *http.Request) {
			r.Host = "other.s3.latchkey"
		}})
		refused(t, "another host", got, 403, "SignatureDoesNotMatch", "")
	})
	t.Run("a completed upload is where the client will find it", func(t *testing.T) {
		p := "/m?uploadId=" + w.upload(w.root, "/lake/m")
		etag := w.must(w.root, ask{
			method: "PUT",
			path:   p + "&partNumber=1",
			host:   "lake.s3.latchkey",
			body:   "x",
		}).header.Get("ETag")
		got := w.must(w.root, ask{method: "POST", path: p, host: "lake.s3.latchkey:" + port, body: complete(etag)})
		if !strings.Contains(got.body, "<Location>http://s3.latchkey:"+port+"/lake/m</Location>") {
			t.Error(got.body)
		}
	})
}

// TestAttack12_UnsignedHeaders adds unsigned headers to a signed request.
func TestAttack12_UnsignedHeaders(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k", "content")
	w.object("/lake/secret", "secret")
	for _, name := range []string{"X-Amz-Copy-Source", "X-Amz-Acl", "X-Amz-Tagging", "X-Amz-Storage-Class",
		"X-Amz-Server-Side-Encryption", "X-Amz-Expected-Bucket-Owner",
		"X-Amz-Meta-Owner", "X-Amz-Metadata-Directive", "X-Amz-Bypass-Governance-Retention", "X-Amz-Security-Token",
		"X-Amz-Trailer", "X-Amz-Decoded-Content-Length", "Content-Md5"} {
		got := w.do(w.root, ask{method: "PUT", path: "/lake/new", body: "x", after: func(r *http.Request) {
			r.Header.Set(name, "lake/secret")
		}})
		if got.status != 403 || w.exists("/lake/new") {
			t.Errorf("%s: %v", name, got)
		}
	}
	got := w.do(w.root, ask{
		method: "PUT",
		path:   "/lake/new",
		body:   "x",
		header: header("X-Amz-Meta-A", "1"),
		after: func(r *http.Request) {
			r.Header.Add("X-Amz-Meta-A", "2")
		},
	})
	refused(t, "twice", got, 400, "", "more than once")
	r := w.presign(w.root, "PUT", "/lake/new", time.Minute, nil)
	r.Header.Set("X-Amz-Copy-Source", "lake/secret")
	refused(t, "presigned", w.send(r), 403, "AccessDenied", "not signed")
	r = w.presign(w.root, "PUT", "/lake/new", time.Minute, nil)
	r.URL.RawQuery += "&x-amz-copy-source=lake/secret"
	refused(t, "presigned query", w.send(r), 403, "SignatureDoesNotMatch", "")
	served(t, "beside", w.put(w.root, "/lake/new", "x"))
}

// TestAttack13_HeadersAreNoIdentity sends headers that proxies and other gateways take for the caller.
func TestAttack13_HeadersAreNoIdentity(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k", "content")
	nobody := w.user("nobody", "")
	for _, name := range []string{"X-Amz-Principal", "X-Amz-Caller-Arn", "X-Latchkey-Principal", "X-Remote-User",
		"X-Forwarded-User", "X-Seaweedfs-Principal", "X-Minio-Extract",
		"X-Amz-Account-Id", "X-Amz-Source-Arn", "Authorization-Context", "X-Amz-Grant-Id"} {
		got := w.do(nobody, ask{method: "GET", path: "/lake/k", header: header(name, "arn:aws:iam::"+accountA+":root")})
		if got.status < 400 {
			t.Errorf("%s: %v", name, got)
		}
		r, _ := http.NewRequestWithContext(t.Context(), "GET", w.url+"/lake/k", nil)
		r.Header.Set(name, "arn:aws:iam::"+accountA+":root")
		if got := w.send(r); got.status < 400 {
			t.Errorf("%s, unsigned: %v", name, got)
		}
	}
}

// TestAttack16_PresignedUrlsEndWithTheirGround uses a presigned URL after the signer's access was taken away.
func TestAttack16_PresignedUrlsEndWithTheirGround(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	w.object("/lake/in/k", "content")
	alice := w.user("alice", everything)
	id := w.grant("alice", "lake/in/*", "READWRITE", false)
	vended := w.vend(alice, "s3://lake/in/*", "READWRITE")
	again := func(r *http.Request) *answer {
		next, _ := http.NewRequestWithContext(t.Context(), r.Method, "/", nil)
		next.URL, next.Header = r.URL, r.Header.Clone()
		return w.send(next)
	}
	get := w.presign(vended, "GET", "/lake/in/k", time.Hour, nil)
	put := w.presign(vended, "PUT", "/lake/in/new", time.Hour, nil)
	out := w.presign(vended, "GET", "/lake/out", time.Hour, nil)
	users := w.presign(alice, "GET", "/lake/in/k", time.Hour, nil)
	if got := again(get); got.body != "content" {
		t.Fatal(got)
	}
	served(t, "put", again(put))
	refused(t, "out of scope", again(out), 403, "AccessDenied", "no session policy")
	served(t, "a user's", again(users))

	t.Run("the token of one and the key of another", func(t *testing.T) {
		second := w.vend(alice, "s3://lake/in/*", "READWRITE")
		mixed := vended
		mixed.SessionToken = second.SessionToken
		refused(t, "mixed", w.get(mixed, "/lake/in/k"), 400, "InvalidToken", "")
		mixed.SessionToken = ""
		refused(t, "without token", w.get(mixed, "/lake/in/k"), 403, "InvalidAccessKeyId", "")
		mixed = alice
		mixed.SessionToken = second.SessionToken
		refused(t, "a user's key with a token", w.get(mixed, "/lake/in/k"), 400, "InvalidToken", "")
		r := w.presign(vended, "GET", "/lake/in/k", time.Hour, nil)
		r.Header.Set("X-Amz-Security-Token", second.SessionToken)
		if got := w.send(r); got.status < 400 {
			t.Errorf("token in query and header disagree: %v", got)
		}
	})
	t.Run("expired", func(t *testing.T) {
		short := w.presign(alice, "GET", "/lake/in/k", time.Minute, nil)
		w.advance(2 * time.Minute)
		refused(t, "late", again(short), 403, "AccessDenied", "Request has expired")
	})
	w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + id})
	refused(t, "get after the grant was deleted", again(get), 403, "AccessDenied",
		"the grant behind this credential is deleted")
	refused(t, "put after the grant was deleted", again(put), 403, "AccessDenied",
		"the grant behind this credential is deleted")
	w.iam("UpdateAccessKey", "UserName", "alice", "AccessKeyId", alice.AccessKeyID, "Status", "Inactive")
	refused(t, "a user's after the key was made inactive", again(users), 403, "InvalidAccessKeyId", "")
}

// TestAttack30_VersionsAndConditions checks that a version needs a permission of its own, and that a condition on an
// object needs the permission to read the object.
func TestAttack30_VersionsAndConditions(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	w.object("/lake/in/k", "secret")
	etag := w.etagOf("/lake/in/k")
	plain := w.user("plain", allow(`{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject"],"Resource":"*"}`))
	served(t, "plain get", w.get(plain, "/lake/in/k"))
	refused(t, "version", w.get(plain, "/lake/in/k?versionId=null"), 403, "AccessDenied", "s3:GetObjectVersion")
	refused(t, "version that is none", w.get(plain, "/lake/in/k?versionId=x"), 403, "AccessDenied", "s3:GetObjectVersion")
	refused(t, "delete a version", w.del(plain, "/lake/in/k?versionId=null"), 403, "AccessDenied",
		"s3:DeleteObjectVersion")
	refused(t, "bypass", w.do(plain,
		ask{method: "DELETE", path: "/lake/in/k", header: header("X-Amz-Bypass-Governance-Retention", "true")}), 403,
		"AccessDenied", "s3:BypassGovernanceRetention")
	if got := w.get(w.root, "/lake/in/k?versionId="); got.status == 200 && got.body != "secret" {
		t.Error(got)
	}

	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "WRITE", false)
	w.grant("alice", "lake/in/*", "READ", false)
	write, read := w.vend(alice, "s3://lake/in/*", "WRITE"), w.vend(alice, "s3://lake/in/*", "READ")
	for _, tag := range []string{etag, `"00000000000000000000000000000000"`, "*"} {
		refused(t, "WRITE put if "+tag,
			w.do(write, ask{method: "PUT", path: "/lake/in/k", body: "x", header: header("If-Match", tag)}), 403, "AccessDenied",
			"s3:GetObject")
		refused(t, "WRITE delete if "+tag,
			w.do(write, ask{method: "DELETE", path: "/lake/in/k", header: header("If-Match", tag)}), 403, "AccessDenied",
			"s3:GetObject")
	}
	if got := w.do(write, ask{
		method: "PUT",
		path:   "/lake/in/k",
		body:   "x",
		header: header("If-None-Match", etag),
	}); got.status != 501 {
		t.Errorf("WRITE put if not the tag: %v", got)
	}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Range"} {
		if got := w.do(write, ask{method: "GET", path: "/lake/in/k", header: header(name, "*")}); got.status < 400 ||
			got.status == 412 {
			t.Errorf("WRITE get %s: %v", name, got)
		}
		if got := w.do(write, ask{method: "HEAD", path: "/lake/in/k", header: header(name, etag)}); got.status != 403 &&
			got.status != 400 || got.header.Get("ETag") != "" {
			t.Errorf("WRITE head %s: %v", name, got)
		}
	}
	for _, sub := range []string{"acl", "tagging", "retention", "legal-hold"} {
		if got := w.put(read, "/lake/in/k?"+sub, "<x/>"); got.status != 501 {
			t.Errorf("READ put %s: %v", sub, got)
		}
	}
	if w.content("/lake/in/k") != "secret" {
		t.Error("it was overwritten")
	}
}

// TestAttack31_UnknownIsNothing checks that a sub-resource or method that is not served is never taken for another one.
func TestAttack31_UnknownIsNothing(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k", "content")
	subs := []string{"acl", "policyStatus", "versions", "tagging", "torrent", "x=y", "cors", "lifecycle", "logging",
		"notification", "replication", "requestPayment",
		"versioning", "website", "encryption", "object-lock", "publicAccessBlock", "ownershipControls", "accelerate",
		"analytics", "inventory", "metrics",
		"intelligent-tiering", "metadataTable", "session", "attributes", "retention", "legal-hold", "restore", "select",
		"renameObject", "append", "Policy", "POLICY",
		"location&acl", "policy&x", "uploads&acl", "delete&acl", "%61cl", "acl=", "uploadid=1", "list-type=2&versions",
		"X-Amz-Foo=1", "partnumber=1", "x-amz-acl=private"}
	for _, sub := range subs {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
			for _, path := range []string{"/lake", "/lake/k", "/lake/new", "/", "/newbucket"} {
				got := w.do(w.root, ask{method: method, path: path + "?" + sub})
				if got.status != 501 && got.status != 405 {
					t.Errorf("%s %s?%s: %v", method, path, sub, got)
				}
			}
		}
	}
	for _, method := range []string{"PATCH", "TRACE", "PROPFIND", "COPY", "get", "LINK", "BREW"} {
		for _, path := range []string{"/lake", "/lake/k", "/"} {
			if got := w.do(w.root, ask{method: method, path: path}); got.status != 501 && got.status != 405 {
				t.Errorf("%s %s: %v", method, path, got)
			}
		}
	}
	if w.content("/lake/k") != "content" || w.exists("/lake/new") || w.get(w.root, "/newbucket").status != 404 {
		t.Error("something changed")
	}
	t.Run("a preflight gets no rules", func(t *testing.T) {
		for _, path := range []string{"/lake/k", "/none/k", "/"} {
			r, _ := http.NewRequestWithContext(t.Context(), "OPTIONS", w.url+path, nil)
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Access-Control-Request-Method", "GET")
			got := w.send(r)
			refused(t, path, got, 403, "AccessDenied", "CORS is not enabled")
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control") {
					t.Errorf("%s: %s", path, name)
				}
			}
		}
		if got := w.do(w.root, ask{
			method: "GET",
			path:   "/lake/k",
			header: header("Origin", "https://evil.example"),
		}); got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Error("an origin was reflected")
		}
	})
}

// TestAttack33_ConditionsComeFromTheServer sends headers and parameters named as condition keys.
func TestAttack33_ConditionsComeFromTheServer(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k", "content")
	alice := w.user("alice",
		allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`))
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip",
		"Aws-Sourceip", "X-Amz-Source-Ip", "X-Amz-Meta-Aws-Sourceip", "Sourceip"} {
		if got := w.do(alice, ask{method: "GET", path: "/lake/k", header: header(name, "10.0.0.1")}); got.status < 400 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := w.get(alice, "/lake/k?aws:SourceIp=10.0.0.1"); got.status < 400 {
		t.Error(got)
	}
	w.policy("alice",
		allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}}`))
	served(t, "from here", w.do(alice, ask{method: "GET", path: "/lake/k", header: header("X-Forwarded-For", "10.0.0.1")}))
	for key, value := range map[string]string{
		"aws:SecureTransport":        "true",
		"s3:authType":                "REST-QUERY-STRING",
		"aws:PrincipalAccount":       accountB,
		"s3:prefix":                  "x",
		"aws:username":               "root",
		"s3:ExistingObjectTag/a":     "b",
		"aws:PrincipalTag/team":      "a",
		"s3:AccessGrantsInstanceArn": "arn",
	} {
		w.policy("alice",
			allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"`+key+`":"`+value+`"}}}`))
		for _, name := range []string{key, "X-Amz-" +
			strings.TrimPrefix(strings.TrimPrefix(key, "aws:"), "s3:"), "X-Amz-Meta-" + key} {
			name = strings.NewReplacer(":", "-", "/", "-").Replace(name)
			if got := w.do(alice, ask{method: "GET", path: "/lake/k", header: header(name, value)}); got.status < 400 {
				t.Errorf("%s as %s: %v", key, name, got)
			}
		}
	}
	t.Run("behind a proxy the client is who the proxy saw", func(t *testing.T) {
		w := start(t, func(c *server.Config) { c.TrustedProxies = front.Proxies{netip.MustParsePrefix("127.0.0.0/8")} })
		w.bucket(w.root, "lake")
		w.object("/lake/k", "content")
		alice := w.user("alice",
			allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`))
		for _, value := range []string{"10.0.0.1, 203.0.113.9", "", "10.0.0.1, unknown", "10.0.0.1,", "203.0.113.9",
			strings.Repeat("10.0.0.1, ", 500) + "203.0.113.9"} {
			if got := w.do(alice, ask{
				method: "GET",
				path:   "/lake/k",
				header: header("X-Forwarded-For", value),
			}); got.status < 400 {
				t.Errorf("%.40s: %v", value, got)
			}
		}
		served(t, "from there", w.do(alice,
			ask{method: "GET", path: "/lake/k", header: header("X-Forwarded-For", "203.0.113.9, 10.0.0.1")}))
		w.policy("alice",
			allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`))
		served(t, "TLS at the proxy",
			w.do(alice, ask{method: "GET", path: "/lake/k", header: header("X-Forwarded-Proto", "https")}))
		for _, value := range []string{"", "http", "https, http", "wss"} {
			if got := w.do(alice, ask{
				method: "GET",
				path:   "/lake/k",
				header: header("X-Forwarded-Proto", value),
			}); got.status < 400 {
				t.Errorf("%s: %v", value, got)
			}
		}
	})
	t.Run("a presigned URL does not hide its payload", func(t *testing.T) {
		w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
			`{"Effect":"Deny","Action":"s3:*","Resource":"*",`+
				`"Condition":{"StringEquals":{"s3:x-amz-content-sha256":"UNSIGNED-PAYLOAD"}}}`))
		served(t, "signed", w.put(alice, "/lake/signed", "x"))
		refused(t, "header", w.do(alice, ask{method: "PUT", path: "/lake/u", body: "x", hash: "UNSIGNED-PAYLOAD"}), 403,
			"AccessDenied", "explicit deny")
		refused(t, "presigned", w.send(w.presign(alice, "GET", "/lake/k", time.Minute, nil)), 403, "AccessDenied",
			"explicit deny")
	})
}
