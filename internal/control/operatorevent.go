package control

import (
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// OperatorEvent begins the record of what an operator did on the machine itself, without a request. by says which user
// of the operating system it was. The caller sets the source, the name and the parameters.
func OperatorEvent(account access.AccountID, now time.Time, by string) audit.Event {
	const operator = "latchkey"
	return audit.Event{
		EventVersion:    "1.11",
		UserIdentity:    audit.Identity{Type: "AWSService", AccountID: string(account), InvokedBy: operator},
		EventTime:       now,
		SourceIPAddress: operator, UserAgent: operator,
		AdditionalEventData: map[string]any{"operatingSystemUser": by},
		EventID:             uuid.NewString(), EventType: "AwsServiceEvent", ManagementEvent: true,
		RecipientAccountID: string(account), EventCategory: "Management",
	}
}
