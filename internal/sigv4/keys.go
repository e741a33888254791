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

// A KeyCache keeps derived signing keys, which are good for a day. It holds at most about the number of keys it was
// made for, forgets those not used lately, and keeps no secret: an entry is found by a hash over the secret and the
// scope. It is safe for concurrent use; a nil KeyCache keeps nothing.
type KeyCache struct {
	mu       sync.RWMutex
	half     int
	now, old map[signingKey]signingKey // two generations: what is used moves to now, old goes as a whole
}

// NewKeyCache makes a cache for size keys; a size below 2 is taken as 2.
func NewKeyCache(size int) *KeyCache {
	return &KeyCache{half: max(size, 2) / 2, now: map[signingKey]signingKey{}}
}

func (c *KeyCache) get(id signingKey) (k signingKey, ok bool) {
	if c == nil {
		return k, false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if k, ok = c.now[id]; !ok {
		k, ok = c.old[id]
	}
	return k, ok
}

// put is called only with keys that a good signature has proved, so that strangers cannot flush the cache.
func (c *KeyCache) put(id, k signingKey) {
	if c == nil {
		return
	}
	c.mu.RLock()
	_, ok := c.now[id]
	c.mu.RUnlock()
	if ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.now) >= c.half {
		c.old, c.now = c.now, make(map[signingKey]signingKey, c.half)
	}
	c.now[id] = k
}

// cacheID hashes the parts with their lengths, so that no two different quadruples share an entry.
func cacheID(parts ...string) signingKey {
	b := make([]byte, 0, 160)
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}

func (c *KeyCache) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.now) + len(c.old)
}
