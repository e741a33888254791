package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// rooted is a world of a server with one bucket, with the root user's keys.
func rooted(t *testing.T, s *Server) *walkWorld {
	w := &walkWorld{
		t: t, url: s.URL(), seeded: map[string]string{},
		root: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
	}
	w.must(put("/lake", ""))
	svg := put("/lake/page.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
	svg.header = map[string]string{"Content-Type": "image/svg+xml"}
	w.keep("etag", &got{body: `"etag":"` + strings.Trim(w.must(svg).header.Get("Etag"), `"`) + `"`}, "etag")
	return w
}

// Every answer about an object keeps a browser from running it as a page, whatever the request's headers say, so that
// no cached copy lacks the headers.
func TestAttack51_EveryAnswerWithAnObjectIsSandboxed(t *testing.T) {
	w := rooted(t, boot(t, Config{}))
	with := func(q request, name, value string) request {
		q.header = map[string]string{name: value}
		return q
	}
	object := get("/lake/page.svg")
	for name, c := range map[string]struct {
		request request
		status  int
	}{
		"an object":             {object, 200},
		"for a script":          {with(object, "Sec-Fetch-Mode", "cors"), 200},
		"for a cache":           {with(object, "Accept", "*/*"), 200},
		"as another type":       {get("/lake/page.svg?response-content-type=text%2Fhtml"), 200},
		"a part":                {with(object, "Range", "bytes=0-3"), 206},
		"unchanged":             {with(object, "If-None-Match", `"`+w.id("etag")+`"`), 304},
		"changed":               {with(object, "If-Match", `"other"`), 412},
		"a range that is none":  {with(object, "Range", "bytes=1000-"), 416},
		"its headers":           {head("/lake/page.svg"), 200},
		"its headers, missing":  {head("/lake/missing"), 404},
		"a missing object":      {get("/lake/missing"), 404},
		"a missing bucket":      {get("/puddle/page.svg"), 404},
		"a list":                {get("/lake"), 200},
		"by nobody":             {request{method: "GET", path: "/lake/page.svg", service: "-"}, 403},
		"a bucket's own page":   {get("/device/index.html"), 404},
		"a preflight":           {request{method: "OPTIONS", path: "/lake/page.svg", service: "-"}, 403},
		"an upload":             {put("/lake/other.html", "x"), 200},
		"a method that is none": {request{method: "PATCH", path: "/lake/page.svg", service: "-"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			a := w.send(w.root, c.request)
			if name == "a method that is none" && a.status >= 400 {
				c.status = a.status
			}
			if a.status != c.status || a.header.Get("Content-Security-Policy") != "sandbox" ||
				a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%d %v %s", a.status, a.header, a.body)
			}
		})
	}
}

// Where people sign in at a host of their own, pages are at that host only, and objects are at every other.
func TestAttack51_SignInHasAHostOfItsOwn(t *testing.T) {
	s := boot(t, Config{SignInURL: "https://sign-in.example.org"})
	w := rooted(t, s)
	if a := w.must(get("/lake/page.svg")); a.header.Get("Content-Security-Policy") != "" ||
		a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("an object at a host without pages: %v", a.header)
	}
	const signature = "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/s3/aws4_request, " +
		"SignedHeaders=host, Signature=00"
	const pages = "sign-in.example.org"
	for name, c := range map[string]struct {
		host, method, target string
		header               []string
		status               int
		shows                string // in the body, or the Location
	}{
		"the page":              {pages, "GET", "/device", nil, 200, `id="user_code"`},
		"the page, with a port": {pages + ":443", "GET", "/device", nil, 303, "https://" + pages + "/device"},
		"the page, with a dot":  {"SIGN-IN.example.org.", "GET", "/device", nil, 303, "https://" + pages + "/device"},
		"how people sign in":    {pages, "GET", "/.well-known/latchkey", nil, 404, "not_set_up"},
		"keys of tokens":        {pages, "GET", "/.well-known/jwks.json", nil, 200, "keys"},
		"health":                {pages, "GET", "/healthz", nil, 200, "ok"},
		"an object":             {pages, "GET", "/lake/page.svg", nil, 421, "another one"},
		"a signed request":      {pages, "GET", "/lake/page.svg", []string{signature}, 421, "another one"},
		"a signed page":         {pages, "GET", "/device", []string{signature}, 421, "another one"},
		"a presigned request":   {pages, "GET", "/device?X-Amz-Signature=00", nil, 421, "another one"},
		"the root":              {pages, "GET", "/", nil, 421, "another one"},
		"the control plane":     {pages, "GET", "/v20180820/accessgrantsinstance", nil, 421, "another one"},
		"SCIM":                  {pages, "GET", "/scim/v2/Users", nil, 421, "another one"},
		"the page, elsewhere":   {"s3.example.org", "GET", "/device", nil, 303, "https://" + pages + "/device"},
		"with a query elsewhere": {"s3.example.org", "GET", "/authorize?a=b", nil, 303,
			"https://" + pages + "/authorize?a=b"},
		"the callback elsewhere": {"s3.example.org", "GET", "/authorize/callback?state=x", nil, 403, "AccessDenied"},
		"a form elsewhere": {"s3.example.org", "POST", "/device", []string{"Content-Length: 0",
			"Content-Type: application/x-www-form-urlencoded"}, 0, "<Error>"},
		"a bucket's host": {"lake.localhost", "GET", "/device", nil, 403, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			status, header, body := send(t, s, c.method, c.target, c.host, c.header...)
			if c.status != 0 && status != c.status || c.status == 0 && status < 400 ||
				!strings.Contains(body+header.Get("Location"), c.shows) ||
				header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%d %v %s", status, header, body)
			}
			if strings.Contains(body, `id="user_code"`) && !strings.HasPrefix(strings.ToLower(c.host), pages) {
				t.Errorf("a page at %s", c.host)
			}
			if header.Get("Set-Cookie") != "" {
				t.Errorf("a cookie: %v", header)
			}
		})
	}
}

