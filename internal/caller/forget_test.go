package caller

import "latchkey/internal/engine"

// EvaluateAt checks a session's caller against a snapshot, as Reauthenticate does against the latest one.
func (a *Authenticator) EvaluateAt(c *Caller, snap *engine.Snapshot) error {
	fresh := &Caller{AccessKeyID: c.AccessKeyID, Session: c.Session, Snapshot: snap, Facts: c.Facts}
	fresh.establishSession()
	return a.evaluate(fresh)
}

// Forget empties the memory of sessions that stood.
func (a *Authenticator) Forget() {
	a.answers.mu.Lock()
	defer a.answers.mu.Unlock()
	a.answers.was = nil
}
