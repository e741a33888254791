package audit

import (
	"encoding/json"
	"testing"
	"time"
)

// TestARecordOfAnEarlierVersionIsRead: the date of a session stood in the context itself.
func TestARecordOfAnEarlierVersionIsRead(t *testing.T) {
	made := time.Date(2026, 11, 1, 2, 3, 4, 0, time.UTC)
	for _, text := range []string{
		`{"userIdentity":{"sessionContext":{"creationDate":"2026-11-01T02:03:04Z","sourceIdentity":"alice"}}}`,
		`{"userIdentity":{"sessionContext":{"attributes":{"creationDate":"2026-11-01T02:03:04Z",` +
			`"mfaAuthenticated":"false"},"sourceIdentity":"alice"}}}`,
	} {
		var e Event
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		c := e.UserIdentity.SessionContext
		if c.Attributes != NewSessionAttributes(made) || c.SourceIdentity != "alice" {
			t.Errorf("%s is read as %+v", text, c)
		}
	}
}