// A bucket in the host comes before a page in the path.
func TestAttack51_ABucketsHostHasNoPages(t *testing.T) {
	s := boot(t, Config{Domains: []string{"s3.example.org"}})
	for _, host := range []string{"lake.localhost", "lake.s3.example.org", "LAKE.S3.example.org.:80"} {
		for _, path := range []string{"/device", "/authorize", "/authorize/callback"} {
			if status, header, body := send(t, s, "GET", path, host); strings.Contains(body, "<html") ||
				status < 400 || header.Get("Content-Security-Policy") != "sandbox" {
				t.Errorf("%s%s: %d %v %s", host, path, status, header, body)
			}
		}
		if status, _, body := send(t, s, "POST", "/token", host, "Content-Type: application/json",
			"Content-Length: 0"); !strings.Contains(body, "<Error>") {
			t.Errorf("a token at %s: %d %s", host, status, body)
		}
	}
	if _, header, _ := send(t, s, "GET", "/device", "s3.example.org"); header.Get("Location") !=
		s.URL()+"/device?moved=1" {
		t.Errorf("the page: %v", header)
	}
}

func TestSignInURL(t *testing.T) {
	for text, c := range map[string]Config{
		"is not a scheme and a host":    {SignInURL: "sign-in.example.org"},
		"is not a scheme and a host ":   {SignInURL: "https://sign-in.example.org/base"},
		"at the host of the public URL": {SignInURL: "https://a.example.org:8443", PublicURL: "https://a.example.org"},
		"at the domain s3.example.org":  {SignInURL: "https://s3.example.org", Domains: []string{"s3.example.org"}},
		"at the domain S3.example.org":  {SignInURL: "https://in.s3.example.org", Domains: []string{"S3.example.org"}},
	} {
		if err := CheckSignInURL(c); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(text)) {
			t.Errorf("%+v: %v", c, err)
		}
		c.Data, c.Listen = t.TempDir(), "127.0.0.1:0"
		if s, err := Open(t.Context(), c); err == nil {
			_ = s.Close()
			t.Errorf("%s: a server opened", text)
		}
	}
	good := Config{SignInURL: "https://in.example.org", PublicURL: "https://s3.example.org",
		Domains: []string{"s3.example.org"}}
	if err := CheckSignInURL(good); err != nil {
		t.Error(err)
	}
	s := boot(t, good)
	if got := s.signInURL(); got != "https://in.example.org" {
		t.Errorf("people sign in at %s", got)
	}
	putSignIn(t, s)
	w := rooted(t, s)
	a := w.send(w.root, ofOAuth("/client/register", newClient))
	if a.status != http.StatusOK || !strings.Contains(a.body, `"https://in.example.org/authorize"`) {
		t.Errorf("a client is sent to %s", a.body)
	}
}
