package gateway

import (
	"context"
	"iter"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
)

// Stored tells the registry what lies in an upstream.
type Stored struct{ Upstream Upstream }

// HasBucket asks the upstream's HeadBucket.
func (s Stored) HasBucket(ctx context.Context, name, nonce string) (bool, error) {
	in := &s3.HeadBucketRequest{Bucket: &name}
	_, err := s.Upstream.Do(ctx, Meta{Nonce: nonce}, awswire.Call{Operation: s3.HeadBucket.Operation, Input: in})
	if fault.Is(err, fault.NotFound, fault.Bucket) {
		return false, nil
	}
	return err == nil, err
}

// Buckets asks the upstream's ListBuckets, page by page.
func (s Stored) Buckets(ctx context.Context) iter.Seq2[buckets.Stored, error] {
	return func(yield func(buckets.Stored, error) bool) {
		in := &s3.ListBucketsRequest{MaxBuckets: new(int32(1000))}
		for {
			out, err := s.Upstream.Do(ctx, Meta{}, awswire.Call{Operation: s3.ListBuckets.Operation, Input: in})
			if err != nil {
				yield(buckets.Stored{}, err)
				return
			}
			page := out.(*s3.ListBucketsOutput)
			for _, b := range page.Buckets {
				stored := buckets.Stored{Name: text(b.Name)}
				if b.CreationDate != nil {
					stored.Created = *b.CreationDate
				}
				if !yield(stored, nil) {
					return
				}
			}
			if text(page.ContinuationToken) == "" {
				return
			}
			in = &s3.ListBucketsRequest{MaxBuckets: in.MaxBuckets, ContinuationToken: page.ContinuationToken}
		}
	}
}
