package gateway

import (
	"cmp"
	"errors"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/awserror"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/sigv4"
)

// recordRefusal notes that a data request was refused: who sent it, for which bucket and key, and why. Management
// operations have their records from the frame. The request is refused in any case: the record follows, see refusals.
func (g *Gateway) recordRefusal(q *request, err error, told awserror.Error) {
	reason, ok := refusalReason(q, err)
	if !ok || q.Call != nil && !q.Unrecorded {
		return
	}
	told.Reason = reason
	var n noted
	if q.Call != nil {
		n = g.notedCaller(q, q.Call)
	} else if e, ok := errors.AsType[*caller.Ended](err); ok {
		bucketName, key := g.locate(q)
		if q.row != nil {
			q.row.place(e.Caller, bucketName)
		}
		q.Call, q.Unrecorded = g.Control.Begin(q.opening(e.Caller)), true // so that the log names the session's principal
		n = g.notedCaller(q, q.Call)
		n.bucket, n.key = q.Call.Snapshot.Bucket(bucketName), key
	} else if n, ok = g.notedStranger(q); !ok {
		return
	}
	g.note(n, told)
}

// recordRefusedKey notes one of several keys that a request may not touch, while the request as a whole succeeds.
func (g *Gateway) recordRefusedKey(q *request, p *permission, err error) {
	if reason, ok := refusalReason(q, err); ok {
		told := q.Explain(err)
		told.Reason = reason
		n := g.notedCaller(q, q.Call)
		n.key = p.key
		g.note(n, told)
	}
}

// refusalReason reports whether an error is the refusal of access, and for which reason. An absent key, a range or a
// failure of the store is none.
func refusalReason(q *request, err error) (fault.Reason, bool) {
	f := fault.Of(err)
	if f.Foreign != nil {
		return "", false // the store's words, for example that it wants fewer requests
	}
	if _, ok := control.RefusedBy(f.Reason); ok {
		return f.Reason, true
	}
	switch f.Kind {
	case fault.Denied, fault.Unauthenticated, fault.Expired, fault.Throttled:
	default:
		return "", false
	}
	if f.Reason == "" && (q.Call == nil || f.Kind != fault.Denied) {
		return fault.NotAuthenticated, true
	}
	return f.Reason, true
}

// noted is a refused request, as its records will describe it.
type noted struct {
	call   *control.Call
	bucket *bucket.Bucket // nil: it does not exist
	key    string
	place  refusalKey // whose refusals it is counted among; the reason is added later
	group  string     // the principal or the network behind it
}

// notedCaller describes a request whose sender is known.
func (g *Gateway) notedCaller(q *request, call *control.Call) noted {
	n := noted{call: call, bucket: q.bucket, key: q.key, group: call.Principal.ID}
	if r := q.refused; r != nil {
		n.bucket, n.key = call.Snapshot.Bucket(r.bucket), r.key
	}
	n.place = refusalKey{whose: "key", who: call.AccessKeyID}
	if s := call.Session; s != nil {
		n.place.whose, n.group = "session", cmp.Or(n.group, s.PrincipalID)
	}
	return n
}

// notedStranger describes a request of somebody who did not prove who it is. It is recorded for the owner of the
// bucket, among the requests from the same network. If the bucket does not exist, there is nobody for whom it could be
// recorded.
func (g *Gateway) notedStranger(q *request) (noted, bool) {
	op, row, operation := q.op, q.row, q.Operation // only the record names what a stranger asked for, not log and metrics
	defer func() { q.op, q.row, q.Operation = op, row, operation }()
	name, key := g.locate(q)
	snap, err := g.Auth.Engine.Snapshot()
	if err != nil {
		return noted{}, false
	}
	b := snap.Bucket(name)
	if b == nil {
		return noted{}, false
	}
	who := audit.Identity{Type: "AWSAccount", AccountID: "ANONYMOUS_PRINCIPAL"} // as CloudTrail has it
	facts := g.Auth.Unsigned(q.Request, g.Control.Now(), q.From)
	call := g.Control.BeginFor(control.Outsider{Identity: who, Account: b.Account, Snapshot: snap, Facts: facts},
		q.opening(&caller.Caller{}))
	if signed, err := sigv4.Parse(q.Request, g.Auth.Signatures); err == nil {
		// Not in the identity: nobody has proved it, and it must not look like a call with that key.
		call.Event.AdditionalEventData["claimedAccessKeyId"] = control.Clip(signed.AccessKeyID)
	}
	from := caller.Network(q.From.SourceIP).String()
	return noted{call, b, key, refusalKey{whose: "source", who: from}, strangers}, true
}

// locate names the bucket and the key of a request that was refused before it was decoded, and the operation if it is
// known.
func (g *Gateway) locate(q *request) (bucketName, key string) {
	if q.op == nil {
		_, _ = g.recognise(q) // only its name matters here
	}
	path, err := g.path(q.Request)
	if err != nil {
		return "", ""
	}
	bucketName, key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return bucketName, control.Clip(key)
}

// note counts a refusal, and makes its records if they are due.
func (g *Gateway) note(n noted, told awserror.Error) {
	owner := access.AccountID("")
	if n.bucket != nil {
		owner = n.bucket.Account
	}
	k := n.place
	k.account, k.owner, k.reason = n.call.Account, owner, string(told.Reason)
	if k.reason == "" {
		k.reason = told.Code
	}
	g.refusals.note(k, n.group, g.Control.Now(), func() []audit.Event {
		e := &n.call.Event
		if n.bucket != nil {
			e.RequestParameters["bucketName"] = n.bucket.Name
			e.Resources = []audit.Resource{{Type: "AWS::S3::Bucket", ARN: n.bucket.ARN(), AccountID: string(owner)}}
		}
		if n.key != "" {
			e.RequestParameters["key"] = n.key
			if n.bucket != nil {
				object := audit.Resource{Type: "AWS::S3::Object", ARN: n.bucket.ARN() + "/" + n.key, AccountID: string(owner)}
				e.Resources = append(e.Resources, object)
			}
		}
		return n.call.RefusedData(told, owner)
	})
}
