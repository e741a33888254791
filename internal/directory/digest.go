package directory

import "crypto/sha256"

// MembersDigest is a digest of who is in a group. The ids must be in order.
func MembersDigest(ids []UserID) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, id := range ids {
		h.Write([]byte(id))
		h.Write([]byte{0})
	}
	return [sha256.Size]byte(h.Sum(nil))
}
