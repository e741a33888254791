package credential

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// A prf is HMAC-SHA256 under one fixed key. It reuses keyed hashes, because making one takes four times as long. It
// is safe for concurrent use.
type prf struct {
	key  []byte
	idle sync.Pool // of hash.Hash
}

func newPRF(key []byte) *prf { return &prf{key: key} }

// sum hashes the concatenation of the parts. All parts but the last must have fixed lengths, so that two different
// lists of parts never have the same concatenation.
func (p *prf) sum(parts ...[]byte) (out [sha256.Size]byte) {
	h, ok := p.idle.Get().(hash.Hash)
	if ok {
		h.Reset()
	} else {
		h = hmac.New(sha256.New, p.key)
	}
	for _, part := range parts {
		h.Write(part)
	}
	h.Sum(out[:0])
	p.idle.Put(h)
	return out
}

// expand is HKDF-Expand (RFC 5869, 2.3) for one block: 32 bytes of key for this info.
func (p *prf) expand(info ...[]byte) [sha256.Size]byte {
	return p.sum(append(info, []byte{1})...)
}
