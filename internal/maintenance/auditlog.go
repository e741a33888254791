package maintenance

import (
	"context"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/store"
)

// AuditSize adds what was recorded since its last run to the counted size of the audit log, so that nobody has to count
// the whole log.
func AuditSize() Task {
	// A node may commit a record a little later than the time in it.
	const commitDelay = time.Minute
	batch := func(ctx context.Context, s Step) (p Progress, err error) {
		err = s.Update(ctx, func(tx *store.Tx) error {
			n, err := store.CountAudit(tx, s.Now.Add(-commitDelay), rowsBatch)
			p.More = n == rowsBatch
			return err
		})
		return p, err
	}
	return Task{Name: "audit-size", Interval: 5 * time.Minute, Batch: batch}
}

// MinAuditRetention is the shortest retention that is accepted: an operator must be able to look up what happened
// today.
const MinAuditRetention = 24 * time.Hour

// Retention says how long audit records are kept, and in which account's audit log removals are recorded.
type Retention struct {
	Keep    time.Duration    // MinAuditRetention or more
	Account access.AccountID // the operator's
	Region  string
}

// The names that a removal has in the audit log.
const (
	EventSource  = "latchkey.local"
	RemovalEvent = "RemoveAuditRecords"
)

// AuditRetention removes audit records that are older than the retention. Every commit that removes some adds one
// record, which says how many were removed, and when the oldest and the newest of them were recorded.
func AuditRetention(r Retention) Task {
	batch := func(ctx context.Context, s Step) (p Progress, err error) {
		err = s.Update(ctx, func(tx *store.Tx) error {
			removed, err := store.RemoveAudit(tx, s.Now.Add(-max(r.Keep, MinAuditRetention)), rowsBatch)
			if p.Removed = removed.Records; err != nil || removed.Records == 0 {
				return err
			}
			return tx.Record(r.event(tx.Now(), removed))
		})
		p.More = p.Removed >= rowsBatch
		return p, err
	}
	return Task{Name: "audit-retention", Interval: 6 * time.Hour, Batch: batch}
}

func (r *Retention) event(now time.Time, removed store.RemovedAudit) audit.Event {
	return audit.Event{
		EventVersion:      "1.11",
		UserIdentity:      audit.Identity{Type: "AWSService", InvokedBy: EventSource, AccountID: string(r.Account)},
		EventTime:         now.Truncate(time.Second),
		EventSource:       EventSource,
		EventName:         RemovalEvent,
		AWSRegion:         r.Region,
		RequestParameters: map[string]any{"retention": r.Keep.String()},
		ResponseElements: map[string]any{
			"removed": removed.Records,
			"from":    removed.First.Format(time.RFC3339Nano),
			"until":   removed.Last.Format(time.RFC3339Nano),
		},
		RequestID: uuid.NewString(), EventID: uuid.NewString(), EventType: "AwsServiceEvent", ManagementEvent: true,
		RecipientAccountID: string(r.Account), EventCategory: "Management",
	}
}
