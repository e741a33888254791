package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Provider is an Issuer at which a person signs in with an authorization code and PKCE, with a refresh token, or with
// the device flow. It asks for no password: everybody who comes is signed in as person.
type Provider struct {
	*Issuer
	Client string // id of the only client, which is public

	t         testing.TB
	mu        sync.Mutex
	person    map[string]any // claims of the person; nil: the person refuses to sign in
	codes     map[string]url.Values
	refreshes map[string]bool
	devices   map[string]bool // by device code: whether it was approved
	hidden    []string        // claims of the person that only userinfo has
	access    map[string]bool // access tokens that userinfo accepts
}

// The provider's paths.
const (
	Authorize = "/authorize"
	Token     = "/token"
	Device    = "/device"
	UserInfo  = "/userinfo"
)

// NewProvider starts a provider with one public client. person are the claims of the person who signs in.
func NewProvider(t testing.TB, client string, person map[string]any) *Provider {
	p := &Provider{
		Issuer: New(t), Client: client, t: t, person: person,
		codes: map[string]url.Values{}, refreshes: map[string]bool{}, devices: map[string]bool{},
		access: map[string]bool{},
	}
	p.Serve(Discovery, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(p.Metadata()) })
	p.Serve(Authorize, p.authorize)
	p.Serve(Token, p.token)
	p.Serve(Device, p.device)
	return p
}

// OnlyInUserInfo moves claims of the person out of the identity token, as Authelia does by default. The provider has a
// userinfo endpoint from then on.
func (p *Provider) OnlyInUserInfo(claims ...string) {
	p.mu.Lock()
	p.hidden = claims
	p.mu.Unlock()
	p.Serve(UserInfo, func(w http.ResponseWriter, r *http.Request) {
		said, ok := p.Said(r)
		if !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(said)
	})
	p.Serve(Discovery, func(w http.ResponseWriter, _ *http.Request) {
		m := p.Metadata()
		m["userinfo_endpoint"] = p.URL + UserInfo
		m["claims_supported"] = []string{"sub", "email", "email_verified", "groups", "name"}
		_ = json.NewEncoder(w).Encode(m)
	})
}

// Said is what userinfo says of the person. ok is false if the request does not have an access token of the provider.
func (p *Provider) Said(r *http.Request) (said map[string]any, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !p.access[token] {
		return nil, false
	}
	said = map[string]any{"sub": p.Issuer.Claims(p.person)["sub"]}
	maps.Copy(said, p.person)
	return said, true
}

// Metadata is the discovery document.
func (p *Provider) Metadata() map[string]any {
	return map[string]any{
		"issuer":                        p.URL,
		"jwks_uri":                      p.URL + KeySet,
		"authorization_endpoint":        p.URL + Authorize,
		"token_endpoint":                p.URL + Token,
		"device_authorization_endpoint": p.URL + Device, "response_types_supported": []string{"code"},
		"scopes_supported": []string{"openid", "email", "profile"}, "code_challenge_methods_supported": []string{"S256"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "authorization_response_iss_parameter_supported": true,
		"token_endpoint_auth_methods_supported": []string{"none"},
	}
}

// Become changes the person who signs in from now on. nil refuses every sign-in.
func (p *Provider) Become(person map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = person
}

// Forget revokes every refresh token.
func (p *Provider) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.refreshes)
}

// Approve approves every pending device, as a person does who enters its code.
func (p *Provider) Approve() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for code := range p.devices {
		p.devices[code] = true
	}
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != p.Client || q.Get("response_type") != "code" ||
		q.Get("code_challenge_method") != "S256" ||
		!strings.Contains(" "+q.Get("scope")+" ", " openid ") {
		http.Error(w, "what is asked for is not served", http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {q.Get("state")}, "iss": {p.URL}}
	if p.person == nil {
		answer.Set("error", "access_denied")
	} else {
		code := rand.Text()
		p.codes[code] = q
		answer.Set("code", code)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	refuse := func(code string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
	}
	claims := map[string]any{"aud": p.Client}
	maps.Copy(claims, p.person)
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		code := r.PostFormValue("code")
		q := p.codes[code]
		delete(p.codes, code)
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if q == nil || q.Get("redirect_uri") != r.PostFormValue("redirect_uri") || r.PostFormValue("client_id") != p.Client ||
			q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
			refuse("invalid_grant")
			return
		}
		claims["nonce"] = q.Get("nonce")
	case "refresh_token":
		if old := r.PostFormValue("refresh_token"); !p.refreshes[old] {
			refuse("invalid_grant")
			return
		} else {
			delete(p.refreshes, old) // each refresh token works once
		}
	case "urn:ietf:params:oauth:grant-type:device_code":
		approved, known := p.devices[r.PostFormValue("device_code")]
		switch {
		case !known:
			refuse("invalid_grant")
			return
		case p.person == nil:
			refuse("access_denied")
			return
		case !approved:
			refuse("authorization_pending")
			return
		}
		delete(p.devices, r.PostFormValue("device_code"))
	default:
		refuse("unsupported_grant_type")
		return
	}
	for _, name := range p.hidden {
		delete(claims, name)
	}
	refresh, access := rand.Text(), rand.Text()
	p.refreshes[refresh], p.access[access] = true, true
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token":  access,
		"token_type":    "Bearer",
		"expires_in":    3600,
		"refresh_token": refresh,
		"id_token":      p.Issuer.Token(p.t, claims),
	})
}

func (p *Provider) device(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.PostFormValue("client_id") != p.Client {
		http.Error(w, "no such client", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.devices[code] = false
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"device_code": code, "user_code": "ABCD-EFGH", "verification_uri": p.URL + "/enter",
		"verification_uri_complete": p.URL + "/enter?code=ABCD-EFGH", "expires_in": 60, "interval": 1,
	})
}
