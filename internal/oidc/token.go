package oidc

import (
	"context"
	"encoding/base64"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// Limits of a token.
const (
	MaxToken   = 20000           // bytes; STS accepts web identity tokens up to this size
	MaxSkew    = 5 * time.Minute // how far iat and nbf may be in the future
	ExpirySkew = time.Minute     // how long a token is accepted after exp, for clocks that are slow
)

// algorithms are the accepted signature algorithms. Each of them needs a private key to sign. The key that verifies a
// token is public, and nobody can forge a token with it.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// Issuer is what the caller knows about an issuer.
type Issuer struct {
	Audiences []string // the token's audience must be one of them
	Disabled  bool
	Party     bool // a token's azp claim, if there is one, is its audience in place of aud, as in AWS STS
}

// Claims are the claims of a verified token.
type Claims struct {
	Issuer   string
	Subject  string
	Audience []string
	Party    string // azp, the client that the token was issued to; empty: absent
	Expires  time.Time
	IssuedAt time.Time // zero: absent
	ID       string    // jti; empty: none
	All      map[string]any
}

// bearer is a token and where it came from.
type bearer struct {
	token  string
	source netip.Prefix
}

// Verify checks a token that came from this network. trust returns what the caller knows about the issuer that the
// token names. If ok is false, the issuer is not trusted, and Verify fetches nothing. iss is compared byte by byte, as
// OpenID Connect requires. The error is an *Error or that of the context.
//
// The source bounds how often forged tokens make the server fetch an issuer's keys: see refetch. The zero prefix is a
// source like any other.
func (v *Verifier) Verify(ctx context.Context, token string, source netip.Prefix,
	trust func(issuer string) (i Issuer, ok bool)) (*Claims, error) {
	h, c, err := parse(token)
	if err != nil {
		return nil, err
	}
	known, ok := trust(c.Issuer)
	if c.Issuer == "" || !ok {
		return nil, refuse(fault.IssuerUnknown, "the issuer of the token is not trusted here")
	}
	if known.Disabled {
		return nil, refuse(fault.IssuerDisabled, "the issuer of the token is disabled")
	}
	if err := v.signed(ctx, bearer{token, source}, h, c.Issuer); err != nil {
		return nil, err
	}
	if err := c.check(v.now(), known); err != nil {
		return nil, err
	}
	return c, nil
}

// header is the part of a token's protected header that this package uses. It does not read keys that a token
// contains or names (jwk, jku, x5c, x5u).
type header struct {
	Alg  string          `json:"alg"`
	Kid  string          `json:"kid"`
	Typ  string          `json:"typ"`
	Crit json.RawMessage `json:"crit"`
}

// parse reads header and claims. It verifies nothing.
func parse(token string) (*header, *Claims, error) {
	if len(token) > MaxToken {
		return nil, nil, refuse(fault.TokenTooLarge, "the token has more than %d bytes", MaxToken)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, refuse(fault.TokenMalformed, "the token is not a signed JWT of three parts")
	}
	// The decoder skips line breaks and ignores trailing bits, and a token must have only one text.
	if _, err := base64.RawURLEncoding.Strict().DecodeString(parts[2]); err != nil || strings.ContainsAny(token, "\r\n") {
		return nil, nil, refuse(fault.TokenMalformed, "the token is not in base64url").because(err)
	}
	h := &header{}
	if err := part(parts[0], h); err != nil {
		return nil, nil, refuse(fault.TokenMalformed, "the header of the token cannot be read").because(err)
	}
	if !slices.Contains(algorithms, jose.SignatureAlgorithm(h.Alg)) {
		return nil, nil, refuse(fault.AlgForbidden,
			"the signature algorithm of the token is not accepted; RS, PS, ES and EdDSA are")
	}
	if h.Crit != nil {
		return nil, nil, refuse(fault.TokenMalformed, "the token has critical header members that are not understood")
	}
	if !slices.Contains([]string{"", "jwt", "at+jwt", "application/jwt", "application/at+jwt"}, strings.ToLower(h.Typ)) {
		return nil, nil, refuse(fault.TypeForbidden, "the token is neither an identity token nor an access token")
	}
	c := &Claims{}
	if err := part(parts[1], &c.All); err != nil || c.All == nil {
		return nil, nil, refuse(fault.TokenMalformed, "the claims of the token cannot be read").because(err)
	}
	c.Issuer, _ = c.All["iss"].(string)
	return h, c, nil
}

// tokenBudget is what a part of a token may cost. It is decoded before its signature is looked at. Groups of a person
// are the longest lists in it.
var tokenBudget = budget.Budget{Bytes: 64 << 10, Elements: 5_000, Depth: 20}

// part decodes one part of a token.
func part(text string, v any) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return err
	}
	if err := tokenBudget.CheckJSON(b); err != nil {
		return err
	}
	return decode(b, v)
}

