package store

import (
	"latchkey/internal/bucket"
	"latchkey/internal/fault"
)

// KindBucketCreation is the kind of the row of a bucket's creation.
const KindBucketCreation Kind = "bucket-creation"

// BucketCreations: id is the bucket's name, so that a name has one intention in the whole store. The engine's snapshot
// does not hold them: only transactions look at them.
var BucketCreations = Table[bucket.Creation]{
	Kind: KindBucketCreation, Entity: fault.Bucket,
	Key: func(c *bucket.Creation) Key { return Key{ID: c.Name, Parent: string(c.Account)} },
}
