package control

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/store"
)

// Opening describes a call when it begins.
type Opening struct {
	Caller     *caller.Caller // an IAM principal; BeginFor makes one of an Outsider
	Source     string         // CloudTrail's eventSource
	Operation  string         // CloudTrail's eventName
	ReadOnly   bool
	Parameters map[string]any   // CloudTrail's requestParameters that are known so far; the call owns the map
	Address    access.AccountID // whose resources the call is about; empty: the caller's own, see Call.Address
}

// Outsider is somebody who is not an IAM principal: a provisioning client with its bearer token, a person who signs in,
// or the server itself.
type Outsider struct {
	Identity audit.Identity   // how the record names the outsider
	Account  access.AccountID // the account in which the outsider acts; empty: not known yet, see RecordFor
	Snapshot *engine.Snapshot
	Facts    caller.Facts
}

// Begin starts a call. Its event is complete except for the outcome and for what the operation adds.
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

// BeginFor starts a call of an outsider. Its caller has no policies, so everything that asks them is refused. The
// operation calls ByRight to say by what right the outsider acts.
func (c *Control) BeginFor(who Outsider, o Opening) *Call {
	o.Caller = &caller.Caller{Account: who.Account, Snapshot: who.Snapshot, Facts: who.Facts}
	call := c.Begin(o)
	call.Event.UserIdentity, call.Event.AdditionalEventData = who.Identity, map[string]any{}
	return call
}

// Address sets the account whose resources the call is about. The call's record goes to the log of that account, and to
// the caller's own log: see events. A function that finds a bucket, an application or an instance does not call
// Address. The function that called it does.
func (call *Call) Address(account access.AccountID) { call.Target = account }

// RecordFor sets the account of an outsider's call. It is called when the outsider has presented something of that
// account. From then on the call leaves a record in the log of the account. Before that it leaves none, because
// otherwise anybody could fill the log. It changes nothing if the call has an account already, as a principal's call
// has.
func (call *Call) RecordFor(account access.AccountID) {
	if call.Account != "" {
		return
	}
	call.Account, call.Unproven = account, false
	call.Address(account)
	call.Event.RecipientAccountID = string(account)
	call.Event.UserIdentity.AccountID = string(account)
}

// Reach gives the call a snapshot that shows a revision: that of a token which another node may have made a moment ago.
func (c *Control) Reach(ctx context.Context, call *Call, rev uint64) error {
	if rev <= uint64(call.Snapshot.Rev()) {
		return nil
	}
	snap, err := c.Engine.Reach(ctx, store.Rev(rev))
	if err != nil {
		return err
	}
	call.Snapshot = snap
	return nil
}

// TokenStands checks a token that was issued here, when it is presented for another one or for a session: by a snapshot
// that shows the token's revision, everything that the token hangs on must stand, and every actor behind it could ask
// for it now. It fails with a denial whose reason the client is told.
func (c *Control) TokenStands(ctx context.Context, call *Call, d *credential.SealedDelegation) error {
	if err := c.Reach(ctx, call, d.Revision); err != nil {
		return err
	}
	if err := caller.SealedStands(call.Snapshot, d); err != nil {
		return err
	}
	return c.Auth.ActorsStand(call.Caller, d)
}
