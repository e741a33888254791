package oauth

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzLoopback compares what Loopback accepts with how net/url parses it.
func FuzzLoopback(f *testing.F) {
	for _, s := range []string{
		"http://127.0.0.1/oauth/callback", "http://127.0.0.1:50123/oauth/callback", "http://[::1]:1/x?y=z",
		"http://127.0.0.1", "http://127.0.0.1:80@evil.example/",
		"http://127.0.0.1.evil.example/", `http://127.0.0.1\@evil.example/`, "http://127.0.0.1/#x", "http://127.0.0.1:/",
		"https://127.0.0.1/", "http://127.0.0.1/%zz",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, ok := parseLoopback(s)
		if !ok {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" ||
			u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" {
			t.Fatalf("%q is %+v, %v", s, u, err)
		}
		if !strings.HasSuffix(s, l.rest) || l.host != "127.0.0.1" && l.host != "[::1]" || strings.ContainsAny(s, "\\#\r\n ") {
			t.Fatalf("%q is taken apart as %+v", s, l)
		}
		same := Client{RedirectURIs: []string{s}}
		if !same.RedirectsTo(s) || !same.RedirectsTo("http://"+l.host+":1234"+l.rest) ||
			same.RedirectsTo("http://"+l.host+".evil.example"+l.rest) {
			t.Fatalf("%q is not compared as it should", s)
		}
	})
}
