package login

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"
)

// Provider is an OpenID provider as its discovery document describes it (OpenID Connect Discovery 1.0, RFC 8414).
type Provider struct {
	Issuer         string   `json:"issuer"`
	Authorization  string   `json:"authorization_endpoint"`
	Token          string   `json:"token_endpoint"`
	Device         string   `json:"device_authorization_endpoint"` // empty: no device flow (RFC 8628, 4)
	KeySet         string   `json:"jwks_uri"`
	Scopes         []string `json:"scopes_supported"`
	ResponseTypes  []string `json:"response_types_supported"`
	PKCE           []string `json:"code_challenge_methods_supported"`
	Signing        []string `json:"id_token_signing_alg_values_supported"`
	ClientAuth     []string `json:"token_endpoint_auth_methods_supported"`
	NamesItself    bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
	allowPlainHTTP bool
}

// maxDocument is the largest document or answer that is read, in bytes.
const maxDocument = 1 << 20

// providerClient is an HTTP client for providers. It uses the environment's proxy. It follows no redirects, which could
// send a secret elsewhere.
func providerClient() *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// serverClient is an HTTP client for Latchkey servers. It uses no proxy, because the server may be the proxy.
func serverClient() *http.Client {
	c := providerClient()
	c.Transport = &http.Transport{TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute}
	return c
}

// FindProvider reads the discovery document of an issuer and checks what signing in needs. Its errors say what an
// administrator has to correct. It refuses plain HTTP to other machines, unless allowPlainHTTP is set.
func FindProvider(ctx context.Context, issuer string, allowPlainHTTP bool) (*Provider, error) {
	if err := checkURL("the issuer", issuer, allowPlainHTTP); err != nil {
		return nil, err
	}
	if strings.Contains(issuer, "/.well-known/") {
		return nil, fmt.Errorf("the issuer %q must be the issuer itself, as in the iss claim of its tokens, "+
			"without /.well-known/openid-configuration", issuer)
	}
	at := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	p := &Provider{allowPlainHTTP: allowPlainHTTP}
	if err := getJSON(ctx, providerClient(), at, p); err != nil {
		return nil, fmt.Errorf("the discovery document of the provider: %w", err)
	}
	return p, p.check(issuer)
}

func (p *Provider) check(issuer string) error {
	if p.Issuer != issuer {
		return fmt.Errorf("the discovery document says that its issuer is %q, not %q: use exactly what it says",
			Printable(p.Issuer), issuer)
	}
	for _, e := range []struct{ name, url string }{
		{"authorization_endpoint", p.Authorization}, {"token_endpoint", p.Token}, {"jwks_uri", p.KeySet},
		{"device_authorization_endpoint", p.Device},
	} {
		if e.url == "" && e.name == "device_authorization_endpoint" {
			continue
		}
		if e.url == "" {
			return fmt.Errorf("the discovery document of %s has no %s", issuer, e.name)
		}
		if err := checkURL("the provider's "+e.name, e.url, p.allowPlainHTTP); err != nil {
			return err
		}
		if strings.HasPrefix(issuer, "https:") && !strings.HasPrefix(e.url, "https:") {
			return fmt.Errorf("the provider's %s %q is not served over TLS", e.name, Printable(e.url))
		}
	}
	if len(p.ResponseTypes) > 0 && !slices.Contains(p.ResponseTypes, "code") {
		return fmt.Errorf("the provider %s does not give authorization codes", issuer)
	}
	return nil
}

// checkURL refuses a text that is not a plain http or https URL, characters that must not reach a terminal, and plain
// HTTP to other machines.
func checkURL(what, raw string, allowPlainHTTP bool) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" ||
		strings.ContainsFunc(raw, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%s %q is not a URL of http or https", what, Printable(raw))
	}
	if u.Scheme == "http" && !allowPlainHTTP && !isLoopback(u.Hostname()) {
		return fmt.Errorf("%s %q has no TLS: others on the network could take what is sent to it", what, Printable(raw))
	}
	return nil
}

// isLoopback reports whether a host is this machine by its literal name or address, which no name service can change.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// getJSON reads a small JSON document.
func getJSON(ctx context.Context, c *http.Client, at string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	resp, err := c.Do(r)
	if err != nil {
		return unreachable(at, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		return unreachable(at, err)
	}
	if resp.StatusCode != http.StatusOK {
		return &statusError{at: at, status: resp.StatusCode, body: body}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s answers with something else than JSON of the expected form", at)
	}
	return nil
}

// statusError is the error for an answer whose status is not 200.
type statusError struct {
	at     string
	status int
	body   []byte
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s answers %d %s", e.at, e.status, http.StatusText(e.status))
}

// config is the OAuth client that asks the provider for tokens.
func (p *Provider) config(clientID, secret string, scopes []string) *oauth2.Config {
	style := oauth2.AuthStyleInParams
	// A client with a secret authenticates as the provider says, or by the header if the provider does not say (RFC 8414,
	// 2).
	if secret != "" && (len(p.ClientAuth) == 0 || slices.Contains(p.ClientAuth, "client_secret_basic")) {
		style = oauth2.AuthStyleInHeader
	}
	return &oauth2.Config{
		ClientID: clientID, ClientSecret: secret, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: p.Authorization, TokenURL: p.Token, DeviceAuthURL: p.Device, AuthStyle: style},
	}
}
