package gateway

import (
	"context"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/bucket"
	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
)

// administer answers an operation on buckets or their configuration. Its record has the request's parameters.
func (g *Gateway) administer(q *request, in any) (any, error) {
	for k, v := range awswire.Parameters(q.op, in) {
		q.Call.Event.RequestParameters[k] = v
	}
	return g.perform(q, in)
}

// owned finds the addressed bucket.
func (q *request) owned(name, owner *string) (*bucket.Bucket, error) {
	b, err := buckets.Owned(q.Call, awswire.Value(name), awswire.Value(owner))
	q.bucket = b
	if err == nil {
		q.Call.Address(b.Account)
	}
	return b, err
}

func (g *Gateway) listBuckets(q *request, in *s3.ListBucketsRequest) (any, error) {
	size := 0
	if in.MaxBuckets != nil {
		size = int(*in.MaxBuckets)
	}
	filter := buckets.Filter{Prefix: awswire.Value(in.Prefix), Region: awswire.Value(in.BucketRegion)}
	page, next, err := g.Buckets.List(q.Call, filter, awswire.Value(in.ContinuationToken), size,
		func() []*bucket.Bucket { return g.Grants.ReachedBuckets(q.Call.Caller) })
	if err != nil {
		return nil, err
	}
	out := &s3.ListBucketsOutput{Prefix: in.Prefix, Owner: &s3.Owner{ID: new(q.g.ownerID(q.Call.Account))}}
	if next != "" {
		out.ContinuationToken = &next
	}
	for _, b := range page {
		out.Buckets = append(out.Buckets,
			s3.Bucket{Name: new(b.Name), CreationDate: new(b.Created), BucketRegion: new(b.Region)})
	}
	return out, nil
}

// createBucket commits the intention, lets the upstream make the bucket with the intention's nonce, and registers it. A
// bucket that was in the upstream before is not the caller's, whoever the caller is.
func (g *Gateway) createBucket(q *request, in *s3.CreateBucketRequest) (any, error) {
	region := q.Call.Facts.SignedRegion // in which the bucket is to be
	if c := in.CreateBucketConfiguration; c != nil {
		if asked := awswire.Value(c.LocationConstraint); asked != "" && asked != region &&
			!(asked == "EU" && region == "eu-west-1") {
			return nil, fault.New(fault.Invalid, fault.Region,
				"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", asked)
		}
	}
	name := awswire.Value(in.Bucket)
	unlock, err := g.Buckets.Lock(q.Context(), name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := g.reauthenticate(q); err != nil { // another request with this name may just have ended
		return nil, err
	}
	if err := g.Buckets.CheckNew(q.Call, name, region); err != nil {
		return nil, err
	}
	c, err := g.Buckets.Intend(q.Context(), q.Call, name, region)
	if err != nil {
		return nil, err
	}
	if err := g.makeBucket(q, in, c); err != nil {
		return nil, err
	}
	// The bucket exists now. A client that has gone away must not leave it without an owner.
	if err := g.Buckets.Register(context.WithoutCancel(q.Context()), q.Call, c); err != nil {
		return nil, err
	}
	return &s3.CreateBucketOutput{Location: new("/" + name)}, nil
}

// makeBucket lets the upstream make the bucket of an intention. A failure that says that nothing was made ends the
// intention. After any other failure the intention stands: the bucket may have been made.
func (g *Gateway) makeBucket(q *request, in any, c *bucket.Creation) error {
	ctx, cancel := context.WithTimeout(q.Context(), buckets.MaxMaking)
	defer cancel()
	u, err := g.Buckets.Making(c)
	if err != nil {
		return err
	}
	_, err = g.callStore(ctx, q, u, in, c.Nonce)
	if err == nil {
		return nil
	}
	if madeNothing(err) {
		if failed := g.Buckets.Abandon(context.WithoutCancel(q.Context()), c); failed != nil {
			return failed
		}
	}
	if fault.KindOf(err) == fault.AlreadyExists {
		return buckets.NotAvailable(c.Name)
	}
	return err
}

// madeNothing reports whether a failure to create a bucket says that no bucket was made: see package upstream.
func madeNothing(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Malformed, fault.Denied, fault.AlreadyExists, fault.LimitExceeded, fault.TooLarge,
		fault.Unsupported:
		return true
	}
	return false
}

// deleteBucket deletes the bucket in the upstream, then removes it from the registry. If the second step is never
// reached, the bucket stays registered: its owner can delete it again, and nobody else gets the name before that. For
// the same reason a bucket that the upstream does not have is removed from the registry: an entry without a bucket is
// of no use and gives nobody access. deleteBucket does not touch a bucket that another creation made under the name.
// That one belongs to no account afterwards.
func (g *Gateway) deleteBucket(q *request, in *s3.DeleteBucketRequest) (any, error) {
	unlock, err := g.Buckets.Lock(q.Context(), awswire.Value(in.Bucket))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := g.reauthenticate(q); err != nil {
		return nil, err
	}
	b, err := q.owned(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if err := g.may(q.Call, b, &permission{action: "s3:DeleteBucket", bucket: b.Name}); err != nil {
		return nil, err
	}
	_, err = g.callUpstream(q.Context(), q, in, b.Nonce)
	if err != nil && !fault.Is(err, fault.NotFound, fault.Bucket) {
		return nil, err
	}
	return &s3.DeleteBucketOutput{}, g.Buckets.Unregister(q.Context(), q.Call, b)
}

func (g *Gateway) headBucket(q *request, _ *s3.HeadBucketRequest) (any, error) {
	return &s3.HeadBucketOutput{BucketRegion: new(q.bucket.Region)}, nil
}

// bucketLocation names the region. An empty constraint means us-east-1.
func (g *Gateway) bucketLocation(q *request, _ *s3.GetBucketLocationRequest) (any, error) {
	out := &s3.GetBucketLocationOutput{}
	if q.bucket.Region != "us-east-1" {
		out.LocationConstraint = new(q.bucket.Region)
	}
	return out, nil
}

func (g *Gateway) bucketPolicy(q *request, in *s3.GetBucketPolicyRequest) (any, error) {
	b, err := q.owned(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	text, err := g.Buckets.Policy(q.Call, b)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketPolicyOutput{Policy: &text}, nil
}

func (g *Gateway) putBucketPolicy(q *request, in *s3.PutBucketPolicyRequest) (any, error) {
	b, err := q.owned(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	return &s3.PutBucketPolicyOutput{}, g.Buckets.PutPolicy(q.Context(), q.Call, b, awswire.Value(in.Policy))
}

func (g *Gateway) deleteBucketPolicy(q *request, in *s3.DeleteBucketPolicyRequest) (any, error) {
	b, err := q.owned(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	return &s3.DeleteBucketPolicyOutput{}, g.Buckets.DeletePolicy(q.Context(), q.Call, b)
}
