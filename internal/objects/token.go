package objects

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

const tokenMAC = 16 // bytes

// NextToken is the continuation token of the page that ended with last. It says where the next page begins. It is valid
// for the same listing only: the same bucket, prefix and delimiter.
func (s *Store) NextToken(in List, last string) string {
	return base64.RawURLEncoding.EncodeToString(append(s.tokenMAC(in, last), last...))
}

// OpenToken reads a token that NextToken made for the same bucket, prefix and delimiter, and returns where the page
// begins. It refuses every other string, so that a token never reaches another listing.
func (s *Store) OpenToken(in List, token string) (last string, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= tokenMAC || !hmac.Equal(raw[:tokenMAC], s.tokenMAC(in, string(raw[tokenMAC:]))) {
		return "", badArgument("continuation-token", token, "The continuation token provided is incorrect")
	}
	return string(raw[tokenMAC:]), nil
}

func (s *Store) tokenMAC(in List, last string) []byte {
	mac := hmac.New(sha256.New, s.tokenKey)
	for _, part := range []string{"list-objects-v2", in.Bucket, in.Prefix, in.Delimiter, last} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		mac.Write(n[:])
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)[:tokenMAC]
}
