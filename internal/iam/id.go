package iam

import (
	"crypto/rand"
	"encoding/base32"
)

// Prefixes of the immutable ids and of access keys, as AWS documents them in "IAM identifiers".
const (
	UserIDPrefix   = "AIDA"
	RoleIDPrefix   = "AROA"
	PolicyIDPrefix = "ANPA"
	LongTermPrefix = "AKIA"
)

// NewID makes an immutable id: the prefix and 17 random characters of A-Z2-7. An id is never used twice. A user or
// role that was deleted and created again therefore has another id.
func NewID(prefix string) string { return prefix + randomBase32(17) }

// NewAccessKeyID makes the id of a long-term access key: AKIA and 16 characters.
func NewAccessKeyID() string { return LongTermPrefix + randomBase32(16) }

// NewSecret makes a secret access key of 40 characters with 200 random bits.
func NewSecret() string { return randomBase32(40) }

func randomBase32(n int) string {
	b := make([]byte, (n*5+7)/8)
	rand.Read(b)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)[:n]
}
