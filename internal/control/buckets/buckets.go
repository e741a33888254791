// Package buckets is the registry of buckets: who owns a bucket, where it is, and its policy. What is in a bucket is
// the upstream's business. This package decides whether a bucket exists and who may use it.
//
// It creates no bucket in the store. The gateway does that, and registers the bucket here. The store and the registry
// may be of different ages: an older database may be restored, a new database may be put in front of an old store, or
// the store may itself be an older copy. The store may then have buckets that the registry does not know, or other
// buckets under registered names: see Genuine.
package buckets

import (
	"context"
	"errors"
	"sync"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/upstream"
	"latchkey/internal/upstreams"
)

// Source is the event source of every operation in this package.
const Source = "s3.amazonaws.com"

// maxPolicy is the largest bucket policy, in bytes (S3 user guide, "Bucket policies").
const maxPolicy = 20 << 10

// Buckets serves the registry. Control and Upstream must be set. A program has only one Buckets, because it has the
// locks.
type Buckets struct {
	Control   *control.Control
	Upstream  upstream.Upstream // the server's own store
	Upstreams *upstreams.Set    // the others; nil: none

	names   locks    // locked while a bucket is created, deleted or adopted, in the upstream and in the registry
	genuine sync.Map // nonces that the upstream is known to have
}

// Owned returns the bucket with this name, or fails with NotFound. A non-empty expected owner must be the bucket's
// owner (x-amz-expected-bucket-owner). If it is not, Owned returns the bucket together with the refusal, because every
// answer about a bucket tells its region. Owned does not set whose log the call is for: its caller does that with
// control.Call's Address.
func Owned(call *control.Call, name, expected string) (*bucket.Bucket, error) {
	b := call.Snapshot.Bucket(name)
	if b == nil {
		return nil, fault.New(fault.NotFound, fault.Bucket, "").With("BucketName", name)
	}
	if expected != "" && expected != string(b.Account) {
		return b, fault.New(fault.Denied, "", "Access Denied").For(fault.ExpectedOwner)
	}
	return b, nil
}

// May checks an action on a bucket or on a key in it. The bucket's policy counts, too.
func May(call *control.Call, b *bucket.Bucket, action, resource string, values policy.Values) error {
	ask, err := Ask(call, b, action, resource, values)
	if err != nil {
		return err
	}
	return call.Authorize(ask)
}

// Ask is the question of May. It fails if the bucket's policy cannot be read.
func Ask(
	call *control.Call, b *bucket.Bucket, action, resource string, values policy.Values,
) (caller.Ask, error) {
	doc, err := call.Snapshot.BucketPolicy(b.Name)
	return caller.Ask{
		Action: action, Resource: resource, ResourceAccount: b.Account, Values: values, ResourcePolicy: doc,
	}, err
}

// CheckNew checks that the caller may create a bucket of this name in this region, and that no account has one. All
// accounts share the names.
func (b *Buckets) CheckNew(call *control.Call, name, region string) error {
	if err := checkName(name); err != nil {
		return err
	}
	values := control.Values("s3:LocationConstraint", region)
	if err := call.May("s3:CreateBucket", "arn:aws:s3:::"+name, values, nil, call.Account); err != nil {
		return err
	}
	if m := b.Upstreams.Named(b.Upstreams.NewBuckets()); m != nil && !m.Serves(name) {
		return fault.New(fault.Invalid, fault.BucketName, "The store in which buckets are made serves none of this name").
			With("BucketName", name)
	}
	return alreadyExists(call, call.Snapshot.Bucket(name))
}

func checkName(name string) error {
	if err := access.CheckBucket(name); err != nil {
		return fault.New(fault.Invalid, fault.BucketName, "%s", err).With("BucketName", name)
	}
	if name == "v20180820" {
		return fault.New(fault.Invalid, fault.BucketName, "The name v20180820 is the path of S3 Control").With("BucketName",
			name)
	}
	return nil
}

func alreadyExists(call *control.Call, b *bucket.Bucket) error {
	switch {
	case b == nil:
		return nil
	case b.Account == call.Account:
		return fault.New(fault.AlreadyExists, fault.BucketOwned, "").With("BucketName", b.Name)
	default:
		return NotAvailable(b.Name)
	}
}

