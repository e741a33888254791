package grants

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
)

// Vendor turns a session into credentials. For locations that vend sessions of their store's own STS, the store does.
type Vendor interface {
	Vend(context.Context, credential.Session) (credential.Credentials, error)
}

// Sealed is the Vendor that seals sessions with the key ring.
type Sealed struct{ Ring *credential.Ring }

// Vend seals the session.
func (s Sealed) Vend(_ context.Context, session credential.Session) (credential.Credentials, error) {
	return s.Ring.Mint(session)
}

// Durations of vended credentials (S3 Control API reference, GetDataAccess).
const (
	DefaultDuration = time.Hour
	MinDuration     = 15 * time.Minute
	MaxDuration     = 12 * time.Hour
)

// DataAccess is what a client asks for with GetDataAccess.
type DataAccess struct {
	Target       string
	Permission   access.Permission
	Privilege    access.Privilege
	Object       bool // targetType=Object
	Duration     time.Duration
	AuditContext string
}

// Vended is the answer: credentials, what they cover, and the grantee of the grant that answered.
type Vended struct {
	Credentials credential.Credentials
	Matched     string
	Grantee     access.Grantee
}

// GetDataAccess decides which grant answers the caller, assumes the role of that grant's location and commits the audit
// record. Only then it seals a credential. Its error is the fault of the first check that fails.
func (g *Grants) GetDataAccess(ctx context.Context, call *control.Call, in DataAccess) (*Vended, error) {
	e := g.evaluate(question{subject: &subject{call: call}, data: in, vends: true})
	if err := e.refusal(); err != nil {
		return nil, err
	}
	session := e.session()
	if e.atStore != nil {
		return g.vendAtStore(ctx, call, e, session)
	}
	recordDecision(call, &e.Decision, session, e.Role)
	if err := g.Control.Record(ctx, call); err != nil {
		return nil, err
	}
	vended := false
	defer func() { // even if the vendor panics
		if !vended {
			call.Failed()
		}
	}()
	credentials, err := g.Vendor.Vend(ctx, *session)
	if err != nil {
		return nil, err
	}
	vended = true
	if g.Observe != nil {
		g.Observe(e.decidedAt.Sub(e.began), time.Since(e.decidedAt))
	}
	return &Vended{Credentials: credentials, Matched: e.Decision.Matched(), Grantee: e.Decision.Grant.Grantee}, nil
}

// refusal returns the error for the caller when no credential is vended. An incomplete evaluation is refused like a
// target without a grant: a failed check that has no fault must not become a success.
func (e *evaluation) refusal() error {
	if e.failed == nil && e.Decision.OK && e.Location != nil && e.Role != nil && !e.subject.simulated {
		return nil
	}
	reason := fault.GrantMissing
	if e.failed != nil {
		reason = e.failed.reason
		if told := e.failed.fault; told != nil {
			return withReason(told, reason)
		}
	}
	return fault.New(fault.Denied, "", "%s", e.request.DeniedText()).For(reason)
}

// withReason is a fault with the reason of the check that failed, for the record. A fault that has a reason already
// keeps it.
func withReason(told error, reason fault.Reason) error {
	f, ok := errors.AsType[*fault.Error](told)
	if !ok || f.Reason != "" || f.Kind == fault.Internal {
		return told
	}
	return f.For(reason)
}

// session returns what the credential will carry, before it is sealed. It must only be called when no check of the
// evaluation failed.
func (e *evaluation) session() *credential.Session {
	call, d := e.subject.call, &e.Decision
	now := call.Facts.Time.UTC().Truncate(time.Second)
	s := &credential.Session{
		ID: credential.SessionID(uuid.New()), Kind: credential.Vended,
		Account: string(e.Role.Account), Region: e.instance.Region, PrincipalID: e.Role.ID,
		SourceIdentity: call.SourceIdentity(), Issued: now, Expires: now.Add(e.Duration),
		InstanceID: e.instanceARN, GrantID: d.Grant.ID.String(), LocationID: string(e.Location.ID),
		Scope: d.Scope.String(), Permission: d.Permission.String(), ObjectOnly: d.Object,
		GranteeType: d.Grant.Grantee.Type.String(), GranteeID: d.Grant.Grantee.ID,
		CallerPrincipalID: call.Principal.ID,
	}
	s.Name = "access-grants-" + uuid.UUID(s.ID).String()
	sts.Inherit(call, s)
	if until := e.ValidUntil; !until.IsZero() && until.Before(s.Expires) {
		s.Expires = until
	}
	if call.Session != nil {
		s.CallerSessionID, s.Delegation, s.Asserted = call.Session.ID, call.Session.Delegation, call.Session.Asserted
	}
	e.addGrounds(s)
	return s
}

// addGrounds adds what the credential hangs on besides its asker.
func (e *evaluation) addGrounds(s *credential.Session) {
	grant, all := &e.Decision.Grant, &s.Grounds
	instance := credential.Joined(string(grant.Account), grant.Region)
	all.Add(credential.OnGrantsInstance, instance)
	all.Add(credential.OnLocation, credential.Joined(instance, string(e.Location.ID)))
	all.Add(credential.OnGrant, s.GrantID)
	if name := e.Decision.Scope.Bucket(); e.subject.call.Snapshot.Bucket(name) != nil {
		all.Add(credential.OnBucket, name)
	}
	if grant.Grantee.Type == access.IAM {
		return
	}
	call := e.subject.call
	if app := call.Snapshot.Association(call.Target, grant.Region); app != nil {
		all.Add(credential.OnAssociation, app.ID)
		if acting := e.subject.call.Snapshot.Application(s.ApplicationARN); acting != nil {
			entry := caller.ScopeEntry(acting, app, sso.S3Scope)
			all.Add(credential.OnAccessScope, credential.Joined(acting.ID, sso.S3Scope, entry))
		}
	}
	if grant.Grantee.Type == access.DirectoryGroup {
		all.Add(credential.OnGroup, s.GranteeID)
		all.Add(credential.OnMembership, credential.Joined(s.GranteeID, cmp.Or(s.UserID, s.Asserted)))
	}
}

// recordDecision completes the audit record with the decision and with the service's own AssumeRole.
func recordDecision(call *control.Call, d *access.Decision, s *credential.Session, role *iam.Role) {
	recordGrant(call, &d.Grant)
	added := call.Event.Added()
	added.Session, added.Expires = s.Name, s.Expires.Format(time.RFC3339)
	added.SessionID, added.RoleID = s.ID.String(), s.PrincipalID
	arn := role.ARN()
	parameters := map[string]any{
		"roleArn": arn, "roleSessionName": s.Name, "durationSeconds": int(s.Expires.Sub(s.Issued).Seconds()),
	}
	if s.SourceIdentity != "" {
		parameters["sourceIdentity"] = s.SourceIdentity
	}
	e := call.ServiceEvent("sts.amazonaws.com", "AssumeRole", ServicePrincipal, parameters)
	e.Resources = append(e.Resources, resource("AWS::IAM::Role", arn, string(role.Account)))
	call.Also(e)
}
