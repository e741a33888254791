package grants

import (
	"context"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Vendor turns a session into credentials: sealed by ourselves, or by asking the store's own STS.
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

// Vended is the answer: credentials, what they cover, and by whose grant.
type Vended struct {
	Credentials credential.Credentials
	Matched     string
	Grantee     access.Grantee
}

// GetDataAccess decides which grant answers the caller, assumes the role of that grant's location, commits
// the audit record, and only then seals a credential.
func (g *Grants) GetDataAccess(ctx context.Context, call *control.Call, in DataAccess) (*Vended, error) {
	ask, err := askDataAccess(call)
	if err != nil {
		return nil, err
	}
	if err := call.Authorize(ask); err != nil {
		return nil, err
	}
	i, err := g.instance(call)
	if err != nil {
		return nil, err
	}
	request, err := dataRequest(call, in)
	if err != nil {
		return nil, err
	}
	duration, err := checkDuration(in.Duration)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	d := call.Snapshot.Grants().Decide(&request).Decision(&request)
	decided := time.Now()
	if !d.OK {
		return nil, fault.New(fault.Denied, "", "%s", request.DeniedText())
	}
	l, role, err := g.assume(call, i, &d.Grant, duration)
	if err != nil {
		return nil, err
	}
	session := newSession(call, i, d, l, role, duration)
	recordDecision(call, d, session, role)
	if err := g.Record(ctx, call); err != nil {
		return nil, err
	}
	credentials, err := g.Vendor.Vend(ctx, *session)
	if err != nil {
		call.Failed()
		return nil, err
	}
	if g.Observe != nil {
		g.Observe(decided.Sub(began), time.Since(decided))
	}
	return &Vended{Credentials: credentials, Matched: d.Matched(), Grantee: d.Grant.Grantee}, nil
}

// askDataAccess is what the caller's policies are asked.
func askDataAccess(call *control.Call) (caller.Ask, error) {
	return askInstance(call, "s3:GetDataAccess", policy.Values{})
}

// dataRequest is the question that the index decides.
func dataRequest(call *control.Call, in DataAccess) (access.Request, error) {
	target, err := access.ParseTarget(in.Target)
	if err != nil {
		return access.Request{}, control.AccessFault(err)
	}
	r := access.Request{
		Account: call.Target, Region: call.Facts.Region, Identities: Identities(call), Target: target,
		Permission: in.Permission, Privilege: in.Privilege, Object: in.Object,
	}
	if call.Session != nil {
		r.Application = call.Session.ApplicationARN
	}
	return r, control.AccessFault(r.Check())
}

// Identities are those under which a caller can hold grants: the user itself, or the role behind the session with
// the person of the directory for whom it acts. The root user has none.
func Identities(call *control.Call) []access.Identity {
	switch {
	case call.Role != nil:
		return append([]access.Identity{{Type: access.IAM, Principal: call.Role.ID}}, directoryIdentities(call)...)
	case call.User != nil:
		return []access.Identity{{Type: access.IAM, Principal: call.User.ID}}
	}
	return nil
}

func checkDuration(d time.Duration) (time.Duration, error) {
	if d == 0 {
		return DefaultDuration, nil
	}
	if d < MinDuration || d > MaxDuration {
		return 0, fault.New(fault.Invalid, fault.Request, "durationSeconds must be between %d and %d",
			int(MinDuration.Seconds()), int(MaxDuration.Seconds()))
	}
	return d, nil
}

// assume finds the location of a grant and its role, which must trust the service and allow sessions of this
// length.
func (g *Grants) assume(call *control.Call, i *store.Instance, grant *access.Grant, duration time.Duration) (*store.Location, *iam.Role, error) {
	l := call.Snapshot.Location(grant.Account, grant.Region, grant.LocationID)
	if l == nil {
		return nil, nil, fault.New(fault.Unavailable, fault.Location, "The location of the grant is being changed. Please try again.")
	}
	behalf, _ := call.OnBehalfOf() // S3 hands the context on, so that what is done with the data names the person
	role, err := g.Tokens.AssumeForService(call, sts.ServiceAssume{
		RoleID: l.RoleID, RoleARN: l.RoleARN, Service: ServicePrincipal, SourceAccount: i.Account, SourceARN: i.ARN(),
		SourceIdentity: sourceIdentity(call), OnBehalfOf: behalf, Duration: duration,
	})
	return l, role, err
}

// newSession is what the credential will carry.
func newSession(call *control.Call, i *store.Instance, d access.Decision, l *store.Location, role *iam.Role, duration time.Duration) *credential.Session {
	now := call.Facts.Time.UTC().Truncate(time.Second)
	s := &credential.Session{
		ID: credential.SessionID(uuid.New()), Kind: credential.Vended, Account: string(role.Account), Region: i.Region, PrincipalID: role.ID,
		SourceIdentity: sourceIdentity(call), Issued: now, Expires: now.Add(duration),
		InstanceID: i.ARN(), GrantID: d.Grant.ID.String(), LocationID: string(l.ID), Scope: d.Scope.String(),
		Permission: d.Permission.String(), ObjectOnly: d.Object, GranteeType: d.Grant.Grantee.Type.String(), GranteeID: d.Grant.Grantee.ID,
		CallerPrincipalID: call.Principal.ID,
	}
	s.Name = "access-grants-" + uuid.UUID(s.ID).String()
	sts.Inherit(call, s)
	if call.Session != nil {
		s.CallerSessionID, s.Delegation = call.Session.ID, call.Session.Delegation
	}
	return s
}

// sourceIdentity is what S3 sets on the sessions that it makes: the caller's own if it has one. Callers
// without one get none, so that a trust policy which allows only sts:AssumeRole is enough, as it is on AWS.
func sourceIdentity(call *control.Call) string { return call.SourceIdentity() }

// recordDecision completes the audit record: what was decided, and the service's own AssumeRole.
func recordDecision(call *control.Call, d access.Decision, s *credential.Session, role *iam.Role) {
	recordGrant(call, &d.Grant)
	added := call.Event.Added()
	added.Session, added.Expires = s.Name, s.Expires.Format(time.RFC3339)
	parameters := map[string]any{
		"roleArn": role.ARN(), "roleSessionName": s.Name, "durationSeconds": int(s.Expires.Sub(s.Issued).Seconds()),
	}
	if s.SourceIdentity != "" {
		parameters["sourceIdentity"] = s.SourceIdentity
	}
	e := call.ServiceEvent("sts.amazonaws.com", "AssumeRole", ServicePrincipal, parameters)
	e.Resources = append(e.Resources, resource("AWS::IAM::Role", role.ARN(), string(role.Account)))
	call.Also(e)
}
