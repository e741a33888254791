package buckets

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// Adoption names a bucket and the account that gets it.
type Adoption struct {
	Name     string
	Account  access.AccountID
	Region   string // of the bucket from now on
	Upstream string // that has the bucket; empty: the only one that has a bucket of this name
}

// Adopt registers a bucket that is in a store to an account. It is only for the server's operator, who knows whose
// the objects are. It checks no permission of the account. The record is in the logs of the account and of the
// operator.
func (b *Buckets) Adopt(ctx context.Context, call *control.Call, in Adoption) (*bucket.Bucket, error) {
	name, account := in.Name, in.Account
	if err := checkName(name); err != nil {
		return nil, err
	}
	unlock, err := b.Lock(ctx, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	from, err := b.having(ctx, name, in.Upstream)
	if err != nil {
		return nil, err
	}
	call.Address(account)
	call.Touch("AWS::S3::Bucket", "arn:aws:s3:::"+name, account)
	bucket := &bucket.Bucket{Name: name, Account: account, Region: in.Region, Upstream: rowName(from)}
	err = b.Control.Update(ctx, call, func(tx *store.Tx) error {
		if _, err := store.Accounts.Get(ctx, tx, string(account)); err != nil {
			if fault.Is(err, fault.NotFound, fault.Account) {
				return fault.New(fault.Invalid, fault.AccountID, "There is no account %s", account)
			}
			return err
		}
		if err := checkFree(ctx, tx, name); err != nil {
			return err
		}
		bucket.Created = tx.Now()
		return store.Buckets.Insert(tx, bucket)
	})
	if err != nil {
		return nil, err
	}
	return bucket, nil
}

// checkFree checks that no account has a bucket of this name or is creating one.
func checkFree(ctx context.Context, tx *store.Tx, name string) error {
	existing, err := store.Buckets.Get(ctx, tx, name)
	if err == nil {
		return fault.New(fault.AlreadyExists, fault.Bucket,
			"The bucket %s is registered to account %s", name, existing.Account)
	}
	if !fault.Is(err, fault.NotFound, fault.Bucket) {
		return err
	}
	c, err := store.BucketCreations.Get(ctx, tx, name)
	if err == nil {
		return fault.New(fault.Conflict, fault.Bucket,
			"Account %s is creating the bucket %s. Try again in some minutes", c.Account, name)
	}
	if !fault.Is(err, fault.NotFound, fault.Bucket) {
		return err
	}
	return nil
}
