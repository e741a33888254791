package control

import (
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/engine"
)

// Opening says what a call is when it begins.
type Opening struct {
	Caller     *caller.Caller // an IAM principal; BeginFor makes one of an Outsider
	Source     string         // CloudTrail's eventSource
	Operation  string         // CloudTrail's eventName
	ReadOnly   bool
	Parameters map[string]any   // CloudTrail's requestParameters, as far as they are known yet; the call owns the map
	Address    access.AccountID // whose resources the call is about; empty: the caller's own, see Call.Address
}

// Outsider is somebody who is no IAM principal: a provisioning client with its bearer token, a person who signs in, the
// server itself.
type Outsider struct {
	Identity audit.Identity   // how the record names the outsider
	Account  access.AccountID // in whose account the outsider acts; empty: not known yet, see RecordFor
	Snapshot *engine.Snapshot
	Facts    caller.Facts
}

// Begin starts a call. The event is complete but for what the operation adds and for its outcome.
func (c *Control) Begin(o Opening) *Call {
	call := &Call{
		Caller: o.Caller, Target: o.Caller.Account, Event: newEvent(&o),
		operation: operation{o.Source, o.Operation},
	}
	if o.Address != "" {
		call.Address(o.Address)
	}
	return call
}

// BeginFor starts a call of an outsider. Its caller has no policies, so that whatever asks them is refused; by what
// right it acts, the operation says with ByRight.
func (c *Control) BeginFor(who Outsider, o Opening) *Call {
	o.Caller = &caller.Caller{Account: who.Account, Snapshot: who.Snapshot, Facts: who.Facts}
	call := c.Begin(o)
	call.Event.UserIdentity, call.Event.AdditionalEventData = who.Identity, map[string]any{}
	return call
}

// Address says which account's resources the call is about. The call's record goes to the log of that account, besides
// the caller's own: see events. Functions that find a bucket, an application or an instance do not address it; who
// called them does, in sight.
func (call *Call) Address(account access.AccountID) { call.Target = account }

// RecordFor says in whose account a call of an outsider is, as soon as something of that account was presented: from
// here on the call leaves a record, which is that account's. Before, it leaves none: anybody could fill the log. A call
// that has an account already, such as a principal's, stays as it is.
func (call *Call) RecordFor(account access.AccountID) {
	if call.Account != "" {
		return
	}
	call.Account, call.Unproven = account, false
	call.Address(account)
	call.Event.RecipientAccountID = string(account)
	call.Event.UserIdentity.AccountID = string(account)
}
