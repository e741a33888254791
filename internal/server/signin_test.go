package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPublicURL(t *testing.T) {
	for text, good := range map[string]bool{
		"":                                true,
		"https://grants.example.org":      true,
		"https://grants.example.org/":     true,
		"http://127.0.0.1:4242":           true,
		"https://[::1]:8443":              true,
		"grants.example.org":              false,
		"https://":                        false,
		"https://grants.example.org/base": false,
		"https://a@grants.example.org":    false,
		"https://grants.example.org?x":    false,
		"https://grants.example.org#x":    false,
		"ftp://grants.example.org":        false,
		"javascript:alert(1)":             false,
		"https://Grants.example.org":      false,
		"https://grants.example.org//":    false,
	} {
		if err := CheckPublicURL(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	s := boot(t, Config{PublicURL: "https://grants.example.org/"})
	putSignIn(t, s)
	if got := s.publicURL(); got != "https://grants.example.org" {
		t.Errorf("the public URL is %s", got)
	}
	// The name that a browser asks for never decides where the provider sends people back to.
	r, err := http.NewRequest(http.MethodPost, s.URL()+"/client/register",
		strings.NewReader(`{"clientName":"x","clientType":"public"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-Host", "evil.example")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), `"https://grants.example.org/authorize"`) ||
		strings.Contains(string(body), "evil") {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
}

// Requests that are signed for S3, and S3's uploads from forms, reach buckets that have the names of pages.
func TestBucketsWithTheNamesOfPages(t *testing.T) {
	s := boot(t, Config{})
	page := func(method, target, kind, authorization string) bool {
		r := httptest.NewRequest(method, s.URL()+target, nil)
		r.Header.Set("Content-Type", kind)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		s.router.ServeHTTP(w, r)
		return strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")
	}
	const form, signature = "application/x-www-form-urlencoded",
		"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
	for _, target := range []string{"/device", "/authorize", "/authorize/callback"} {
		if !page("GET", target, "", "") {
			t.Errorf("GET %s is no page", target)
		}
		for name, got := range map[string]bool{
			"signed":             page("GET", target, "", signature),
			"presigned":          page("GET", target+"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", "", ""),
			"an object":          page("GET", target+"/x", "", ""),
			"a folder":           page("GET", target+"/", "", ""),
			"another spelling":   page("GET", "/%64evice", "", ""),
			"an upload":          page("PUT", target, form, ""),
			"a form with a file": page("POST", target, "multipart/form-data; boundary=x", ""),
			"a signed form":      page("POST", target, form, signature),
		} {
			if got {
				t.Errorf("%s, %s, is a page", target, name)
			}
		}
	}
	if !page("POST", "/device", form, "") || page("POST", "/authorize/callback", form, "") {
		t.Error("forms are not where they should be")
	}
}

// An object that a browser shows as a page must not act with the origin of the pages where people sign in.
func TestAttack37_ObjectsThatActAsPages(t *testing.T) {
	s := boot(t, Config{})
	for name, header := range map[string]http.Header{
		"a browser":     {"Sec-Fetch-Mode": {"navigate"}},
		"an older one":  {"Accept": {"text/html,application/xhtml+xml"}},
		"an SDK":        {"Accept": {"*/*"}},
		"a script's":    {"Sec-Fetch-Mode": {"cors"}},
		"nothing known": nil,
	} {
		r := httptest.NewRequest(http.MethodGet, s.URL()+"/lake/page.html", nil)
		for k, v := range header {
			r.Header[k] = v
		}
		w := httptest.NewRecorder()
		s.router.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Security-Policy"); got != "sandbox" {
			t.Errorf("%s: the policy is %q", name, got)
		}
	}
}

// A request to a bucket's host is for an object, even if its key is one of the server's own paths.
func TestObjectsWithTheNamesOfDocuments(t *testing.T) {
	s := boot(t, Config{})
	for _, path := range []string{KeysPath, DiscoveryPath} {
		answer := func(query, authorization string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, "http://lake.localhost"+path+query, nil)
			r.Header.Set("Authorization", authorization)
			w := httptest.NewRecorder()
			s.router.ServeHTTP(w, r)
			return w
		}
		for _, w := range []*httptest.ResponseRecorder{
			answer("", ""),
			answer("", "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"),
			answer("?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", ""),
		} {
			if strings.Contains(w.Header().Get("Content-Type"), "json") || w.Code < 400 {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		w := httptest.NewRecorder()
		s.router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.URL()+path, nil))
		if !strings.Contains(w.Header().Get("Content-Type"), "json") {
			t.Errorf("%s of the server: %d %s", path, w.Code, w.Body)
		}
	}
}
