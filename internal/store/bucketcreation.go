package store

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// KindBucketCreation is the kind of the row of a bucket's creation.
const KindBucketCreation Kind = "bucket-creation"

// BucketCreation is the intention to create a bucket. It is committed before the upstream is asked, and removed by the
// transaction that registers the bucket. The nonce goes to the upstream with the creation, so that a bucket that was
// made for this intention can be told from one that lay there already.
type BucketCreation struct {
	Name    string
	Account access.AccountID
	Nonce   string // random
	Region  string
	Created time.Time // when the last request began that wants this bucket
}

// BucketCreations: id is the bucket's name, so that a name has one intention in the whole store. The engine's snapshot
// does not hold them: only transactions look at them.
var BucketCreations = Table[BucketCreation]{
	Kind: KindBucketCreation, Entity: fault.Bucket,
	Key: func(c *BucketCreation) Key { return Key{ID: c.Name, Parent: string(c.Account)} },
}
