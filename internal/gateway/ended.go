package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/control/buckets"
)

// Bounds of the audit records about sessions whose grounds have gone. A client that does not notice asks on
// and on, and must not be able to fill the audit log.
const (
	endedEvery = time.Minute // one record for a session
	endedMost  = 4096        // sessions in that time; the log of requests has them all
)

// endedLog remembers about which sessions there is a record. The zero endedLog is ready for use.
type endedLog struct {
	mu   sync.Mutex
	last map[string]time.Time // by access key id
}

// due reports whether a record about this session is to be written now, and counts it as written.
func (l *endedLog) due(accessKeyID string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.last[accessKeyID]; ok && now.Sub(last) < endedEvery {
		return false
	}
	if len(l.last) >= endedMost {
		for id, last := range l.last {
			if now.Sub(last) >= endedEvery {
				delete(l.last, id)
			}
		}
		if len(l.last) >= endedMost {
			return false
		}
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	l.last[accessKeyID] = now
	return true
}

// recordEnded records that a session was refused because its grounds have gone: which session, which grant, why.
// What it refused is refused in any case, so a record that cannot be written is only logged.
func (g *Gateway) recordEnded(q *request, err error) {
	e, ok := errors.AsType[*caller.Ended](err)
	if !ok || !g.ended.due(e.Caller.AccessKeyID, q.began) {
		return
	}
	name := "Unknown"
	if q.op == nil {
		_, _ = g.recognise(q) // only its name matters here
	}
	if q.op != nil {
		name = q.op.Name
	}
	refused := awserror.Of(awserror.S3, err)
	call := g.Control.Begin(e.Caller, buckets.Source, name, q.readOnly(), nil)
	call.Event.EventCategory, call.Event.ManagementEvent = "Data", false
	added := call.Event.Added()
	added.Reason = e.Reason
	if s := e.Caller.Session; s != nil {
		added.Session, added.GrantID, added.GrantScope, added.LocationID = s.Name, s.GrantID, s.Scope, s.LocationID
		added.Expires = s.Expires.Format(time.RFC3339)
	}
	if failed := g.Control.Finish(context.WithoutCancel(q.Context()), call, refused.Code, refused.Message); failed != nil {
		g.Log.LogAttrs(q.Context(), slog.LevelError, "a refusal was not recorded", slog.String("request", q.id), slog.String("error", failed.Error()))
	}
}
