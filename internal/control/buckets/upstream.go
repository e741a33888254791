package buckets

import (
	"context"

	"latchkey/internal/bucket"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// InUpstream is the upstream that a bucket lies in. A bucket of an upstream that this server does not have is
// Unavailable: its name may mean another bucket in the upstream that is there.
func (b *Buckets) InUpstream(bucket *bucket.Bucket) (upstream.Upstream, error) {
	if bucket.Upstream != "" {
		return nil, fault.New(fault.Unavailable, fault.Bucket, "The store of this bucket is not configured.").
			With("BucketName", bucket.Name)
	}
	return b.Upstream, nil
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
