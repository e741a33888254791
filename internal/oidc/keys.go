package oidc

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"latchkey/internal/fault"
)

// MaxKeys bounds the number of an issuer's keys that can verify a signature. A longer set is refused as a whole,
// because a token may be signed with a key that was cut off.
const MaxKeys = 256

// keySet is an issuer's keys as they were fetched. It does not change.
type keySet struct {
	keys    []jose.JSONWebKey
	fetched time.Time
}

// parseKeys reads a JWK set (RFC 7517). It ignores keys that cannot be read, are not for signatures, are secret or
// are too weak. It refuses a set without any other key, and one with more than MaxKeys others.
func parseKeys(body []byte, now time.Time) (*keySet, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := decode(body, &raw); err != nil {
		return nil, refuse(fault.IssuerInvalid, "the issuer's key set cannot be read").because(err)
	}
	set := &keySet{fetched: now}
	for _, text := range raw.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(text) != nil || !usable(&k, text) {
			continue
		}
		if len(set.keys) == MaxKeys {
			return nil, refuse(fault.IssuerInvalid, "the issuer's key set has more than %d keys", MaxKeys)
		}
		set.keys = append(set.keys, k)
	}
	if len(set.keys) == 0 {
		return nil, refuse(fault.IssuerInvalid, "the issuer's key set has no key that can verify a signature")
	}
	return set, nil
}

// usable reports whether a key may verify signatures.
func usable(k *jose.JSONWebKey, text []byte) bool {
	var more struct {
		Ops []string `json:"key_ops"`
	}
	if decode(text, &more) != nil || k.Use != "" && k.Use != "sig" || !k.IsPublic() || !k.Valid() {
		return false
	}
	verifies := more.Ops == nil
	for _, op := range more.Ops {
		verifies = verifies || op == "verify"
	}
	if key, ok := k.Key.(*rsa.PublicKey); ok && (key.N.BitLen() < 2048 || key.N.BitLen() > 8192) {
		return false
	}
	return verifies
}

// matchesAlg reports whether a key is of the type that an algorithm needs. If the key names an algorithm, it must be
// the token's, because the issuer chooses the algorithm, not the token.
func matchesAlg(k *jose.JSONWebKey, alg string) bool {
	if k.Algorithm != "" && k.Algorithm != alg {
		return false
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		return alg[0] == 'R' || alg[0] == 'P'
	case *ecdsa.PublicKey:
		switch alg {
		case "ES256":
			return key.Curve == elliptic.P256()
		case "ES384":
			return key.Curve == elliptic.P384()
		case "ES512":
			return key.Curve == elliptic.P521()
		}
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// verify checks the signature of a token with the keys that have its key id. If the token has no key id, it tries
// every key that fits.
func (s *keySet) verify(jws *jose.JSONWebSignature, h *header) *Error {
	named, tried := false, false
	for i := range s.keys {
		k := &s.keys[i]
		if h.Kid != "" && k.KeyID != h.Kid {
			continue
		}
		named = true
		if !matchesAlg(k, h.Alg) {
			continue
		}
		tried = true
		if _, err := jws.Verify(k.Key); err == nil {
			return nil
		}
	}
	switch {
	case !named:
		return refuse(fault.KeyUnknown, "the issuer has no key with the id that the token names")
	case !tried:
		return refuse(fault.AlgForbidden, "the issuer's key is not for the signature algorithm of the token")
	}
	return refuse(fault.SignatureInvalid, "the signature of the token does not match")
}
