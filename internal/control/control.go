// Package control is what all parts of the control plane share: the data of a call, how a change and its audit record
// are committed together, and the quotas.
//
// Its sub-packages have the operations and their permission checks, one subject each: grants (S3 Access Grants),
// principals (IAM), sts (STS), buckets (the registry of buckets), identitystore and identitycenter (IAM Identity
// Center), and others. None of them knows the wire format; package api does.
package control

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Control is what the operations of the control plane work with.
type Control struct {
	DB     *store.DB
	Engine *engine.Engine
	Auth   *caller.Authenticator // asks again for whoever is behind a token
	Ring   *credential.Ring
	Now    func() time.Time
	Region string // the default region
	Quotas Quotas
	Log    *slog.Logger
}

// Quotas are the limits that AWS sets by default. Each of them can be configured.
type Quotas struct {
	Locations     int // per instance; S3 user guide, "S3 Access Grants limitations": 1,000
	Grants        int // per instance: 100,000
	Tags          int // per resource: 50
	AccessKeys    int // per user: 2
	AttachedTo    int // managed policies per principal: 10
	PolicyVersion int // per managed policy: 5

	DirectoryUsers  int // per identity store; IAM Identity Center user guide, "Quotas": 200,000
	DirectoryGroups int // per identity store: 100,000

	// Quotas of Identity Center (user guide, "IAM Identity Center quotas").
	Applications   int // per account: 7,000
	TokenIssuers   int // trusted token issuers per instance: 10
	AccessScopes   int // per application: 25
	AssignedGroups int // groups assigned to an application: 100

	// How many foreign tokens a node exchanges in a second for an instance: 10. 0, the default here, is no limit.
	TokenExchangeRate int
}

// DefaultQuotas are AWS's.
var DefaultQuotas = Quotas{
	Locations: 1000, Grants: 100_000, Tags: 50, AccessKeys: 2, AttachedTo: 10, PolicyVersion: 5,
	DirectoryUsers: 200_000, DirectoryGroups: 100_000,
	Applications: 7000, TokenIssuers: 10, AccessScopes: 25, AssignedGroups: 100,
}

// Call is one request on its way through the control plane. Begin makes it and Finish ends it. Finish makes sure that
// exactly one audit record describes it.
type Call struct {
	*caller.Caller
	Target access.AccountID // the account that the request addresses; only Address and RecordFor set it
	Event  audit.Event

	// Unproven is true while nobody has proved who is calling. Such a call leaves no record, because otherwise anybody
	// could fill the log. It changes nothing, and its answer gives access to nothing.
	Unproven bool

	operation operation
	allowed   bool  // whether a policy allowed something, see authority.go
	right     Right // by which the call may succeed without a policy; empty: none
	simulated bool  // the call is one that Simulate made

	further  []audit.Event // further records of the same call, such as the service's AssumeRole
	recorded bool
}

// Update commits a change and the call's audit record in one transaction. It returns when this node's snapshot shows
// the change. Rows that are written together have the same time: tx.Now(). A call that is not Authorised changes
// nothing.
func (c *Control) Update(ctx context.Context, call *Call, fn func(*store.Tx) error) error {
	if err := c.Authorised(call); err != nil {
		return err
	}
	err := c.Engine.Update(ctx, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		for _, e := range call.events() {
			if err := tx.Record(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		call.recorded = true
	}
	return err
}

// Record commits the call's audit record now, before anything that it describes leaves the program. It goes on even if
// the client disconnects, because it must be known whether the record is on the disk. It refuses a call that is not
// Authorised.
func (c *Control) Record(ctx context.Context, call *Call) error {
	if err := c.Authorised(call); err != nil {
		return err
	}
	return c.record(ctx, call)
}

func (c *Control) record(ctx context.Context, call *Call) error {
	if err := c.DB.Record(context.WithoutCancel(ctx), call.events()...); err != nil {
		return err
	}
	call.recorded = true
	return nil
}

// Failed says that what was recorded did not happen. Finish then commits a further record of the same request, which
// says why.
func (call *Call) Failed() {
	call.Event.EventID, call.Event.Latchkey = uuid.NewString(), nil
	call.further, call.recorded = nil, false
}

// Finish ends the call. It commits a record if none has been committed yet. If the call failed, refusal is what the
// client is told, and the record gets its code, its text and its reason. A refusal without a code is a success. Nothing
// else puts a reason into a record. Finish fails if it cannot record, or if a success is not Authorised. The client
// must then not get what it asked for.
func (c *Control) Finish(ctx context.Context, call *Call, refusal awserror.Error) error {
	if refusal.Code == "" {
		if err := c.Authorised(call); err != nil {
			return err
		}
	}
	if call.recorded || call.Unproven {
		return nil
	}
	if refusal.Code != "" {
		call.further = nil // they describe what did not happen
		explain(&call.Event, refusal)
	}
	return c.record(ctx, call)
}

// Also adds a further record that is committed together with the call's own.
func (call *Call) Also(e audit.Event) { call.further = append(call.further, e) }

// Touch adds a resource that the call reads or changes to the record.
func (call *Call) Touch(kind, arn string, account access.AccountID) {
	call.Event.Resources = append(call.Event.Resources, audit.Resource{Type: kind, ARN: arn, AccountID: string(account)})
}

// events returns the records of the call. They go to the log of the account that owns the resources, whoever the caller
// is, so that the owner can see who accessed them. A management call across accounts is also in the log of the caller's
// account, as on AWS, but without the data that is for the owner only. A record that was made for a further account
// keeps its recipient.
func (call *Call) events() []audit.Event {
	all := append([]audit.Event{call.Event}, call.further...)
	home, owner := call.Event.RecipientAccountID, call.owner()
	for i := range all {
		if all[i].RecipientAccountID == home {
			all[i].RecipientAccountID = owner
		}
	}
	if owner != home && call.Event.ManagementEvent {
		all[0].SharedEventID = uuid.NewString()
		copied := all[0]
		copied.EventID, copied.RecipientAccountID, copied.Latchkey = uuid.NewString(), home, nil
		if how := call.Event.Identity(); how != "" {
			copied.Added().Identity = how
		}
		all = append(all, copied)
	}
	return all
}

// owner is the account that the call addresses. If that account does not exist, it is the caller's own, because nobody
// would ever read the log of the other.
func (call *Call) owner() string {
	if call.Target == call.Account || call.Snapshot == nil || call.Snapshot.Account(call.Target) == nil {
		return string(call.Account)
	}
	return string(call.Target)
}

// May asks the caller's policies. resourcePolicy may be nil.
func (call *Call) May(
	action, resource string, values policy.Values, resourcePolicy *policy.Document, owner access.AccountID,
) error {
	return call.Authorize(caller.Ask{
		Action: action, Resource: resource, ResourceAccount: owner, Values: values, ResourcePolicy: resourcePolicy,
	})
}
