package gateway

import (
	"context"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// registryOps are the operations that the registry of buckets answers, some of them together with the
// upstream. They are management events: each leaves an audit record.
var registryOps = map[*awswire.Operation]func(*Gateway, *request, any) (any, error){
	s3.ListBuckets.Operation:        (*Gateway).listBuckets,
	s3.CreateBucket.Operation:       (*Gateway).createBucket,
	s3.DeleteBucket.Operation:       (*Gateway).deleteBucket,
	s3.HeadBucket.Operation:         (*Gateway).headBucket,
	s3.GetBucketLocation.Operation:  (*Gateway).bucketLocation,
	s3.GetBucketPolicy.Operation:    (*Gateway).bucketPolicy,
	s3.PutBucketPolicy.Operation:    (*Gateway).putBucketPolicy,
	s3.DeleteBucketPolicy.Operation: (*Gateway).deleteBucketPolicy,
}

// registry runs one of them and sees to its audit record.
func (g *Gateway) registry(q *request, in any, do func(*Gateway, *request, any) (any, error)) (any, error) {
	for k, v := range awswire.Parameters(q.op, in) {
		q.call.Event.RequestParameters[k] = v
	}
	out, err := do(g, q, in)
	if err == nil {
		err = g.Control.Authorised(q.call)
	}
	var e awserror.Error
	if err != nil {
		e = awserror.Of(awserror.S3, err)
	}
	if failed := g.Control.Finish(context.WithoutCancel(q.Context()), q.call, e.Code, e.Message); failed != nil {
		return nil, failed
	}
	return out, err
}

// owned finds the addressed bucket.
func (q *request) owned(name, owner *string) (*iam.Bucket, error) {
	b, err := buckets.Owned(q.call, text(name), text(owner))
	q.bucket = b
	return b, err
}

func (g *Gateway) listBuckets(q *request, in any) (any, error) {
	r := in.(*s3.ListBucketsRequest)
	size := 0
	if r.MaxBuckets != nil {
		size = int(*r.MaxBuckets)
	}
	page, next, err := g.Buckets.List(q.call, buckets.Filter{Prefix: text(r.Prefix), Region: text(r.BucketRegion)}, text(r.ContinuationToken), size)
	if err != nil {
		return nil, err
	}
	out := &s3.ListBucketsOutput{Prefix: r.Prefix, Owner: &s3.Owner{ID: new(CanonicalID(&iam.Bucket{Account: q.call.Account}))}}
	if next != "" {
		out.ContinuationToken = &next
	}
	for _, b := range page {
		out.Buckets = append(out.Buckets, s3.Bucket{Name: new(b.Name), CreationDate: new(b.Created), BucketRegion: new(b.Region)})
	}
	return out, nil
}

// createBucket creates the bucket in the upstream, then registers it. If the second step is never reached,
// the bucket belongs to nobody and creating it again completes it.
func (g *Gateway) createBucket(q *request, in any) (any, error) {
	r := in.(*s3.CreateBucketRequest)
	region := q.call.Facts.Region
	if c := r.CreateBucketConfiguration; c != nil {
		if asked := text(c.LocationConstraint); asked != "" && asked != region && !(asked == "EU" && region == "eu-west-1") {
			return nil, fault.New(fault.Invalid, fault.Region, "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", asked)
		}
	}
	name := text(r.Bucket)
	g.registering.Lock()
	defer g.registering.Unlock()
	if err := g.again(q); err != nil { // what the one before us did with this name
		return nil, err
	}
	if err := g.Buckets.CheckNew(q.call, name, region); err != nil {
		return nil, err
	}
	if _, err := g.deliver(q, in); err != nil && !fault.Is(err, fault.AlreadyExists, fault.BucketOwned) {
		return nil, err
	}
	if err := g.Buckets.Register(q.Context(), q.call, name, region); err != nil {
		return nil, err
	}
	return &s3.CreateBucketOutput{Location: new("/" + name)}, nil
}

// deleteBucket deletes the bucket in the upstream, then forgets it.
func (g *Gateway) deleteBucket(q *request, in any) (any, error) {
	r := in.(*s3.DeleteBucketRequest)
	g.registering.Lock()
	defer g.registering.Unlock()
	if err := g.again(q); err != nil {
		return nil, err
	}
	b, err := q.owned(r.Bucket, r.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if err := buckets.May(q.call, b, "s3:DeleteBucket", b.ARN(), policy.Values{}); err != nil {
		return nil, err
	}
	if _, err := g.deliver(q, in); err != nil && !fault.Is(err, fault.NotFound, fault.Bucket) {
		return nil, err
	}
	return &s3.DeleteBucketOutput{}, g.Buckets.Unregister(q.Context(), q.call, b)
}

func (g *Gateway) headBucket(q *request, in any) (any, error) {
	r := in.(*s3.HeadBucketRequest)
	b, err := q.owned(r.Bucket, r.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if err := buckets.May(q.call, b, "s3:ListBucket", b.ARN(), policy.Values{}); err != nil {
		return nil, err
	}
	return &s3.HeadBucketOutput{BucketRegion: new(b.Region)}, nil
}

// bucketLocation names the region; us-east-1 is an empty constraint.
func (g *Gateway) bucketLocation(q *request, in any) (any, error) {
	r := in.(*s3.GetBucketLocationRequest)
	b, err := q.owned(r.Bucket, r.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if err := buckets.May(q.call, b, "s3:GetBucketLocation", b.ARN(), policy.Values{}); err != nil {
		return nil, err
	}
	out := &s3.GetBucketLocationOutput{}
	if b.Region != "us-east-1" {
		out.LocationConstraint = new(b.Region)
	}
	return out, nil
}

func (g *Gateway) bucketPolicy(q *request, in any) (any, error) {
	r := in.(*s3.GetBucketPolicyRequest)
	b, err := q.owned(r.Bucket, r.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	text, err := g.Buckets.Policy(q.call, b)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketPolicyOutput{Policy: &text}, nil
}

func (g *Gateway) putBucketPolicy(q *request, in any) (any, error) {
	r := in.(*s3.PutBucketPolicyRequest)
	b, err := q.owned(r.Bucket, r.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	return &s3.PutBucketPolicyOutput{}, g.Buckets.PutPolicy(q.Context(), q.call, b, text(r.Policy))
}

func (g *Gateway) deleteBucketPolicy(q *request, in any) (any, error) {
	r := in.(*s3.DeleteBucketPolicyRequest)
	b, err := q.owned(r.Bucket, r.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	return &s3.DeleteBucketPolicyOutput{}, g.Buckets.DeletePolicy(q.Context(), q.call, b)
}
