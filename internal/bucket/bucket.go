// Package bucket is the bucket as an entity of the control plane: who owns it, where it is, and everything that is
// configured for it. A bucket's policy, its tags, its CORS rules, its versioning, and whatever else S3 knows about a
// bucket besides its objects, are fields of Bucket.
//
// The package owns the entity and its identifiers. The upstream owns what is in a bucket. Packages control/buckets and
// caller decide who may do what with a bucket.
package bucket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"latchkey/internal/access"
)

// Bucket is a registered bucket. It is stored as JSON under the names of its fields. A new field must be left out of
// the JSON when it is empty, so that the rows of older versions do not change.
type Bucket struct {
	Name    string
	Account access.AccountID // the owner
	Region  string
	Policy  string // bucket policy document; empty: none
	Created time.Time

	// Upstream is the name of the upstream that has the bucket. Empty: the server's own store.
	Upstream string `json:",omitempty"`

	// Nonce is the nonce with which the upstream made the bucket. A bucket of this name that was made with another nonce
	// is not this bucket. Empty means that the nonce is not known: an operator adopted the bucket, an older version made
	// it, or the upstream keeps no nonces.
	Nonce string `json:",omitempty"`
}

// ARN is the bucket's ARN.
func (b *Bucket) ARN() string { return "arn:aws:s3:::" + b.Name }

// Creation is the intention to create a bucket. It is committed before the upstream is asked. The transaction that
// registers the bucket removes it. The upstream gets the nonce together with the request to make the bucket. A bucket
// that was made for this intention can so be told from a bucket that was in the store before.
type Creation struct {
	Name    string
	Account access.AccountID
	Nonce   string // random
	Region  string
	Created time.Time // when the latest request to create this bucket began

	// Upstream is the name of the upstream that is asked to make the bucket. Empty: the server's own store.
	Upstream string `json:",omitempty"`
}

// CanonicalID returns the id of an account as the owner of buckets and objects: 64 hexadecimal digits, always the same,
// as S3's canonical user ids are. It is keyed with a secret of the store: who reads a listing must not find out the
// twelve digits of its owner by trying them all.
func CanonicalID(secret string, account access.AccountID) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("canonical user id of " + string(account)))
	return hex.EncodeToString(m.Sum(nil))
}
