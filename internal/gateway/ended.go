package gateway

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"latchkey/internal/awserror"
	"latchkey/internal/caller"
)

// Bounds of the audit records about sessions whose grounds have gone. A client that does not notice sends requests on
// and on, and must not be able to fill the audit log.
const (
	endedInterval = time.Minute // one record for a session
	maxEnded      = 4096        // sessions in that time; the log of requests has them all
)

// endedLog remembers which sessions have a record. The zero endedLog is ready for use.
type endedLog struct {
	mu   sync.Mutex
	last map[string]time.Time // by access key id
}

// due reports whether a record about this session is due, and counts it as written if so.
func (l *endedLog) due(accessKeyID string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.last[accessKeyID]; ok && now.Sub(last) < endedInterval {
		return false
	}
	if len(l.last) >= maxEnded {
		for id, last := range l.last {
			if now.Sub(last) >= endedInterval {
				delete(l.last, id)
			}
		}
		if len(l.last) >= maxEnded {
			return false
		}
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	l.last[accessKeyID] = now
	return true
}

// recordEnded records that a session was refused because its grounds have gone: which session, which grant, why. The
// request is refused in any case. If the record cannot be written, that is only logged.
func (g *Gateway) recordEnded(q *request, err error, told awserror.Error) {
	e, ok := errors.AsType[*caller.Ended](err)
	if !ok {
		return
	}
	if q.Call != nil && !q.Unrecorded {
		return // the frame has recorded the refusal of a management operation
	}
	if q.op == nil {
		if labels, err := g.recognise(q); err == nil { // for the operation's name and the region
			q.row.place(e.Caller, addressed(labels))
		}
	}
	call := g.Control.Begin(q.opening(e.Caller))
	if q.Call == nil { // so that the request's log record names the session's principal
		q.Call, q.Unrecorded = call, true
	}
	if !g.ended.due(e.Caller.AccessKeyID, q.Began) {
		return
	}
	call.Event.EventCategory, call.Event.ManagementEvent = "Data", false
	added := call.Event.Added()
	if s := e.Caller.Session; s != nil {
		added.Session, added.GrantID, added.GrantScope, added.LocationID = s.Name, s.GrantID, s.Scope, s.LocationID
		added.Expires = s.Expires.Format(time.RFC3339)
	}
	if failed := q.Finish(call, told); failed != nil && g.Frame.Log != nil {
		g.Frame.Log.LogAttrs(q.Context(), slog.LevelError, "a refusal was not recorded",
			slog.String("request", q.ID), slog.String("error", failed.Error()))
	}
}
