package control

import (
	"context"
	"fmt"
	"log/slog"

	"latchkey/internal/caller"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// A call remembers by what authority it may succeed: a policy that allowed something, or a right that open.go lists.
// Control holds every success to that before it commits a change, commits a record or lets an answer out, so that a
// permission check that somebody forgot or deleted is an internal error and not a hole. A call has more than one
// authority when it needs several permissions; the memory does not tell which of them were asked for.
//
// The memory is the call's, not the caller's: the methods below stand in front of those of the embedded caller. Code
// that asks the caller itself, or asks for a supposed call, leaves no memory here, and its call is refused.

// Decide asks the caller's policies and the resource's, see caller.Caller.Decide.
func (call *Call) Decide(a caller.Ask) policy.Decision { return call.remember(call.Caller.Decide(a)) }

// DecideActor asks a policy that has to name the caller, see caller.Caller.DecideActor.
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

// remember keeps that a policy allowed something. It writes at most once, so that a copy of a call that is asked while
// another goroutine reads this one is no race.
func (call *Call) remember(d policy.Decision) policy.Decision {
	if d.Allowed && !call.allowed {
		call.allowed = true
	}
	return d
}

// ByRight says by what right the call may succeed although no policy is asked. Say it where the right is established,
// never before.
func (call *Call) ByRight(r Right) {
	if call.right == "" {
		call.right = r
	}
}

// Simulate is a call that somebody else would make in the place of this one, for explaining decisions. What is asked
// for it counts for itself alone, and nothing can be changed or recorded with it.
func (call *Call) Simulate(who *caller.Caller) *Call {
	return &Call{Caller: who, Target: call.Target, supposed: true}
}

// Authorised returns nil if the call may succeed: a policy allowed something, a right was named, or the operation is
// open. Anything else is a mistake of ours: the error is an internal fault, and the log names the operation.
func (c *Control) Authorised(call *Call) error {
	if !call.supposed && (call.allowed || call.right != "" || openOperations[call.operation] != "") {
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
