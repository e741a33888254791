package events

import (
	"time"

	"github.com/google/uuid"

	"latchkey/internal/audit"
)

// Record is one record on its way to the sinks. Nobody changes it any more.
type Record struct {
	Event *audit.Event
	JSON  []byte // the event as one line, without its end
}

// overhead is roughly what a record costs in memory besides its texts.
const overhead = 1 << 10

// size is roughly how many bytes of memory the record takes: its line, and the same texts once more in the event.
func (r *Record) size() int64 { return int64(2*len(r.JSON) + overhead) }

// gapRecord stands for records that a sink had no room for.
func gapRecord(from *Options, g audit.Gap) (Record, error) {
	const service = "latchkey.local"
	e := &audit.Event{
		EventVersion: "1.11", EventTime: g.To.UTC().Truncate(time.Second), EventSource: service,
		EventName: "DataEventsDropped", AWSRegion: from.Region,
		UserIdentity:    audit.Identity{Type: "AWSService", AccountID: from.Account, InvokedBy: service},
		SourceIPAddress: service, UserAgent: service, RequestParameters: map[string]any{}, EventID: uuid.NewString(),
		EventType: "AwsServiceEvent", RecipientAccountID: from.Account, EventCategory: "Data",
		Latchkey: &audit.Addendum{Gap: &g},
	}
	line, err := e.JSON()
	return Record{e, line}, err
}
