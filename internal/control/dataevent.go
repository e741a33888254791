package control

import (
	"crypto/tls"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/audit"
	"latchkey/internal/awserror"
)

// Ended is how a request to S3 ended, for its data event.
type Ended struct {
	Refusal    awserror.Error // the zero Error: it succeeded
	Refused    bool           // the failure is a refusal of access
	Parameters map[string]any // further requestParameters: what the operation was about
	Elements   map[string]any // responseElements; nil: none
	Resources  []audit.Resource
	BytesIn    int64 // of the request's body, as it came over the wire
	BytesOut   int64 // of the answer's body
	Cipher     uint16
	HostID     string // x-amz-id-2 of the answer
	Upstream   string // the name of the upstream that was called; empty: none
	Served     audit.Served
}

// DataEvent is the record of a request to S3, of every one: allowed, refused or failed. It is a data event if the
// request was about objects. A request about a bucket and its configuration is a management event as in CloudTrail, and
// has the id that it has in the audit log.
//
// One request makes one record. The recipient is the owner of the bucket, or the caller's account if the bucket is not
// known. The record has everything, the caller's grant included: it is for the operator of the server.
func (call *Call) DataEvent(o *Ended, data bool) audit.Event {
	e := call.dataEvent()
	e.EventCategory, e.ManagementEvent = "Management", true
	if data {
		e.EventID, e.EventCategory, e.ManagementEvent = uuid.NewString(), "Data", false
	}
	e.EventName, e.RecipientAccountID = EventName(e.EventName), call.owner()
	maps.Copy(e.RequestParameters, o.Parameters)
	e.ResponseElements = o.Elements
	e.Resources = o.Resources
	e.AdditionalEventData = maps.Clone(e.AdditionalEventData)
	e.AdditionalEventData["bytesTransferredIn"] = o.BytesIn
	e.AdditionalEventData["bytesTransferredOut"] = o.BytesOut
	e.AdditionalEventData["x-amz-id-2"] = o.HostID
	if e.TLSDetails != nil && o.Cipher != 0 {
		d := *e.TLSDetails
		d.CipherSuite = tls.CipherSuiteName(o.Cipher)
		e.TLSDetails, e.AdditionalEventData["CipherSuite"] = &d, d.CipherSuite
	}
	if o.Refusal.Code != "" {
		explain(&e, o.Refusal)
	}
	e.Latchkey.Served, e.Latchkey.Upstream = &o.Served, o.Upstream
	switch {
	case o.Refused:
		e.Latchkey.Decision = "deny"
	case call.allowed || call.right != "":
		e.Latchkey.Decision = "allow"
	}
	if s := call.Session; s != nil {
		e.Latchkey.SessionID = s.ID.String()
	}
	return e
}

// EventName is the name that CloudTrail gives to an operation of S3: it has one for both versions of ListObjects, whose
// records differ by the parameter list-type.
func EventName(operation string) string {
	if operation == "ListObjectsV2" {
		return "ListObjects"
	}
	return operation
}

// dataEvent begins the record of a request for data. It is a copy, because the call keeps what it has.
func (call *Call) dataEvent() audit.Event {
	e := call.Event
	added := *e.Added()
	e.Latchkey, e.Resources, e.RequestParameters = &added, slices.Clone(e.Resources), maps.Clone(e.RequestParameters)
	e.EventCategory, e.ManagementEvent = "Data", false
	if s := call.Session; s != nil {
		added.Session, added.Expires = s.Name, s.Expires.Format(time.RFC3339)
		if s.GrantID != "" {
			added.GrantID, added.GrantScope, added.LocationID = s.GrantID, s.Scope, s.LocationID
		}
	}
	return e
}
