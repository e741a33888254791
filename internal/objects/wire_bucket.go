package objects

import (
	"context"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/upstream"
)

func (w *wire) createBucket(
	ctx context.Context, c upstream.Call, in *s3.CreateBucketRequest,
) (*s3.CreateBucketOutput, error) {
	if c := in.CreateBucketConfiguration; c != nil && (c.Location != nil || c.Bucket != nil || len(c.Tags) > 0) {
		return nil, notServed("CreateBucketConfiguration")
	}
	name := awswire.Value(in.Bucket)
	return &s3.CreateBucketOutput{Location: new("/" + name)}, w.s.MakeBucket(ctx, name, c.Nonce)
}

func (w *wire) deleteBucket(
	ctx context.Context, c upstream.Call, in *s3.DeleteBucketRequest,
) (*s3.DeleteBucketOutput, error) {
	return nil, w.s.RemoveBucket(ctx, awswire.Value(in.Bucket), c.Nonce)
}

func (w *wire) headBucket(
	ctx context.Context, c upstream.Call, in *s3.HeadBucketRequest,
) (*s3.HeadBucketOutput, error) {
	return nil, w.s.FindBucket(ctx, awswire.Value(in.Bucket), c.Nonce)
}

// maxBuckets is the largest page of buckets (S3 API reference, ListBuckets).
const maxBuckets = 10_000

// listBuckets lists every bucket of the store, whoever owns it. Its continuation token is the name of the last bucket.
// The token reveals nothing, because a caller of this list may know all names.
func (w *wire) listBuckets(
	ctx context.Context, _ upstream.Call, in *s3.ListBucketsRequest,
) (*s3.ListBucketsOutput, error) {
	size := maxBuckets
	if in.MaxBuckets != nil {
		size = min(size, int(*in.MaxBuckets))
	}
	page, more, err := w.s.Buckets(ctx,
		ListBuckets{Prefix: awswire.Value(in.Prefix), After: awswire.Value(in.ContinuationToken), Max: size})
	if err != nil {
		return nil, err
	}
	out := &s3.ListBucketsOutput{Prefix: in.Prefix}
	for i := range page {
		out.Buckets = append(out.Buckets, s3.Bucket{Name: &page[i].Name, CreationDate: &page[i].Created})
	}
	if more {
		out.ContinuationToken = &page[len(page)-1].Name
	}
	return out, nil
}
