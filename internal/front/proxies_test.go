package front

import (
	"crypto/tls"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func proxies(t *testing.T, texts ...string) Proxies {
	t.Helper()
	p, err := ParseProxies(texts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhoTheClientIs(t *testing.T) {
	trusted := proxies(t, "10.0.0.0/8", "192.0.2.7", "fd00::/8", "fe80::/10")
	many := strings.TrimSuffix(strings.Repeat("10.0.0.3, ", 40), ", ")
	for _, c := range []struct {
		name, peer string
		trusted    Proxies
		header     []string
		want       string
	}{
		{"nobody is trusted", "10.0.0.1:1", nil, []string{"203.0.113.9"}, "10.0.0.1"},
		{"the peer is not trusted", "203.0.113.1:1", trusted, []string{"10.0.0.9"}, "203.0.113.1"},
		{"a neighbour of a trusted address is not", "192.0.2.8:1", trusted, []string{"203.0.113.9"}, "192.0.2.8"},
		{"a trusted peer", "10.0.0.1:1", trusted, []string{"203.0.113.9"}, "203.0.113.9"},
		{"a trusted address alone", "192.0.2.7:1", trusted, []string{"203.0.113.9"}, "203.0.113.9"},
		{"what the client wrote before is not believed", "10.0.0.1:1", trusted, []string{"10.6.6.6, 203.0.113.9"},
			"203.0.113.9"},
		{"nor in a header of its own", "10.0.0.1:1", trusted, []string{"10.6.6.6", "203.0.113.9"}, "203.0.113.9"},
		{"a chain", "10.0.0.1:1", trusted, []string{"198.51.100.4, 203.0.113.9, 192.0.2.7,10.0.0.2"}, "203.0.113.9"},
		{"a chain over several headers", "10.0.0.1:1", trusted, []string{"203.0.113.9", "192.0.2.7", "10.0.0.2"},
			"203.0.113.9"},
		{"a chain of trusted ones alone", "10.0.0.1:1", trusted, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"no header", "10.0.0.1:1", trusted, nil, "10.0.0.1"},
		{"an empty header", "10.0.0.1:1", trusted, []string{""}, "10.0.0.1"},
		{"an empty entry ends the walk", "10.0.0.1:1", trusted, []string{"203.0.113.9, , 10.0.0.2"}, "10.0.0.2"},
		{"what is no address ends the walk", "10.0.0.1:1", trusted, []string{"203.0.113.9, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"nothing but rubbish", "10.0.0.1:1", trusted, []string{"10.0.0.256"}, "10.0.0.1"},
		{"rubbish to the left does not matter", "10.0.0.1:1", trusted, []string{"<script>, ::::, 203.0.113.9"},
			"203.0.113.9"},
		{"a long header does not hide the client", "10.0.0.1:1", trusted,
			[]string{strings.Repeat("x", 40_000) + ", 203.0.113.9"}, "203.0.113.9"},
		{"many entries do not hide the client", "10.0.0.1:1", trusted, []string{many + ", 203.0.113.9"}, "203.0.113.9"},
		{"a walk has an end", "10.0.0.1:1", trusted, []string{"203.0.113.9, " + many}, "10.0.0.3"},
		{"with a port", "10.0.0.1:1", trusted, []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv6", "[fd00::1]:1", trusted, []string{"2001:db8::9"}, "2001:db8::9"},
		{"IPv6 in brackets", "[fd00::1]:1", trusted, []string{"[2001:db8::9]"}, "2001:db8::9"},
		{"IPv6 with a port", "[fd00::1]:1", trusted, []string{"[2001:db8::9]:443"}, "2001:db8::9"},
		{"half a bracket", "[fd00::1]:1", trusted, []string{"[2001:db8::9"}, "fd00::1"},
		{"a zone is no client's", "[fd00::1]:1", trusted, []string{"fe80::1%eth0"}, "fd00::1"},
		{"a link-local peer", "[fe80::1%eth0]:1", trusted, []string{"2001:db8::9"}, "2001:db8::9"},
		{"an IPv4 client in IPv6's form", "10.0.0.1:1", trusted, []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"an IPv4 proxy in IPv6's form", "[::ffff:10.0.0.1]:1", trusted, []string{"203.0.113.9"}, "203.0.113.9"},
		{"a trusted address in IPv6's form is passed over", "10.0.0.1:1", trusted, []string{"203.0.113.9, ::ffff:10.0.0.2"},
			"203.0.113.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"] = c.header
			r.Header.Set("Forwarded", "for=10.9.9.9")
			r.Header.Set("X-Real-Ip", "10.9.9.9")
			got := c.trusted.Connection(r, "id")
			if got.SourceIP != netip.MustParseAddr(c.want) || got.RequestID != "id" {
				t.Errorf("got %v, want %s", got.SourceIP, c.want)
			}
		})
	}
	t.Run("no address", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "@"
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		if got := trusted.Connection(r, ""); got.SourceIP.IsValid() {
			t.Error(got)
		}
	})
}

func TestWhetherTheClientCameWithTLS(t *testing.T) {
	trusted := proxies(t, "10.0.0.0/8")
	for _, c := range []struct {
		name, peer string
		tls        bool
		header     []string
		version    uint16
		atProxy    bool
	}{
		{"an untrusted peer cannot say so", "203.0.113.1:1", false, []string{"https"}, 0, false},
		{"an untrusted peer cannot deny it", "203.0.113.1:1", true, []string{"http"}, tls.VersionTLS13, false},
		{"the proxy says so", "10.0.0.1:1", false, []string{"https"}, 0, true},
		{"in capitals", "10.0.0.1:1", false, []string{"HTTPS"}, 0, true},
		{"the proxy came with TLS, the client did not", "10.0.0.1:1", true, []string{"http"}, 0, false},
		{"both did", "10.0.0.1:1", true, []string{"https"}, 0, true},
		{"the proxy says nothing", "10.0.0.1:1", true, nil, tls.VersionTLS13, false},
		{"two headers", "10.0.0.1:1", true, []string{"https", "https"}, 0, false},
		{"a list", "10.0.0.1:1", false, []string{"https, http"}, 0, false},
		{"empty", "10.0.0.1:1", true, []string{""}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			if c.tls {
				r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13}
			}
			if c.header != nil {
				r.Header["X-Forwarded-Proto"] = c.header
			}
			if got := trusted.Connection(r, ""); got.TLS != c.version || got.TLSAtProxy != c.atProxy {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestParseProxies(t *testing.T) {
	for text, want := range map[string]string{
		"0.0.0.0/0":           "everybody",
		"::/0":                "everybody",
		"10.0.0.1/8":          "10.0.0.0/8 or 10.0.0.1",
		"proxy.example.org":   "neither",
		"":                    "neither",
		"::ffff:10.0.0.0/104": "IPv6's form",
		"fe80::1%eth0":        "neither",
		"10.0.0.0/33":         "neither",
	} {
		if p, err := ParseProxies([]string{"192.0.2.1", text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
	if p := proxies(t, "192.0.2.1", "2001:db8::1", "10.0.0.0/8"); len(p) != 3 || p[0].Bits() != 32 || p[1].Bits() != 128 {
		t.Error(p)
	}
	if p := proxies(t); p != nil {
		t.Error(p)
	}
}

func FuzzForwardedFor(f *testing.F) {
	f.Add("10.0.0.2", "203.0.113.9")
	f.Add(", ,", "[::1]:1")
	trusted := Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, first, second string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1"
		// Whatever a client writes, the address that the trusted proxy saw stands.
		r.Header["X-Forwarded-For"] = []string{first, second + ", 203.0.113.77"}
		if got := trusted.Connection(r, "").SourceIP; got != netip.MustParseAddr("203.0.113.77") {
			t.Errorf("the client is %v", got)
		}
	})
}
