package buckets

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/audit"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/upstream"
)

// A bucket is created in four steps: the intention is committed, the upstream makes the bucket with the intention's
// nonce, the bucket is registered, and the same transaction removes the intention. Only a bucket that the upstream made
// with the nonce is registered. A program that stops before the first step is done leaves nothing behind. A program
// that stops later leaves an intention. Recover, or the next request of the same account, completes it.
const (
	// MaxMaking is how long the upstream may take to make a bucket.
	MaxMaking = time.Minute
	// maxIntention is how long an intention without a bucket reserves the name against other accounts. It is longer than
	// MaxMaking, so that a request that can still succeed does not lose its intention.
	maxIntention = 5 * time.Minute
	// RecoverEvery is how often Recover is to be called. An intention without a bucket ends up to this much later than
	// maxIntention.
	RecoverEvery = time.Minute
)

var errNotGenuine = errors.New("the store's bucket of this name is not the registered one: " +
	"database and store are of different times")

// Lock waits until no other request on this node creates, deletes or adopts the bucket of this name.
func (b *Buckets) Lock(ctx context.Context, name string) (unlock func(), err error) {
	return b.names.lock(ctx, name)
}

// Intend commits the intention to create a bucket. The caller must have passed CheckNew. Intend takes over an earlier
// intention of the same account with its nonce. It fails with AlreadyExists for an intention of another account. That
// intention ends within maxIntention and RecoverEvery, or becomes that account's bucket.
func (b *Buckets) Intend(ctx context.Context, call *control.Call, name, region string) (*bucket.Creation, error) {
	if err := b.Control.Authorised(call); err != nil {
		return nil, err
	}
	var c *bucket.Creation
	err := b.Control.Engine.Update(ctx, func(tx *store.Tx) error {
		existing, err := store.Buckets.Get(ctx, tx, name)
		if err == nil {
			return alreadyExists(call, existing)
		}
		if !fault.Is(err, fault.NotFound, fault.Bucket) {
			return err
		}
		c = &bucket.Creation{
			Name: name, Account: call.Account, Nonce: rand.Text(), Region: region, Created: tx.Now(),
			Upstream: rowName(b.Upstreams.NewBuckets()),
		}
		old, err := store.BucketCreations.Get(ctx, tx, name)
		switch {
		case fault.Is(err, fault.NotFound, fault.Bucket):
			return store.BucketCreations.Insert(tx, c)
		case err != nil:
			return err
		case old.Account != call.Account:
			return NotAvailable(name)
		}
		c.Nonce, c.Upstream = old.Nonce, old.Upstream // the bucket may have been made there
		return store.BucketCreations.Update(tx, c)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// NotAvailable is the refusal of a name that the caller cannot have: another account has the bucket or is creating it,
// or the store has a bucket of this name that no account has.
func NotAvailable(name string) error {
	return fault.New(fault.AlreadyExists, fault.Bucket, "").With("BucketName", name)
}

// Register registers the bucket that the upstream made with the nonce of c. It fails with Conflict if the intention no
// longer exists. If the upstream keeps no nonces, the bucket is registered without one.
func (b *Buckets) Register(ctx context.Context, call *control.Call, c *bucket.Creation) error {
	call.Touch("AWS::S3::Bucket", "arn:aws:s3:::"+c.Name, call.Account)
	return b.Control.Update(ctx, call, func(tx *store.Tx) error {
		now, err := store.BucketCreations.Get(ctx, tx, c.Name)
		if fault.Is(err, fault.NotFound, fault.Bucket) {
			return b.registered(ctx, tx, call, c)
		}
		if err != nil {
			return err
		}
		if now.Account != c.Account || now.Nonce != c.Nonce || now.Region != c.Region || now.Upstream != c.Upstream {
			return overtaken(c.Name)
		}
		if err := store.BucketCreations.Delete(tx, c.Name); err != nil {
			return err
		}
		return store.Buckets.Insert(tx, &bucket.Bucket{
			Name: c.Name, Account: c.Account, Region: c.Region, Created: tx.Now(), Nonce: b.keptNonce(c),
			Upstream: c.Upstream,
		})
	})
}

// registered returns nil if the bucket of c is registered already, because another request of the account, or Recover,
// was faster.
func (b *Buckets) registered(ctx context.Context, tx *store.Tx, call *control.Call, c *bucket.Creation) error {
	existing, err := store.Buckets.Get(ctx, tx, c.Name)
	switch {
	case fault.Is(err, fault.NotFound, fault.Bucket):
		return overtaken(c.Name)
	case err != nil:
		return err
	case existing.Account == c.Account && existing.Nonce == b.keptNonce(c) && existing.Region == c.Region &&
		existing.Upstream == c.Upstream:
		return nil
	}
	return alreadyExists(call, existing)
}

// keptNonce returns the nonce that the upstream keeps with the bucket of c. It is empty for an upstream that keeps
// none.
func (b *Buckets) keptNonce(c *bucket.Creation) string {
	if u, err := b.Making(c); err == nil && u.Traits().Nonces {
		return c.Nonce
	}
	return ""
}

func overtaken(name string) error {
	return fault.New(fault.Conflict, fault.Bucket, "").With("BucketName", name)
}

// Abandon removes the intention c, unless a later request has taken it over. Call it only if it is certain that the
// upstream made no bucket.
func (b *Buckets) Abandon(ctx context.Context, c *bucket.Creation) error {
	return b.Control.Engine.Update(ctx, func(tx *store.Tx) error {
		now, err := store.BucketCreations.Get(ctx, tx, c.Name)
		if fault.Is(err, fault.NotFound, fault.Bucket) {
			return nil
		}
		if err != nil || now.Nonce != c.Nonce || !now.Created.Equal(c.Created) {
			return err
		}
		return store.BucketCreations.Delete(tx, c.Name)
	})
}

// Recover completes the intentions of interrupted requests. It registers a bucket that the upstream made for an
// intention. It removes an intention without a bucket when it is old enough. Call it at the start and every
// RecoverEvery.
func (b *Buckets) Recover(ctx context.Context) error {
	var names []string
	for c, err := range store.BucketCreations.All(ctx, b.Control.DB) {
		if err != nil {
			return err
		}
		names = append(names, c.Name)
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, b.recover(ctx, name))
	}
	return errors.Join(errs...)
}

func (b *Buckets) recover(ctx context.Context, name string) error {
	unlock, err := b.Lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	c, err := store.BucketCreations.Get(ctx, b.Control.DB, name)
	if fault.Is(err, fault.NotFound, fault.Bucket) {
		return nil // its request ended meanwhile
	}
	if err != nil {
		return err
	}
	u, err := b.Making(c)
	if err != nil {
		return err
	}
	made, err := upstream.HasBucket(ctx, u, c.Name, c.Nonce)
	switch {
	case err != nil:
		return err
	case made:
		return b.registerRecovered(ctx, c)
	case b.Control.Now().Sub(c.Created) > maxIntention:
		return b.Abandon(ctx, c)
	}
	return nil
}

// registerRecovered registers a bucket in the name of the server. The request for the bucket was authorized when it
// committed the intention.
func (b *Buckets) registerRecovered(ctx context.Context, c *bucket.Creation) error {
	snap, err := b.Control.Engine.Snapshot()
	if err != nil {
		return err
	}
	who := audit.Identity{Type: "AWSService", InvokedBy: "latchkey", AccountID: string(c.Account)}
	facts := caller.Facts{Time: b.Control.Now(), Region: b.Control.Region, RequestID: uuid.NewString()}
	call := b.Control.BeginFor(control.Outsider{Identity: who, Account: c.Account, Snapshot: snap, Facts: facts},
		control.Opening{Source: Source, Operation: "CreateBucket", Parameters: map[string]any{"bucketName": c.Name}})
	call.ByRight(control.BucketIntention)
	call.Event.EventType = "AwsServiceEvent"
	return b.Register(ctx, call, c)
}