// signed checks the signature with the issuer's keys. A token that the cached keys do not verify may be signed with a
// key that the issuer has published since, under a new key id or under that of an old key. signed then fetches the keys
// once more.
func (v *Verifier) signed(ctx context.Context, b bearer, h *header, issuer string) error {
	jws, err := jose.ParseSignedCompact(b.token, algorithms)
	if err != nil {
		return refuse(fault.TokenMalformed, "the token is not a signed JWT").because(err)
	}
	set, fresh, err := v.keys(ctx, issuer, b.source)
	if err != nil {
		return err
	}
	refused := set.verify(jws, h)
	if refused == nil || fresh {
		return asError(refused)
	}
	refetched, err := v.refetch(ctx, issuer, b.source, set)
	if err != nil {
		return err
	}
	if refetched == nil && (refused.Reason == fault.KeyUnknown || v.now().Sub(set.fetched) >= v.o.Every) {
		return refuse(fault.KeysNotRefetched, "the issuer's keys do not verify the token, "+
			"and it is too soon to fetch them again: try again").because(refused)
	}
	if refetched == nil { // the keys are so new that the signature is wrong
		return asError(refused)
	}
	return asError(refetched.verify(jws, h))
}

// asError turns a nil *Error into a nil error.
func asError(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

// check compares the claims with the clock and the audiences.
func (c *Claims) check(now time.Time, known Issuer) error {
	var err error
	if c.Audience, err = audience(c.All["aud"]); err != nil {
		return err
	}
	if c.Party, err = textClaim(c.All, "azp"); err != nil {
		return err
	}
	meant := c.Audience
	if known.Party && c.Party != "" {
		meant = []string{c.Party}
	}
	if !slices.ContainsFunc(meant, func(a string) bool { return slices.Contains(known.Audiences, a) }) {
		return refuse(fault.AudMismatch, "the token is not for an audience that this application accepts")
	}
	if c.Expires, err = timeClaim(c.All, "exp"); err != nil {
		return err
	}
	if c.Expires.IsZero() {
		return refuse(fault.ClaimMissing, "the token has no exp claim")
	}
	if !now.Before(c.Expires.Add(ExpirySkew)) {
		return refuse(fault.TokenExpired, "the token has expired")
	}
	if c.IssuedAt, err = timeClaim(c.All, "iat"); err != nil {
		return err
	}
	notBefore, err := timeClaim(c.All, "nbf")
	if err != nil {
		return err
	}
	if now.Add(MaxSkew).Before(notBefore) || now.Add(MaxSkew).Before(c.IssuedAt) {
		return refuse(fault.TokenNotYetValid, "the token is not valid yet: are the clocks right?")
	}
	if c.Subject, err = textClaim(c.All, "sub"); err != nil {
		return err
	}
	if c.Subject == "" {
		return refuse(fault.ClaimMissing, "the token has no sub claim")
	}
	c.ID, err = textClaim(c.All, "jti")
	return err
}

func audience(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, refuse(fault.ClaimMissing, "the token has no aud claim")
	case string:
		return []string{v}, nil
	case []any:
		list := make([]string, 0, len(v))
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil, refuse(fault.ClaimInvalid, "the aud claim is not a list of strings")
			}
			list = append(list, s)
		}
		return list, nil
	}
	return nil, refuse(fault.ClaimInvalid, "the aud claim is neither a string nor a list")
}

// timeClaim is a claim in seconds since 1970, or the zero time if the claim is absent.
func timeClaim(all map[string]any, name string) (time.Time, error) {
	v, ok := all[name]
	if !ok {
		return time.Time{}, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, refuse(fault.ClaimInvalid, "the %s claim is not a number", name)
	}
	f, err := n.Float64()
	if err != nil || f < 1 || f > math.MaxInt32*100.0 {
		return time.Time{}, refuse(fault.ClaimInvalid, "the %s claim is not a time", name)
	}
	return time.Unix(int64(f), 0).UTC(), nil
}

// textClaim is a claim that is a string, or the empty text if the claim is absent.
func textClaim(all map[string]any, name string) (string, error) {
	v, ok := all[name]
	if !ok {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", refuse(fault.ClaimInvalid, "the %s claim is not a string", name)
	}
	return s, nil
}

// Path is the text at a path of claims, such as email or address.country. The name of a claim may itself contain
// dots: the longest name that exists is used. Path is empty if there is no such claim or it is not a text.
func (c *Claims) Path(path string) string { return at(c.All, path) }

func at(m map[string]any, path string) string {
	if s, ok := m[path].(string); ok {
		return s
	}
	for i := len(path) - 1; i > 0; i-- {
		if path[i] != '.' {
			continue
		}
		if inner, ok := m[path[:i]].(map[string]any); ok {
			if s := at(inner, path[i+1:]); s != "" {
				return s
			}
		}
	}
	return ""
}
