package buckets

import (
	"context"
	"iter"
	"time"

	"latchkey/internal/bucket"
	"latchkey/internal/fault"
)

// Upstream is what the registry asks of the store behind the gateway. That store outlives the registry: an older
// database may be restored before it, a new database may be put before it, or it may itself be an older copy.
type Upstream interface {
	// HasBucket reports whether a bucket of this name lies in the store. With a nonce that is not empty, it reports
	// whether the bucket was made with that nonce.
	HasBucket(ctx context.Context, name, nonce string) (bool, error)
	// Buckets goes through the buckets that lie in the store, in the order of their names.
	Buckets(ctx context.Context) iter.Seq2[Stored, error]
}

// Stored is a bucket that lies in the store, whether an account has it or not.
type Stored struct {
	Name    string
	Created time.Time // as the store tells it
}

// Genuine checks that what lies in the store under the name of a registered bucket is that bucket. If the store's was
// made with another nonce, database and store are not of the same time, and what is in the store may be another
// account's: the registered bucket is then gone, and NotFound. A bucket whose nonce nobody knows counts as genuine.
//
// The store is asked once for a bucket: no other bucket ever has its nonce.
func (b *Buckets) Genuine(ctx context.Context, bucket *bucket.Bucket) error {
	if bucket.Nonce == "" {
		return nil
	}
	if _, ok := b.genuine.Load(bucket.Nonce); ok {
		return nil
	}
	has, err := b.Upstream.HasBucket(ctx, bucket.Name, bucket.Nonce)
	if err != nil {
		return err
	}
	if !has {
		return fault.New(fault.NotFound, fault.Bucket, "").With("BucketName", bucket.Name).Because(errNotGenuine)
	}
	b.genuine.Store(bucket.Nonce, struct{}{})
	return nil
}
