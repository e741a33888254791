package server

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/credential"
)

// refusedSigning checks that nothing is signed, with this status.
func refusedSigning(t *testing.T, what string, out *result, status int) {
	t.Helper()
	if out.status != status || out.Error.Code != status || out.Error.Type == "" || out.Error.Message == "" ||
		len(out.Headers) > 0 || out.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: want %d, got %d %+v %v", what, status, out.status, out.Error, out.Headers)
	}
}

// What counts is the method and the uri, never the table in the path.
func TestAttack17_ASignatureIsOnlyForWhatItsCallerMayDo(t *testing.T) {
	w := newSigningWorld(t, Config{})
	u := w.url
	for what, c := range map[string]struct {
		in     sign
		status int
	}{
		"another table":         {sign{uri: u + "/lake/items/secret"}, 403},
		"another bucket":        {sign{uri: u + "/other/orders/a"}, 403},
		"no such bucket":        {sign{uri: u + "/nowhere/orders/a"}, 404},
		"a sibling stem":        {sign{uri: u + "/lake/orders2/a"}, 403},
		"the parent's list":     {sign{uri: u + "/lake?list-type=2&prefix=orders"}, 403},
		"a list of all":         {sign{uri: u + "/lake?list-type=2"}, 403},
		"a copy from elsewhere": {sign{method: "PUT", headers: copyOf("lake/items/secret")}, 403},
		"a copy to elsewhere":   {sign{method: "PUT", uri: u + "/lake/items/x", headers: copyOf("lake/orders/a")}, 403},
		"a copy with a trick": {sign{method: "PUT",
			headers: copyOf("lake/orders/..%2Fitems%2Fsecret?versionId=null")}, 403},
		"a part from elsewhere": {sign{method: "PUT", uri: u + "/lake/orders/big?partNumber=1&uploadId=x",
			headers: copyOf("lake/items/secret")}, 403},
		"tags":   {sign{method: "PUT", headers: header("x-amz-tagging", "a=b")}, 403},
		"an ACL": {sign{method: "PUT", headers: header("x-amz-acl", "public-read")}, 403},
		"a bypass": {sign{method: "DELETE", headers: header("x-amz-bypass-governance-retention", "true")},
			403},
		"keys elsewhere": {sign{method: "POST", uri: u + "/lake?delete", body: deleteOf("orders/a",
			"items/secret")}, 403},
		"deletes without their body": {sign{method: "POST", uri: u + "/lake?delete"}, 400},
		"deletes of nothing":         {sign{method: "POST", uri: u + "/lake?delete", body: "<Delete></Delete>"}, 400},
		"no XML":                     {sign{method: "POST", uri: u + "/lake?delete", body: "{}"}, 400},
		"a body that is not needed":  {sign{method: "PUT", body: "x"}, 400},
		"the policy":                 {sign{uri: u + "/lake?policy"}, 406},
		"a bucket":                   {sign{method: "PUT", uri: u + "/new-bucket"}, 406},
		"all buckets":                {sign{uri: u + "/"}, 406},
		"an unknown parameter":       {sign{uri: u + "/lake/orders/a?acl"}, 406},
		"one more parameter":         {sign{uri: u + "/lake/orders/a?x-new=1"}, 406},
		"S3 Control":                 {sign{uri: u + "/v20180820/accessgrantsinstance"}, 403},
		"the signer itself":          {sign{method: "POST", uri: u + "/v1/aws/s3/sign"}, 400},
	} {
		refusedSigning(t, what, w.signs(c.in), c.status)
	}
	// With every right on S3, what is no data is not signed, and a body is what its hash and its bounds say.
	w.session = w.assume(w.etl, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
	deletes := sign{method: "POST", uri: u + "/lake?delete", body: deleteOf("orders/a")}
	anotherHash := deletes
	anotherHash.headers = header("x-amz-content-sha256", strings.Repeat("0", 64))
	if out := w.signs(deletes); out.status != 200 {
		t.Errorf("a delete: %d %+v", out.status, out.Error)
	}
	for what, c := range map[string]struct {
		in     sign
		status int
	}{
		"the policy, allowed":  {sign{uri: u + "/lake?policy"}, 406},
		"a bucket, allowed":    {sign{method: "PUT", uri: u + "/new-bucket"}, 406},
		"all buckets, allowed": {sign{uri: u + "/"}, 406},
		"the region, allowed":  {sign{uri: u + "/lake?location"}, 406},
		"another body's hash":  {anotherHash, 400},
		"deletes of nothing":   {sign{method: "POST", uri: u + "/lake?delete", body: "<Delete></Delete>"}, 400},
		"too many deletes": {sign{method: "POST", uri: u + "/lake?delete",
			body: deleteOf(slices.Repeat([]string{"orders/a"}, 1001)...)}, 400},
	} {
		refusedSigning(t, what, w.signs(c.in), c.status)
	}
	w.session = w.assume(w.etl, tablePolicy)
	// The session's table is signed through the name of another, and the other is not signed through the session's.
	out := w.signs(sign{path: "/v1/x/namespaces/n/tables/items/sign"})
	if status, _ := w.use("GET", out, "", nil); status != 206 {
		t.Errorf("the honest one: %d", status)
	}
	if a := w.send(w.root, get("/lake/items/secret")); a.body != "lake/items/secret" {
		t.Errorf("the secret: %d %s", a.status, a.body)
	}
}

func header(name, value string) map[string][]string { return map[string][]string{name: {value}} }
func copyOf(source string) map[string][]string      { return header("x-amz-copy-source", source) }

// A URI that two programs could read differently is not signed.
func TestAttack01_URIsWithTwoReadingsAreNotSigned(t *testing.T) {
	w := newSigningWorld(t, Config{})
	host := strings.TrimPrefix(w.url, "http://")
	for uri, status := range map[string]int{
		"http://evil.example/lake/orders/a":               403,
		"http://127.0.0.1:1/lake/orders/a":                403,
		"http://" + host + ".evil.example/lake/orders/a":  403,
		"http://" + host + "@evil.example/lake/orders/a":  400,
		"http://evil.example@" + host + "/lake/orders/a":  400,
		"http://user:pass@" + host + "/lake/orders/a":     400,
		"http://" + host + "#@evil.example/lake/orders/a": 400,
		"http://" + host + `\evil.example/lake/orders/a`:  400,
		"http://" + host + "%2eevil.example/lake/orders":  400,
		"ftp://" + host + "/lake/orders/a":                400,
		"//" + host + "/lake/orders/a":                    400,
		"/lake/orders/a":                                  400,
		"http:///lake/orders/a":                           400,
		"":                                                400,
		w.url + "/lake/orders/a b":                        400,
		w.url + "/lake/orders/a\r\nX-Evil: 1":             400,
		w.url + "/lake/orders/\x00":                       400,
		w.url + "/lake/orders/%zz":                        400,
		w.url + "/lake/orders/%":                          400,
		w.url + "/lake/orders/a#x":                        400,
		w.url + "/lake/orders/a?list-type=2;x":            406,
		w.url + "/lake/orders/\u00e9":                     400,
		w.url + "/lake/orders/%ff":                        400,
		w.url + "/lake/" + strings.Repeat("a", 20_000):    400,
		w.url + "/lake/orders/a?X-Amz-Signature=00":       400,
		w.url + "/lake/orders/a?x-amz-signature=00":       400,
		w.url + "/lake/orders/a?AWSAccessKeyId=x":         400,
		w.url + "/lake/orders/a?X-Amz-Security-Token=x":   400,
	} {
		if uri == "" {
			out := w.signs(sign{raw: `{"method":"GET","region":"us-east-1","uri":"","headers":{}}`})
			refusedSigning(t, "an empty uri", out, status)
			continue
		}
		out := w.signs(sign{uri: uri})
		if status == 400 && out.status == 406 { // an unknown parameter is refused before its meaning
			status = 406
		}
		refusedSigning(t, uri, out, status)
	}
}

// Escaped slashes and dots lead to no other object than the one that is decided about, once it is signed.
func TestAttack02_DotsAndSlashesInASignedURI(t *testing.T) {
	w := newSigningWorld(t, Config{})
	for _, path := range []string{
		"/lake/orders/../items/secret", "/lake/orders/..%2Fitems%2Fsecret", "/lake/orders/%2e%2e/items/secret",
		"/lake/orders/%2E%2E%2Fitems%2Fsecret", "/lake/orders%2F..%2Fitems%2Fsecret", "/lake/orders/%252e%252e/items/secret",
		"/lake/orders/..%252Fitems%252Fsecret", "/lake/./items/secret", "/lake//items/secret", "//lake/items/secret",
		"/lake/orders/..//items/secret", "/lake%2Fitems/secret", "/lake/%69tems/secret", "/other/../lake/items/secret",
		"/lake/orders/../../other/items/secret",
	} {
		out := w.signs(sign{uri: w.url + path})
		if out.status != 200 {
			continue
		}
		for _, sent := range []string{out.URI, w.url + "/lake/items/secret", w.url + "/other/items/secret"} {
			moved := *out
			moved.URI = sent
			if status, body := w.use("GET", &moved, "", nil); status < 400 {
				t.Errorf("%s, sent as %s: %d %.100s", path, sent, status, body)
			}
		}
	}
	for _, path := range []string{"/lake/orders/a", "/lake/orders%2Fa", "/lake/%6frders/a", "/lake/orders%2fa"} {
		out := w.signs(sign{uri: w.url + path})
		if status, body := w.use("GET", out, "", nil); status != 206 || body != "lake/orders/a" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// The headers of what is signed are the client's, and cannot become more.
func TestAttack12_HeadersThatAreNotSignedForOthers(t *testing.T) {
	w := newSigningWorld(t, Config{})
	for what, c := range map[string]struct {
		headers map[string][]string
		status  int
	}{
		"a line break":        {header("x-amz-meta-a", "b\r\nX-Evil: 1"), 400},
		"a NUL":               {header("x-amz-meta-a", "\x00"), 400},
		"a name with a break": {header("x-amz-meta-a\r\nX-Evil", "1"), 400},
		"a name with a colon": {header("x-amz-meta-a:", "1"), 400},
		"an empty name":       {header("", "1"), 400},
		"a name twice":        {map[string][]string{"X-Amz-Meta-A": {"1"}, "x-amz-meta-a": {"2"}}, 400},
		"two values":          {map[string][]string{"x-amz-meta-a": {"1", "2"}}, 400},
		"a signature":         {header("Authorization", "AWS4-HMAC-SHA256 x"), 403},
		"a token":             {header("X-Amz-Security-Token", "t"), 403},
		"another service":     {header("X-Amz-Target", "Latchkey.CreateAccount"), 403},
		"an account":          {header("x-amz-account-id", "123456789012"), 403},
		"hop by hop":          {header("Connection", "x-amz-date"), 403},
		"another method":      {header("X-HTTP-Method-Override", "DELETE"), 403},
		"a coding":            {header("Transfer-Encoding", "chunked"), 403},
		"another host":        {header("Host", "evil.example"), 400},
		"signed chunks":       {header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), 400},
		"no hash":             {header("x-amz-content-sha256", "abc"), 400},
		"no length":           {header("Content-Length", "-1"), 400},
		"too many":            {manyHeaders(101, 1), 400},
		"too long":            {manyHeaders(2, 20<<10), 400},
	} {
		refusedSigning(t, what, w.signs(sign{method: "PUT", uri: w.url + "/lake/orders/x", headers: c.headers}), c.status)
	}
	t.Run("a date of the client's own is replaced", func(t *testing.T) {
		out := w.signs(sign{headers: header("x-amz-date", "20991231T235959Z")})
		if status, _ := w.use("GET", out, "", nil); status != 200 || strings.HasPrefix(out.Headers["X-Amz-Date"][0], "2099") {
			t.Errorf("%d %v", status, out.Headers)
		}
	})
	t.Run("what is signed cannot be added to", func(t *testing.T) {
		for name, value := range map[string]string{"X-Amz-Tagging": "a=b", "X-Amz-Copy-Source": "lake/items/secret",
			"X-Amz-Acl": "public-read", "Content-Md5": "x", "Content-Type": "text/html", "If-None-Match": "*"} {
			out := w.signs(sign{method: "PUT", uri: w.url + "/lake/orders/x", headers: header("If-None-Match", "\"e\"")})
			out.Headers["Content-Type"] = []string{"text/plain"}
			delete(out.Headers, "Content-Type")
			status, body := w.use("PUT", out, "x", func(r *http.Request) { r.Header.Set(name, value) })
			if status < 400 && name != "Content-Type" {
				t.Errorf("%s was added: %d %s", name, status, body)
			}
		}
		out := w.signs(sign{method: "PUT", uri: w.url + "/lake/orders/x", headers: header("Content-Type", "text/plain")})
		if status, _ := w.use("PUT", out, "x", func(r *http.Request) {
			r.Header.Set("Content-Type",
				"text/html")
		}); status != 403 {
			t.Errorf("another type: %d", status)
		}
	})
}

func manyHeaders(n, size int) map[string][]string {
	all := map[string][]string{}
	for i := range n {
		all["x-amz-meta-"+strings.Repeat("a", i+1)] = []string{strings.Repeat("v", size)}
	}
	return all
}

// The body of the call is read strictly, and within bounds.
func TestAttack39_WhatIsToBeSignedIsReadStrictly(t *testing.T) {
	w := newSigningWorld(t, Config{})
	uri := w.url + "/lake/orders/a"
	good := `"method":"GET","region":"us-east-1","headers":{},"uri":"` + uri + `"`
	for what, raw := range map[string]string{
		"nothing":            ` `,
		"no object":          `[]`,
		"null":               `null`,
		"something behind":   `{` + good + `}{}`,
		"twice":              `{` + good + `,"uri":"` + w.url + `/lake/orders/b"}`,
		"in another case":    `{` + good + `,"URI":"` + uri + `"}`,
		"unknown":            `{` + good + `,"presign":true}`,
		"another type":       `{` + good + `,"body":1}`,
		"headers as text":    strings.Replace(`{`+good+`}`, `{},`, `{"a":"b"},`, 1),
		"a header twice":     strings.Replace(`{`+good+`}`, `{},`, `{"a":["b"],"a":["c"]},`, 1),
		"no headers":         strings.Replace(`{`+good+`}`, `"headers":{},`, ``, 1),
		"a method in small":  strings.Replace(`{`+good+`}`, `GET`, `get`, 1),
		"a method with more": strings.Replace(`{`+good+`}`, `GET`, `GET /other/x HTTP/1.1\r\n`, 1),
		"OPTIONS":            strings.Replace(`{`+good+`}`, `GET`, `OPTIONS`, 1),
		"PATCH":              strings.Replace(`{`+good+`}`, `GET`, `PATCH`, 1),
		"CONNECT":            strings.Replace(`{`+good+`}`, `GET`, `CONNECT`, 1),
		"another provider":   `{` + good + `,"provider":"gcs"}`,
		"no region":          strings.Replace(`{`+good+`}`, `us-east-1`, ``, 1),
		"a region with more": strings.Replace(`{`+good+`}`, `us-east-1`, `us-east-1/s3/aws4_request, x`, 1),
		"another region":     strings.Replace(`{`+good+`}`, `us-east-1`, `eu-west-1`, 1),
		"a property twice":   `{` + good + `,"properties":{"a":"b","a":"c"}}`,
		"nested deeply":      `{` + good + `,"properties":{"a":` + strings.Repeat(`[`, 20) + strings.Repeat(`]`, 20) + `}}`,
		"many values":        `{` + good + `,"properties":{"a":"b"` + strings.Repeat(`,"a":"b"`, 5000) + `}}`,
	} {
		refusedSigning(t, what, w.signs(sign{raw: raw}), 400)
	}
	for what, in := range map[string]sign{
		"a form":      {header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		"no type":     {header: map[string]string{"Content-Type": ""}},
		"a parameter": {path: "/v1/aws/s3/sign?x=1"},
	} {
		refusedSigning(t, what, w.signs(in), 400)
	}
	refusedSigning(t, "only presigned", w.signs(sign{header: map[string]string{
		"X-Iceberg-Access-Delegation": "remote-presigning,vended-credentials"}}), 406)
	if out := w.signs(sign{raw: `{` + good + `,"properties":{"a":"b"},"provider":"s3","body":null}`}); out.status != 200 {
		t.Errorf("the honest one: %d %+v", out.status, out.Error)
	}
}

// A bearer is made with the secret, and ends.
func TestAttack24_ABearerNeedsTheSecret(t *testing.T) {
	w := newSigningWorld(t, Config{})
	k := w.session
	made := func(key, secret, token string, ends time.Time) string {
		return credential.Bearer(credential.Credentials{AccessKeyID: key, Secret: credential.NewSecret(secret),
			SessionToken: credential.NewSecret(token)}, ends).Reveal()
	}
	soon := time.Now().Add(time.Hour)
	good := made(k.AccessKeyID, k.SecretAccessKey, k.SessionToken, soon)
	parts := strings.Split(good, ".")
	longer := strings.Join([]string{parts[0], parts[1], "99999999999", parts[3], parts[4]}, ".")
	other := w.assume(w.keyOf("etl"), tablePolicy)
	for what, bearer := range map[string]string{
		"the token alone":       k.SessionToken,
		"the access key":        k.AccessKeyID,
		"another secret":        made(k.AccessKeyID, k.SecretAccessKey+"x", k.SessionToken, soon),
		"no secret":             made(k.AccessKeyID, "", k.SessionToken, soon),
		"another session's key": made(other.AccessKeyID, k.SecretAccessKey, k.SessionToken, soon),
		"another's secret":      made(k.AccessKeyID, other.SecretAccessKey, k.SessionToken, soon),
		"another's token":       made(k.AccessKeyID, k.SecretAccessKey, other.SessionToken, soon),
		"a later end":           longer,
		"one that has ended":    made(k.AccessKeyID, k.SecretAccessKey, k.SessionToken, time.Now().Add(-time.Second)),
		"a long-term key":       made(w.root.AccessKeyID, w.root.SecretAccessKey, "", soon),
		"one part more":         good + ".x",
		"no form":               "lkb1.",
		"too long":              "lkb1." + strings.Repeat("a", 10_000),
		"something else":        "eyJhbGciOiJub25lIn0.e30.",
	} {
		refusedSigning(t, what, w.signs(sign{bearer: bearer}), 401)
	}
	for what, value := range map[string]string{"nothing": "", "no bearer": "Basic " + good, "only the word": "Bearer "} {
		out := w.signs(sign{header: map[string]string{"Authorization": value}})
		refusedSigning(t, what, out, 401)
		if out.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: the answer does not say what is needed", what)
		}
	}
	if out := w.signs(sign{bearer: good}); out.status != 200 {
		t.Errorf("the honest one: %d %+v", out.status, out.Error)
	}
}

// The credential in a signature is good for the signed request and for nothing else, and not for long.
func TestAttack19_TheCredentialOfASignatureIsForOneRequest(t *testing.T) {
	w := newSigningWorld(t, Config{})
	out := w.signs(sign{})
	token := out.Headers["X-Amz-Security-Token"][0]
	key, _, _ := strings.Cut(strings.TrimPrefix(out.Headers["Authorization"][0], "AWS4-HMAC-SHA256 Credential="), "/")
	s, secret, err := w.server.Control.Ring.Open(key, token, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(s.Expires); left > 5*time.Minute || left < 4*time.Minute {
		t.Errorf("it lasts %v", left)
	}
	// Even somebody who had its secret could not use it for anything else.
	k := w.session
	k.AccessKeyID, k.SecretAccessKey, k.SessionToken = key, secret.Reveal(), token
	for what, q := range map[string]request{
		"another key":                      get("/lake/orders/b"),
		"a list":                           get("/lake?list-type=2&prefix=orders/"),
		"a query":                          get("/lake/orders/a?partNumber=1"),
		"a write":                          put("/lake/orders/a", "x"),
		"a head":                           head("/lake/orders/a"),
		"a delete":                         {method: "DELETE", path: "/lake/orders/a"},
		"its own, with a hash of the body": get("/lake/orders/a"),
		"who it is":                        form(stsService, "GetCallerIdentity"),
	} {
		if a := w.send(k, q); a.status != 403 {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	bearer := bearerOf(k)
	refusedSigning(t, "a bearer of it", w.signs(sign{bearer: bearer}), 401)
	if status, _ := w.use("GET", out, "", nil); status != 206 {
		t.Errorf("the honest one: %d", status)
	}
	for what, change := range map[string]func(*http.Request){
		"another method": func(r *http.Request) { r.Method = "DELETE" },
		"another key":    func(r *http.Request) { r.URL.Opaque = strings.TrimSuffix(r.URL.Opaque, "a") + "b" },
		"another host":   func(r *http.Request) { r.Host = "lake.localhost" },
		"a parameter":    func(r *http.Request) { r.URL.RawQuery = "versionId=null" },
	} {
		if status, body := w.use("GET", out, "", change); status != 403 {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
}
