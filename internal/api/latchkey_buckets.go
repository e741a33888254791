package api

import (
	"context"
	"slices"

	"latchkey/internal/access"
	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
)

// adoptBucket registers a bucket that is in the store to an account. Only the operator may do so, because the account
// gets all objects that are in the bucket.
func (a *API) adoptBucket(
	ctx context.Context, c *control.Call, in *wire.AdoptBucketRequest,
) (*wire.AdoptBucketResponse, error) {
	if err := a.onlyOperator(c, "adopt buckets"); err != nil {
		return nil, err
	}
	region := awswire.Value(in.Region)
	if region == "" || region == caller.SnowRegion {
		region = a.Control.Region
	}
	b, err := a.Buckets.Adopt(ctx, c, buckets.Adoption{
		Name: awswire.Value(in.Name), Account: access.AccountID(awswire.Value(in.AccountId)), Region: region,
		Upstream: awswire.Value(in.Upstream),
	})
	if err != nil {
		return nil, err
	}
	return &wire.AdoptBucketResponse{
		Name: &b.Name, AccountId: new(string(b.Account)), Region: &b.Region, Upstream: new(buckets.StoreName(b)),
	}, nil
}

// listBuckets lists the registered buckets of all accounts, or the buckets that are in the stores and have no account.
// Its token is the last name: the operator may know all names.
func (a *API) listBuckets(
	ctx context.Context, c *control.Call, in *wire.ListBucketsRequest,
) (*wire.ListBucketsResponse, error) {
	if err := a.onlyOperator(c, "list the buckets of all accounts"); err != nil {
		return nil, err
	}
	from := awswire.Value(in.Upstream)
	if from != "" && !slices.Contains(a.Buckets.Names(), from) {
		return nil, buckets.NoUpstream(from)
	}
	limit := 1000
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	out := &wire.ListBucketsResponse{}
	if awswire.Value(in.Unregistered) {
		all, err := a.Buckets.Unregistered(ctx, c, from, awswire.Value(in.NextToken), limit)
		if err != nil {
			return nil, err
		}
		for _, b := range all.Page {
			out.Buckets = append(out.Buckets, wire.Bucket{
				Name: new(b.Name), CreationTime: new(b.Created), Upstream: new(b.Upstream),
			})
		}
		out.NextToken, out.UnavailableUpstreams = awswire.Optional(all.Next), all.Away
		return out, nil
	}
	page, more, err := a.Buckets.Registered(ctx, from, awswire.Value(in.NextToken), limit)
	if err != nil {
		return nil, err
	}
	conditions, err := a.Stores.Conditions(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range page {
		w := wire.Bucket{
			Name: new(b.Name), AccountId: new(string(b.Account)), Region: new(b.Region), CreationTime: new(b.Created),
			Upstream: new(buckets.StoreName(b)),
		}
		if c, ok := conditions[b.Name]; ok && c.Upstream == *w.Upstream {
			w.Condition, w.ConditionTime = new(c.Text), new(c.Since)
		}
		out.Buckets = append(out.Buckets, w)
	}
	if more {
		out.NextToken = out.Buckets[len(out.Buckets)-1].Name
	}
	return out, nil
}
