package control

import (
	"context"
	"fmt"
	"log/slog"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// A call remembers what allows it to succeed: a policy that allowed something, or a right that open.go lists. Control
// checks this for every success, before it commits a change or a record, or lets an answer out. So a permission check
// that was forgotten or deleted becomes an internal error, not a security hole. A call that needs several permissions
// asks several times. The memory does not say which of them were asked.
//
// The call has the memory, not the caller: the methods below shadow those of the embedded caller. Code that asks the
// caller itself, or that asks for a simulated call, leaves nothing in the memory, and its call is refused.

// Decide asks the caller's and the resource's policies, see caller.Caller.Decide.
func (call *Call) Decide(a caller.Ask) policy.Decision { return call.remember(call.Caller.Decide(a)) }

// DecideActor asks a policy that must name the caller, see caller.Caller.DecideActor.
func (call *Call) DecideActor(a caller.Ask) policy.Decision {
	return call.remember(call.Caller.DecideActor(a))
}

// DecideTrust asks the trust policy of a role, see caller.Caller.DecideTrust.
func (call *Call) DecideTrust(a caller.Ask, trust *policy.Document) policy.Decision {
	return call.remember(call.Caller.DecideTrust(a, trust))
}

// Authorize is Decide with the refusal in AWS's words, see caller.Caller.Authorize.
func (call *Call) Authorize(a caller.Ask) error {
	err := call.Caller.Authorize(a)
	call.remember(policy.Decision{Allowed: err == nil})
	return err
}

// remember notes that a policy allowed something. It writes at most once. So it is no race if one goroutine asks for a
// copy of a call while another reads the call.
func (call *Call) remember(d policy.Decision) policy.Decision {
	if d.Allowed && !call.allowed {
		call.allowed = true
	}
	return d
}

// ByRight states the right by which the call may succeed although no policy is asked. Call it where the right is
// established, never earlier.
func (call *Call) ByRight(r Right) {
	if call.right == "" {
		call.right = r
	}
}

// Simulate returns the call that another caller would make in place of this one. It is for explaining decisions. Its
// permissions are not those of this call, and nothing can be changed or recorded with it.
func (call *Call) Simulate(who *caller.Caller) *Call {
	return &Call{Caller: who, Target: call.Target, simulated: true}
}

// Probe returns a call of a caller that asks only whether something would be decided for it. As with Simulate, nothing
// can be changed or recorded with it.
func Probe(who *caller.Caller, target access.AccountID) *Call {
	return &Call{Caller: who, Target: target, simulated: true}
}

// Authorised returns nil if the call may succeed: a policy allowed something, a right was stated, or the operation is
// open. Otherwise the program has a mistake. The error is then an internal fault, and the log names the operation.
func (c *Control) Authorised(call *Call) error {
	if !call.simulated && (call.allowed || call.right != "" || openOperations[call.operation] != "") {
		return nil
	}
	err := fmt.Errorf("%s of %s would have succeeded without a policy or a right that allows it", call.operation.name,
		call.operation.source)
	if c.Log != nil {
		c.Log.LogAttrs(context.Background(), slog.LevelError, "an operation does not check who may do it", slog.String("op",
			call.operation.name),
			slog.String("source", call.operation.source), slog.String("request", call.Event.RequestID))
	}
	return fault.New(fault.Internal, "", "").Because(err)
}
