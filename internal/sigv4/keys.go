package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

type signingKey [sha256.Size]byte

func hmacSHA256(key []byte, data string) signingKey {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(data))
	var out signingKey
	m.Sum(out[:0])
	return out
}

// deriveKey makes the signing key of a day, region and service.
func deriveKey(secret, date, region, service string) signingKey {
	k := hmacSHA256([]byte("AWS4"+secret), date)
	k = hmacSHA256(k[:], region)
	k = hmacSHA256(k[:], service)
	return hmacSHA256(k[:], terminator)
}

// A KeyCache keeps derived signing keys, which are valid for a day. It keeps at most about as many keys as it was
// made for, and forgets those that were not used lately. It keeps no secret: an entry is found by a hash of the
// secret and the scope. It is safe for concurrent use. A nil KeyCache keeps nothing.
type KeyCache struct {
	mu            sync.RWMutex
	maxGeneration int

	// A key that is used moves to current. A full current becomes previous, and the old previous is dropped as a whole.
	current, previous map[signingKey]signingKey
}

// NewKeyCache makes a cache for size keys. A size below 2 means 2.
func NewKeyCache(size int) *KeyCache {
	return &KeyCache{maxGeneration: max(size, 2) / 2, current: map[signingKey]signingKey{}}
}

func (c *KeyCache) get(id signingKey) (k signingKey, ok bool) {
	if c == nil {
		return k, false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if k, ok = c.current[id]; !ok {
		k, ok = c.previous[id]
	}
	return k, ok
}

// put is called only with keys that verified a signature, so that strangers cannot flush the cache.
func (c *KeyCache) put(id, k signingKey) {
	if c == nil {
		return
	}
	c.mu.RLock()
	_, ok := c.current[id]
	c.mu.RUnlock()
	if ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.current) >= c.maxGeneration {
		c.previous, c.current = c.current, make(map[signingKey]signingKey, c.maxGeneration)
	}
	c.current[id] = k
}

// cacheID hashes the parts with their lengths, so that two different lists of parts never share an entry.
func cacheID(parts ...string) signingKey {
	b := make([]byte, 0, 160)
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}
