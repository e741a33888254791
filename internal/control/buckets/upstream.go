package buckets

import (
	"cmp"
	"context"

	"latchkey/internal/bucket"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
	"latchkey/internal/upstreams"
)

// rowName is the name of an upstream as rows have it: that of the server's own store is left out.
func rowName(name string) string {
	if name == upstreams.Embedded {
		return ""
	}
	return name
}

// StoreName is the name of the upstream that has a bucket, as people read it.
func StoreName(bucket *bucket.Bucket) string { return cmp.Or(bucket.Upstream, upstreams.Embedded) }

// InUpstream returns the upstream that has a bucket. If this server does not have that upstream, or its configuration
// no longer serves the bucket, InUpstream fails with Unavailable, because the name may mean another bucket in another
// upstream.
func (b *Buckets) InUpstream(bucket *bucket.Bucket) (upstream.Upstream, error) {
	return b.in(bucket.Upstream, bucket.Name)
}

// Making returns the upstream that makes the bucket of an intention, as InUpstream does.
func (b *Buckets) Making(c *bucket.Creation) (upstream.Upstream, error) {
	return b.in(c.Upstream, c.Name)
}

// in returns the upstream of this name for a bucket.
func (b *Buckets) in(name, bucket string) (upstream.Upstream, error) {
	if rowName(name) == "" {
		return b.Upstream, nil
	}
	if m := b.Upstreams.Named(name); m != nil && m.Serves(bucket) {
		return m.Store, nil
	}
	return nil, fault.New(fault.Unavailable, fault.Bucket, "The store of this bucket is not configured.").
		With("BucketName", bucket)
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
