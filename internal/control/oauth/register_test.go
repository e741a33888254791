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
		"http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://[::1]:080/",
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
			u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" || !isPort(u) {
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

func TestPortsOfRedirectURIs(t *testing.T) {
	for uri, want := range map[string]bool{
		"http://127.0.0.1/":      true,
		"http://127.0.0.1:1/":    true,
		"http://[::1]:65535/x":   true,
		"http://127.0.0.1:65536": false,
		"http://127.0.0.1:99999": false,
		"http://127.0.0.1:0/":    false,
		"http://127.0.0.1:08/":   false,
		"http://127.0.0.1:/":     false,
		"http://127.0.0.1:+1/":   false,
	} {
		if Loopback(uri) != want {
			t.Errorf("%s: %v", uri, !want)
		}
		if isRedirectable(uri) != want {
			t.Errorf("a browser is sent to %s: %v", uri, !want)
		}
	}
}

func TestAttack54_NamesThatShowNothing(t *testing.T) {
	for name, want := range map[string]bool{
		"latchkey": true, "AWS CLI v2 (déjà vu) 日本語 ✓": true,
		"":         true, // its length is checked elsewhere
		"a\u200bb": false, "a\u00adb": false, "a\u2060b": false, "a\ufeffb": false, "a\u202eb": false, "a\u3164b": false,
		"\u115f": false, "\uffa0": false, "a\u034fb": false, "a\u2800b": false, "a\ufe0fb": false, "a\U000e0041b": false,
		"a\u00a0b": false, "a\u2003b": false, "a\tb": false, "a\nb": false, "a\u0085b": false, "a\ue000b": false,
		"a\xffb": false, "a\ufffdb": true, "\u17b4": false, "a\U000e0100b": false,
	} {
		if printable(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
