package maintenance

import (
	"context"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/store"
)

// AuditSize counts what was recorded since it last ran, so that nobody has to count the whole log.
func AuditSize() Task {
	// A record that another node commits late has a time that is a little past.
	const settled = time.Minute
	batch := func(ctx context.Context, s Step) (p Progress, err error) {
		err = s.Update(ctx, func(tx *store.Tx) error {
			n, err := store.CountAudit(tx, s.Now.Add(-settled), rowsBatch)
			p.More = n == rowsBatch
			return err
		})
		return p, err
	}
	return Task{Name: "audit-size", Interval: 5 * time.Minute, Batch: batch}
}

// MinAuditRetention is the shortest retention that makes sense: what happened today can be looked up.
const MinAuditRetention = 24 * time.Hour

// Retention is how long audit records are kept, and where it is recorded that they are not any longer.
type Retention struct {
	Keep    time.Duration    // MinAuditRetention or more
	Account access.AccountID // the operator's
	Region  string
}

// The names of a removal in the audit log.
const (
	EventSource  = "latchkey.local"
	RemovalEvent = "RemoveAuditRecords"
)

// AuditRetention removes audit records that are older than their retention. Every commit that removes some adds one
// that says how many, and when the oldest and the newest of them were recorded.
func AuditRetention(r Retention) Task {
	batch := func(ctx context.Context, s Step) (p Progress, err error) {
		err = s.Update(ctx, func(tx *store.Tx) error {
			gone, err := store.RemoveAudit(tx, s.Now.Add(-max(r.Keep, MinAuditRetention)), rowsBatch)
			if p.Removed = gone.Records; err != nil || gone.Records == 0 {
				return err
			}
			return tx.Record(r.event(tx.Now(), gone))
		})
		p.More = p.Removed >= rowsBatch
		return p, err
	}
	return Task{Name: "audit-retention", Interval: 6 * time.Hour, Batch: batch}
}

func (r *Retention) event(now time.Time, gone store.RemovedAudit) audit.Event {
	return audit.Event{
		EventVersion:      "1.11",
		UserIdentity:      audit.Identity{Type: "AWSService", InvokedBy: EventSource, AccountID: string(r.Account)},
		EventTime:         now.Truncate(time.Second),
		EventSource:       EventSource,
		EventName:         RemovalEvent,
		AWSRegion:         r.Region,
		RequestParameters: map[string]any{"retention": r.Keep.String()},
		ResponseElements: map[string]any{
			"removed": gone.Records, "from": gone.First.Format(time.RFC3339Nano), "until": gone.Last.Format(time.RFC3339Nano),
		},
		RequestID: uuid.NewString(), EventID: uuid.NewString(), EventType: "AwsServiceEvent", ManagementEvent: true,
		RecipientAccountID: string(r.Account), EventCategory: "Management",
	}
}
