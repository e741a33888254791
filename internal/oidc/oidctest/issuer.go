// Package oidctest is a small OpenID Connect issuer for tests. It is a real HTTP server on a loopback port, with a
// discovery document and a key set, and signs the tokens that a test asks for.
package oidctest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is a running issuer. It stops when the test ends.
type Issuer struct {
	URL     string
	Fetches atomic.Int64 // number of requests for the key set

	mu      sync.Mutex
	keys    []jose.JSONWebKey // public, as served
	signer  crypto.Signer
	kid     string
	serve   map[string]http.HandlerFunc
	rotated int
}

// New starts an issuer over plain HTTP with one RSA key.
func New(t testing.TB) *Issuer {
	i := &Issuer{serve: map[string]http.HandlerFunc{}}
	s := httptest.NewServer(i)
	t.Cleanup(s.Close)
	i.URL = s.URL
	i.Rotate(t)
	return i
}

// NewTLS starts an issuer over TLS. It also returns the server, whose certificate clients need.
func NewTLS(t testing.TB) (*Issuer, *httptest.Server) {
	i := &Issuer{serve: map[string]http.HandlerFunc{}}
	s := httptest.NewTLSServer(i)
	t.Cleanup(s.Close)
	i.URL = s.URL
	i.Rotate(t)
	return i, s
}

// Rotate replaces the signing key, as identity providers do from time to time.
func (i *Issuer) Rotate(t testing.TB) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	i.rotated++
	kid := fmt.Sprintf("key-%d", i.rotated)
	i.mu.Unlock()
	i.Use(key, jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig", Algorithm: "RS256"})
}

// Use sets the signing key and the key set.
func (i *Issuer) Use(signer crypto.Signer, set ...jose.JSONWebKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signer, i.keys, i.kid = signer, set, set[0].KeyID
}

// Serve replaces the issuer's answer at a path by that of a handler.
func (i *Issuer) Serve(path string, h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.serve[path] = h
}

// The issuer's paths.
const (
	Discovery = "/.well-known/openid-configuration"
	KeySet    = "/keys"
)

// ServeHTTP answers requests for the discovery document and the key set.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	h, keys := i.serve[r.URL.Path], i.keys
	i.mu.Unlock()
	if r.URL.Path == KeySet {
		i.Fetches.Add(1)
	}
	switch {
	case h != nil:
		h(w, r)
	case r.URL.Path == Discovery:
		json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + KeySet})
	case r.URL.Path == KeySet:
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: keys})
	default:
		http.NotFound(w, r)
	}
}

// PublicKey is the key that verifies what Token signs.
func (i *Issuer) PublicKey() crypto.PublicKey {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.signer.Public()
}

// Signer is the key with which Token signs.
func (i *Issuer) Signer() crypto.Signer {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.signer
}

// Claims are the claims of a valid token, which was issued now by this issuer for the audience "app" and expires in
// an hour. The claims in more replace them, or remove them if they are nil.
func (i *Issuer) Claims(more map[string]any) map[string]any {
	now := time.Now()
	c := map[string]any{
		"iss": i.URL,
		"sub": "subject-1",
		"aud": "app",
		"iat": now.Unix(),
		"exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(c, more)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// Token is a token with these claims, signed with RS256 and the current key.
func (i *Issuer) Token(t testing.TB, more map[string]any) string {
	t.Helper()
	i.mu.Lock()
	signer, kid := i.signer, i.kid
	i.mu.Unlock()
	return Sign(t, jose.RS256, signer, kid, i.Claims(more))
}

// Sign is a token with these claims, signed with this key. An empty kid is left out.
func Sign(t testing.TB, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	o := (&jose.SignerOptions{}).WithType("JWT")
	if kid != "" {
		o = o.WithHeader("kid", kid)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
