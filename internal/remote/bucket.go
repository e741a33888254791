package remote

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// createBucket makes a bucket. Stores keep no nonces, and some answer the creation of a bucket that exists with success
// (S3 in us-east-1). So the store is asked first, and only a bucket that was not there is made.
func (s *Store) createBucket(ctx context.Context, c upstream.Call) (any, error) {
	given := c.Input.(*s3.CreateBucketRequest)
	if conf := given.CreateBucketConfiguration; conf != nil &&
		(conf.Location != nil || conf.Bucket != nil || len(conf.Tags) > 0) {
		return nil, notServed("CreateBucketConfiguration")
	}
	taken, err := s.taken(ctx, given.Bucket)
	if err != nil {
		return nil, err
	}
	if taken {
		return nil, fault.New(fault.AlreadyExists, fault.Bucket, "")
	}
	in := *given
	in.CreateBucketConfiguration = nil
	if s.options.Region != usEast1 { // the bucket's region here is ours to say, and its region there is the store's
		in.CreateBucketConfiguration = &s3.CreateBucketConfiguration{LocationConstraint: &s.options.Region}
	}
	c.Input = &in
	out, err := s.call(ctx, s.shape(c.Operation), c)
	if f := fault.Of(err); f != nil && f.Kind == fault.AlreadyExists {
		return nil, fault.New(fault.AlreadyExists, fault.Bucket, "").Because(err) // the store's words are about us
	}
	return out, err
}

// taken reports whether a bucket is in the store. A store says 403 if the bucket is another user's of the store, but
// also if it does not take our credentials: the answer to a HEAD does not tell which.
func (s *Store) taken(ctx context.Context, bucket *string) (bool, error) {
	_, err := invoke(ctx, s, s3.HeadBucket, &s3.HeadBucketRequest{Bucket: bucket})
	switch {
	case err == nil:
		return true, nil
	case fault.Is(err, fault.NotFound, fault.Bucket):
		return false, nil
	}
	if e, ok := errors.AsType[*awswire.APIError](err); !ok || e.Status != http.StatusForbidden {
		return false, err
	}
	_, worded := invoke(ctx, s, s3.GetBucketLocation, &s3.GetBucketLocationRequest{Bucket: bucket})
	if e, ok := errors.AsType[*awswire.APIError](worded); worded == nil || ok && e.Code == "AccessDenied" {
		return true, nil
	}
	return false, err
}

const (
	maxBuckets    = 10_000      // of a page (S3 API reference, ListBuckets)
	maxAllBuckets = 1_000_000   // of a store
	ours          = "latchkey:" // begins a token that we made: the name of the last bucket
)

// listBuckets lists the buckets of the store that are ours, in the order of our names. Many stores know no pages and
// answer with all buckets, and names that are replaced may change their order.
func (s *Store) listBuckets(ctx context.Context, c upstream.Call) (any, error) {
	in := c.Input.(*s3.ListBucketsRequest)
	size := maxBuckets
	if in.MaxBuckets != nil {
		size = min(max(int(*in.MaxBuckets), 1), maxBuckets)
	}
	token := awswire.Value(in.ContinuationToken)
	after, made := strings.CutPrefix(token, ours)
	if s.options.Rename == nil && !made {
		out, err := s.bucketPage(ctx, c, &s3.ListBucketsRequest{
			MaxBuckets: new(int32(size)), ContinuationToken: awswire.Optional(token), Prefix: in.Prefix})
		if err != nil || len(out.Buckets) <= size && inOrder(out.Buckets) {
			return out, err
		}
	}
	all, err := s.allBuckets(ctx, c)
	if err != nil {
		return nil, err
	}
	out := &s3.ListBucketsOutput{Prefix: in.Prefix}
	for _, b := range all {
		name := awswire.Value(b.Name)
		if made && name <= after || !strings.HasPrefix(name, awswire.Value(in.Prefix)) {
			continue
		}
		if len(out.Buckets) == size {
			out.ContinuationToken = new(ours + *out.Buckets[size-1].Name)
			break
		}
		out.Buckets = append(out.Buckets, b)
	}
	return out, nil
}

func inOrder(page []s3.Bucket) bool {
	return slices.IsSortedFunc(page, func(a, b s3.Bucket) int {
		return strings.Compare(awswire.Value(a.Name), awswire.Value(b.Name))
	})
}

// bucketPage asks the store for one page.
func (s *Store) bucketPage(ctx context.Context, c upstream.Call, in *s3.ListBucketsRequest) (*s3.ListBucketsOutput,
	error) {
	c.Input = in
	out, err := s.call(ctx, s.shape(c.Operation), c)
	if err != nil {
		return nil, err
	}
	page := out.(*s3.ListBucketsOutput)
	for i := range page.Buckets { // the registry has regions of its own
		page.Buckets[i].BucketRegion, page.Buckets[i].BucketArn = nil, nil
	}
	return page, nil
}

// allBuckets are all buckets of the store that are ours, by our names, in order.
func (s *Store) allBuckets(ctx context.Context, c upstream.Call) (all []s3.Bucket, err error) {
	in := &s3.ListBucketsRequest{MaxBuckets: new(int32(maxBuckets))}
	for {
		page, err := s.bucketPage(ctx, c, in)
		if err != nil {
			return nil, err
		}
		for _, b := range page.Buckets {
			if name, ok := s.original(awswire.Value(b.Name)); ok {
				b.Name = &name
				all = append(all, b)
			}
		}
		next := awswire.Value(page.ContinuationToken)
		if next == "" || len(page.Buckets) == 0 {
			break
		}
		if next == awswire.Value(in.ContinuationToken) || len(all) > maxAllBuckets {
			return nil, unavailable("the store's list of buckets has no end", nil)
		}
		in = &s3.ListBucketsRequest{MaxBuckets: in.MaxBuckets, ContinuationToken: &next}
	}
	slices.SortFunc(all, func(a, b s3.Bucket) int { return strings.Compare(*a.Name, *b.Name) })
	return all, nil
}

// original is our name of a bucket of the store.
func (s *Store) original(stored string) (string, bool) {
	switch {
	case s.options.Original != nil:
		return s.options.Original(stored)
	case s.options.Rename != nil:
		return stored, s.options.Rename(stored) == stored
	}
	return stored, true
}
