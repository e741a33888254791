package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/credential"
)

// Supposed is somebody who would send S3 requests with credentials of their own.
type Supposed struct {
	Call       *control.Call       // a simulated one
	Session    *credential.Session // what GetDataAccess would vend; nil: nothing
	Target     access.Scope
	Permission access.Permission
}

// Direct tells whether plain S3 requests would be served, with nothing vended before: every action that the permission
// stands for, on the target. It is decided by the gateway's own code.
type Direct struct {
	Allowed bool
	By      string  // ByPolicies, ByGrant; empty when not allowed
	Checks  []Check // one for each action
}

// What requests are served by. A request is served by a grant if policies alone do not allow it.
const (
	ByPolicies = "policies"
	ByGrant    = "grant"
)

// Reason is why requests would not be served; empty if they would.
func (d *Direct) Reason() string {
	for _, c := range d.Checks {
		if !c.Passed && c.Reason == "" {
			return c.Text
		}
		if !c.Passed {
			return c.Reason.Before(c.Text)
		}
	}
	return ""
}

// direct tells how the requests would be answered that the evaluation is about.
func (e *evaluation) direct() *Direct {
	if e.grants.Direct == nil || e.request.Target.IsZero() {
		return nil
	}
	in := Supposed{Call: e.subject.call, Target: e.request.Target, Permission: e.data.Permission}
	if e.failed == nil && e.Decision.OK && e.Location != nil && e.Role != nil {
		in.Session = e.session()
	}
	return e.grants.Direct(in)
}
