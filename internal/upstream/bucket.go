package upstream

import (
	"context"
	"fmt"
	"iter"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// HasBucket reports whether a bucket of this name is in the store. With a nonce that is not empty, it reports whether
// the bucket was made with that nonce.
func HasBucket(ctx context.Context, u Upstream, name, nonce string) (bool, error) {
	_, err := do(ctx, u, s3.HeadBucket, &s3.HeadBucketRequest{Bucket: &name}, Meta{Nonce: nonce})
	if fault.Is(err, fault.NotFound, fault.Bucket) {
		return false, nil
	}
	return err == nil, err
}

// Stored is a bucket that is in the store, whether an account owns it or not.
type Stored struct {
	Name    string
	Created time.Time // as the store tells it
}

// maxPage is how many buckets Buckets asks for at once.
const maxPage = 1000

// Buckets iterates over the buckets that are in the store, in the order of their names. It fails for a store that lists
// them in another order, because such a list might never end.
func Buckets(ctx context.Context, u Upstream) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		in := &s3.ListBucketsRequest{MaxBuckets: new(int32(maxPage))}
		last := ""
		for {
			page, err := do(ctx, u, s3.ListBuckets, in, Meta{})
			if err != nil {
				yield(Stored{}, err)
				return
			}
			for _, b := range page.Buckets {
				var stored Stored
				if b.Name != nil {
					stored.Name = *b.Name
				}
				if b.CreationDate != nil {
					stored.Created = *b.CreationDate
				}
				if stored.Name <= last {
					yield(Stored{}, fmt.Errorf("the upstream lists the bucket %q behind %q", stored.Name, last))
					return
				}
				last = stored.Name
				if !yield(stored, nil) {
					return
				}
			}
			if len(page.Buckets) == 0 || page.ContinuationToken == nil || *page.ContinuationToken == "" {
				return
			}
			in = &s3.ListBucketsRequest{MaxBuckets: in.MaxBuckets, ContinuationToken: page.ContinuationToken}
		}
	}
}

// do performs a call that the server makes for itself. It fails if the upstream answers with anything else than the
// operation's output.
func do[In, Out any](ctx context.Context, u Upstream, op awswire.Op[In, Out], in *In, m Meta) (*Out, error) {
	out, err := u.Do(ctx, Call{Meta: m, Operation: op.Operation, Input: in})
	if err != nil {
		return nil, err
	}
	typed, ok := out.(*Out)
	if !ok {
		return nil, fmt.Errorf("the upstream answered %s with a %T", op.Name, out)
	}
	return typed, nil
}
