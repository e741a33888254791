// Package bucket is the bucket as an entity of the control plane: who owns it, where it is, and all that is
// configured for it. A bucket's policy, its tags, its CORS rules, its versioning and whatever S3 knows of a bucket
// besides its objects are fields of Bucket.
//
// It owns the entity and its identifiers. What lies in a bucket is the upstream's business. Who may do what with a
// bucket is decided in control/buckets and caller.
package bucket

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"latchkey/internal/access"
)

// Bucket is a registered bucket. It is stored as JSON under the names of its fields: a field that is added is left
// out of the JSON when it is empty, so that rows of older versions stay what they are.
type Bucket struct {
	Name    string
	Account access.AccountID // the owner
	Region  string
	Policy  string // bucket policy document; empty: none
	Created time.Time

	// Upstream is the name of the upstream in which the bucket lies. Empty: the server's only one.
	Upstream string `json:",omitempty"`

	// Nonce is what the upstream was given when it made the bucket. A bucket of this name that was made with another
	// one is not this bucket. Empty: not known, because an operator adopted the bucket, an older version made it, or
	// the upstream keeps no nonces.
	Nonce string `json:",omitempty"`
}

// ARN is the bucket's ARN.
func (b *Bucket) ARN() string { return "arn:aws:s3:::" + b.Name }

// Creation is the intention to create a bucket. It is committed before the upstream is asked, and removed by the
// transaction that registers the bucket. The nonce goes to the upstream with the creation, so that a bucket that was
// made for this intention can be told from one that lay there already.
type Creation struct {
	Name    string
	Account access.AccountID
	Nonce   string // random
	Region  string
	Created time.Time // when the last request began that wants this bucket
}

// CanonicalID is the id of an account as the owner of buckets and objects: 64 hexadecimal digits that follow from
// the account's id, as S3's canonical user ids do.
func CanonicalID(account access.AccountID) string {
	sum := sha256.Sum256([]byte("canonical user id of " + string(account)))
	return hex.EncodeToString(sum[:])
}
