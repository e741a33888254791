package credential

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"testing"
)

func TestPRFIsHMACAndHKDF(t *testing.T) {
	key := []byte("a key of no particular length")
	p := newPRF(key)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				mac := hmac.New(sha256.New, key)
				mac.Write([]byte("one two"))
				if got := p.sum([]byte("one "), []byte("two")); string(got[:]) != string(mac.Sum(nil)) {
					t.Error("sum is not HMAC-SHA256")
				}
				want, err := hkdf.Expand(sha256.New, key, "salt purpose", 32)
				if got := p.expand([]byte("salt "), []byte("purpose")); err != nil || string(got[:]) != string(want) {
					t.Error("expand is not HKDF-Expand")
				}
			}
		})
	}
	wg.Wait()
}
