package credential

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"strconv"
)

// A SigningKey signs what others verify with its public part. It is derived from a key of the ring, so that every
// node has it and it is rotated with the ring.
type SigningKey struct {
	ID  string                   // of the ring's key
	Key func() *ecdsa.PrivateKey // a function, as in [Key], so that it does not print
}

// SigningKeys are the keys for one purpose, on the curve P-256. The first one signs.
func (r *Ring) SigningKeys(purpose string) []SigningKey {
	all := *r.keys.Load()
	keys := make([]SigningKey, len(all))
	for i, m := range all {
		key := m.signingKey(purpose)
		keys[i] = SigningKey{ID: m.id.String(), Key: func() *ecdsa.PrivateKey { return key }}
	}
	return keys
}

// signingKey is the first derived number that is a valid private key. Nearly every number is.
func (m *keyMaterial) signingKey(purpose string) *ecdsa.PrivateKey {
	for i := 0; ; i++ {
		raw := m.derive("signature "+strconv.Itoa(i)+" "+purpose, 32)
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw); err == nil {
			return key
		}
	}
}
