package upstreams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// Status says whether a store answers.
type Status string

// The statuses of a store.
const (
	Unknown Status = "unknown" // it was not asked yet
	Up      Status = "up"
	Away    Status = "away" // it does not answer, or refuses our keys
)

// State is what is known of a store's health.
type State struct {
	Status  Status
	Since   time.Time // when it began
	Checked time.Time // when the store was asked last; zero: never
	Reason  string    // why it is away, for the operator; empty: it is not
}

// State is the health of the upstream as of its last check.
func (m *Member) State() State { return *m.state.Load() }

// check asks the store once and keeps what came of it.
func (s *Set) check(ctx context.Context, m *Member) {
	limited, cancel := context.WithTimeout(ctx, m.Health.Timeout)
	defer cancel()
	err := m.ask(limited)
	if MayNot(err) { // the store answers
		err = nil
	}
	if ctx.Err() != nil {
		return
	}
	old, now := m.State(), s.now()
	next := State{Status: Up, Since: now, Checked: now}
	if err != nil {
		next.Status, next.Reason = Away, err.Error()
	}
	if next.Status == old.Status {
		next.Since = old.Since
	}
	m.state.Store(&next)
	switch {
	case next.Status == old.Status:
	case err != nil:
		s.log.Error("an upstream is away", slog.String("upstream", m.Name), slog.Any("error", err))
	default:
		s.log.Info("an upstream answers", slog.String("upstream", m.Name))
	}
}

// MayNot reports whether a failure says that the store knows our keys, and that they may not do what was asked. An
// upstream calls that Unavailable, because for a client the store does not work then.
func MayNot(err error) bool {
	e, ok := errors.AsType[*awswire.APIError](err)
	return fault.KindOf(err) == fault.Denied || ok && e.Code == "AccessDenied"
}

// ask asks the store for its list of buckets, or for one bucket.
func (m *Member) ask(ctx context.Context) error {
	if m.Health.Bucket == "" {
		_, err := m.Store.Do(ctx, upstream.Call{
			Operation: s3.ListBuckets.Operation, Input: &s3.ListBucketsRequest{MaxBuckets: new(int32(1))},
		})
		return err
	}
	has, err := upstream.HasBucket(ctx, m.Store, m.Health.Bucket, "")
	if err == nil && !has {
		err = fmt.Errorf("the store has no bucket %s", m.Health.Bucket)
	}
	return err
}

// Serves reports whether the upstream serves a bucket of this name, if the store has it.
func (m *Member) Serves(bucket string) bool {
	_, ok := m.Buckets.Stored(bucket)
	return ok
}
