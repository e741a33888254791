package buckets

import (
	"context"

	"latchkey/internal/bucket"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// InUpstream returns the upstream that has a bucket. If this server does not have that upstream, it fails with
// Unavailable, because the name may mean another bucket in the upstream that the server has.
func (b *Buckets) InUpstream(bucket *bucket.Bucket) (upstream.Upstream, error) {
	if bucket.Upstream != "" {
		return nil, fault.New(fault.Unavailable, fault.Bucket, "The store of this bucket is not configured.").
			With("BucketName", bucket.Name)
	}
	return b.Upstream, nil
}

// Genuine checks that the store's bucket with the name of a registered bucket is that bucket. If the store's bucket was
// made with another nonce, database and store are not of the same time, and the store's bucket may be another
// account's. The registered bucket then no longer exists, and Genuine fails with NotFound. A bucket whose nonce is not
// known counts as genuine.
//
// The store is asked once for each bucket, because no other bucket ever gets its nonce.
func (b *Buckets) Genuine(ctx context.Context, bucket *bucket.Bucket) error {
	if bucket.Nonce == "" {
		return nil
	}
	if _, ok := b.genuine.Load(bucket.Nonce); ok {
		return nil
	}
	u, err := b.InUpstream(bucket)
	if err != nil {
		return err
	}
	has, err := upstream.HasBucket(ctx, u, bucket.Name, bucket.Nonce)
	if err != nil {
		return err
	}
	if !has {
		return fault.New(fault.NotFound, fault.Bucket, "").With("BucketName", bucket.Name).Because(errNotGenuine)
	}
	b.genuine.Store(bucket.Nonce, struct{}{})
	return nil
}
