package buckets

import (
	"cmp"
	"context"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/upstream"
)

// Adoption names a bucket and the account that gets it.
type Adoption struct {
	Name    string
	Account access.AccountID
	Region  string // of the bucket from now on
}

// Adopt registers a bucket that is in the store to an account. It is only for the server's operator, who knows whose
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
	has, err := upstream.HasBucket(ctx, b.Upstream, name, "")
	if err != nil {
		return nil, err
	}
	if !has {
		return nil, fault.New(fault.NotFound, fault.Bucket, "The store has no bucket %s", name)
	}
	call.Address(account)
	call.Touch("AWS::S3::Bucket", "arn:aws:s3:::"+name, account)
	bucket := &bucket.Bucket{Name: name, Account: account, Region: in.Region}
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

// Registered returns at most limit buckets of all accounts, in the order of their names, beginning behind the name
// after. more says whether there are further ones. It is only for the server's operator.
func (b *Buckets) Registered(
	ctx context.Context, after string, limit int,
) (page []*bucket.Bucket, more bool, err error) {
	for bucket, err := range store.Buckets.All(ctx, b.Control.DB) {
		if err != nil {
			return nil, false, err
		}
		if bucket.Name > after {
			page = append(page, bucket)
		}
	}
	slices.SortFunc(page, func(x, y *bucket.Bucket) int { return cmp.Compare(x.Name, y.Name) })
	if len(page) > limit {
		return page[:limit], true, nil
	}
	return page, false, nil
}

// Unregistered is Registered for the buckets in the store that no account has. These include a bucket in the store
// whose name is registered, if the registration is of another bucket of that name. Such a bucket does not exist for
// clients.
func (b *Buckets) Unregistered(
	ctx context.Context, call *control.Call, after string, limit int,
) (page []upstream.Stored, more bool, err error) {
	for stored, err := range upstream.Buckets(ctx, b.Upstream) {
		if err != nil {
			return nil, false, err
		}
		if stored.Name <= after {
			continue
		}
		if bucket := call.Snapshot.Bucket(stored.Name); bucket != nil {
			err := b.Genuine(ctx, bucket)
			if err == nil {
				continue
			}
			if !fault.Is(err, fault.NotFound, fault.Bucket) {
				return nil, false, err
			}
		}
		if len(page) == limit {
			return page, true, nil
		}
		page = append(page, stored)
	}
	return page, false, nil
}