// Unregister removes a bucket from the registry. The upstream has deleted the bucket, or does not have it.
func (b *Buckets) Unregister(ctx context.Context, call *control.Call, bucket *bucket.Bucket) error {
	b.genuine.Delete(bucket.Nonce)
	return b.Control.Update(ctx, call, func(tx *store.Tx) error {
		if _, err := readSame(ctx, tx, bucket); err != nil {
			return err
		}
		return store.Buckets.Delete(tx, bucket.Name)
	})
}

// readSame reads the bucket for which the caller was authorized. A bucket of the same name that was created later may
// be another account's. For this caller it does not exist.
func readSame(ctx context.Context, tx *store.Tx, bucket *bucket.Bucket) (*bucket.Bucket, error) {
	now, err := store.Buckets.Get(ctx, tx, bucket.Name)
	if err == nil && (now.Account != bucket.Account || !now.Created.Equal(bucket.Created)) {
		err = fault.New(fault.NotFound, fault.Bucket, "").With("BucketName", bucket.Name)
	}
	return now, err
}

// PutPolicy replaces a bucket's policy. The principals in it must exist, and are stored by their immutable ids.
func (b *Buckets) PutPolicy(ctx context.Context, call *control.Call, bucket *bucket.Bucket, text string) error {
	if err := b.mayPolicy(call, bucket, "s3:PutBucketPolicy"); err != nil {
		return err
	}
	if len(text) > maxPolicy {
		return fault.New(fault.TooLarge, fault.Body, "The bucket policy exceeds %d bytes", maxPolicy)
	}
	doc, err := checkPolicy(text, bucket.ARN())
	if err != nil {
		return err
	}
	return b.change(ctx, call, bucket, func(tx *store.Tx) (string, error) {
		resolved, err := control.ResolvePrincipals(ctx, tx, doc)
		if unknown, ok := errors.AsType[*control.UnknownPrincipalError](err); ok {
			return "", fault.New(fault.Invalid, fault.BucketPolicy, policy.InvalidPrincipal).With("Detail", unknown.Name)
		}
		if err != nil {
			return "", err
		}
		return resolved.String(), nil
	})
}

// Policy returns a bucket's policy as an administrator reads it.
func (b *Buckets) Policy(call *control.Call, bucket *bucket.Bucket) (string, error) {
	if err := b.mayPolicy(call, bucket, "s3:GetBucketPolicy"); err != nil {
		return "", err
	}
	if bucket.Policy == "" {
		return "", fault.New(fault.NotFound, fault.BucketPolicy, "").With("BucketName", bucket.Name)
	}
	return control.DisplayPrincipals(call.Snapshot, bucket.Policy, policy.Resource), nil
}

// DeletePolicy removes a bucket's policy. It changes nothing if the bucket has no policy.
func (b *Buckets) DeletePolicy(ctx context.Context, call *control.Call, bucket *bucket.Bucket) error {
	if err := b.mayPolicy(call, bucket, "s3:DeleteBucketPolicy"); err != nil {
		return err
	}
	return b.change(ctx, call, bucket, func(*store.Tx) (string, error) { return "", nil })
}

// mayPolicy checks an action on the policy itself. The policy never locks out the root user of the bucket's account (S3
// user guide, "Bucket policies"). Principals of other accounts are always refused.
func (b *Buckets) mayPolicy(call *control.Call, bucket *bucket.Bucket, action string) error {
	if call.Account != bucket.Account {
		return fault.New(fault.Denied, "", "Access Denied").For(fault.ResourcePolicyDenies)
	}
	if call.IsRoot() {
		call.ByRight(control.RootOfBucket)
		return nil
	}
	return May(call, bucket, action, bucket.ARN(), policy.Values{})
}

// change replaces the policy of a bucket by the result of text.
func (b *Buckets) change(
	ctx context.Context, call *control.Call, bucket *bucket.Bucket, text func(*store.Tx) (string, error),
) error {
	return b.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := readSame(ctx, tx, bucket)
		if err != nil {
			return err
		}
		if current.Policy, err = text(tx); err != nil {
			return err
		}
		return store.Buckets.Update(tx, current)
	})
}
