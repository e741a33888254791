package control

import (
	"strings"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/awserror"
)

// explain adds to a record why the call was refused.
func explain(e *audit.Event, refusal awserror.Error) {
	e.ErrorCode, e.ErrorMessage, e.ResponseElements = audit.Text(refusal.Code), audit.Text(refusal.Message), nil
	if refusal.Reason == "" {
		return
	}
	added := e.Added()
	added.Reason = string(refusal.Reason)
	added.RefusedBy, _ = RefusedBy(refusal.Reason)
}

// Bounds of texts in the records of refused data requests, in bytes. Clients choose these texts, and the records wait
// in memory.
const (
	maxRefusalName    = 256
	maxRefusalMessage = 1024
)

// RefusedData returns the records of a data request that was refused: one for the caller's own account and, if the
// bucket is another account's, one for that account, which does not learn what the caller's grant is. owner is empty if
// the bucket is not known. The caller of RefusedData decides which of them to store: see package gateway.
func (call *Call) RefusedData(refusal awserror.Error, owner access.AccountID) []audit.Event {
	e := call.dataEvent()
	e.EventID = uuid.NewString()
	explain(&e, refusal)
	clipEvent(&e)
	if owner == "" || string(owner) == e.RecipientAccountID {
		return []audit.Event{e}
	}
	e.SharedEventID = uuid.NewString()
	theirs := e
	theirs.EventID, theirs.RecipientAccountID = uuid.NewString(), string(owner)
	theirs.Latchkey = &audit.Addendum{
		Reason: e.Latchkey.Reason, RefusedBy: e.Latchkey.RefusedBy, Identity: e.Latchkey.Identity,
	}
	return []audit.Event{e, theirs}
}

// clipEvent shortens the texts of a record that clients choose.
func clipEvent(e *audit.Event) {
	e.UserAgent = audit.Text(clip(string(e.UserAgent), maxRefusalName))
	e.ErrorMessage = audit.Text(clip(string(e.ErrorMessage), maxRefusalMessage))
	parameters := make(map[string]any, len(e.RequestParameters))
	for k, v := range e.RequestParameters {
		if text, ok := v.(string); ok {
			limit := maxRefusalName
			if k == "key" {
				limit = maxRefusalMessage
			}
			parameters[k] = clip(text, limit)
		}
	}
	e.RequestParameters = parameters
	if e.TLSDetails != nil {
		d := *e.TLSDetails
		d.ClientProvidedHostHeader = audit.Text(clip(string(d.ClientProvidedHostHeader), maxRefusalName))
		e.TLSDetails = &d
	}
	for i := range e.Resources {
		e.Resources[i].ARN = clip(e.Resources[i].ARN, maxRefusalMessage)
	}
}

// Clip is a name that a client chose, short enough for a record.
func Clip(s string) string { return clip(s, maxRefusalMessage) }

// clip is the beginning of a text that is too long, as valid UTF-8.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "..."
}
