package sts

import (
	"context"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// Identity is who a caller is.
type Identity struct {
	UserID  string // AIDA..., AROA...:session, or the account id for its root
	Account access.AccountID
	ARN     string
}

// CallerIdentity tells a caller who it is. It needs no permission, and no policy can deny it, because every refusal has
// the same data (STS API reference, GetCallerIdentity). A vended credential is told that it is a session of the
// location's role, as on AWS.
func (t *Tokens) CallerIdentity(call *control.Call) (Identity, error) {
	return Identity{UserID: call.UserID(), Account: call.Account, ARN: call.ARN()}, nil
}

const actionSession = "sts:GetSessionToken"

// Bounds of the sessions of GetSessionToken (STS API reference).
const (
	maxUserSession     = 36 * time.Hour
	defaultUserSession = 12 * time.Hour
	maxRootSession     = time.Hour
)

// SessionToken makes a session of the calling user or root user. The session has the permissions of its caller, except
// for IAM and STS, of which it can use only AssumeRole and GetCallerIdentity. The request must be signed with a
// long-term key. A d of zero means the default length. A session of the root user lasts one hour at most.
func (t *Tokens) SessionToken(
	ctx context.Context, call *control.Call, d time.Duration, mfa bool,
) (*credential.Credentials, error) {
	if call.Session != nil {
		return nil, fault.New(fault.Denied, "", "Cannot call GetSessionToken with session credentials")
	}
	if err := checkDuration(d, minDuration, maxUserSession); err != nil {
		return nil, err
	}
	if mfa {
		return nil, fault.New(fault.Denied, "",
			"MultiFactorAuthentication failed: no MFA device is registered for this caller.")
	}
	// Everybody may call it, unless a policy explicitly denies it.
	ask := caller.Ask{Action: actionSession, Resource: "*", ResourceAccount: call.Account}
	if decision := call.Decide(ask); decision.Effect == policy.ExplicitDeny {
		return nil, caller.Reasoned(decision, fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: ask.Action, Resource: ask.Resource, Because: decision.Because(),
		}))
	}
	if d == 0 {
		d = defaultUserSession
	}
	s := credential.Session{
		ID:          credential.SessionID(uuid.New()),
		Kind:        credential.UserSession,
		Account:     string(call.Account),
		PrincipalID: call.Principal.ID,
	}
	if call.IsRoot() {
		s.Kind, d = credential.RootSession, min(d, maxRootSession)
	}
	s.Issued = wholeSeconds(call.Facts.Time)
	s.Expires = s.Issued.Add(d)
	Inherit(call, &s)
	call.Event.ResponseElements = map[string]any{"credentials": map[string]any{"expiration": s.Expires.Format(
		time.RFC3339,
	)}}
	added := call.Event.Added()
	added.SessionID, added.Expires = s.ID.String(), s.Expires.Format(time.RFC3339)
	if err := t.Control.Record(ctx, call); err != nil {
		return nil, err
	}
	c, err := t.mint(call, s)
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// AccessKeyAccount returns the account of a long-term access key. The account of a temporary key is not known from the
// key alone, because nothing about it is stored.
func (t *Tokens) AccessKeyAccount(call *control.Call, id string) (access.AccountID, error) {
	const action = "sts:GetAccessKeyInfo"
	if err := admit(call, action, "*"); err != nil {
		return "", err
	}
	if call.Session != nil && call.Session.Kind != credential.AssumedRole {
		return "", fault.New(fault.Denied, "", "Cannot call GetAccessKeyInfo with session credentials")
	}
	if d := call.Decide(caller.Ask{Action: action, Resource: "*", ResourceAccount: call.Account}); !d.Allowed {
		return "", caller.Reasoned(d, fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: action, Resource: "*", Because: d.Because(),
		}))
	}
	if id == call.AccessKeyID {
		return call.Account, nil
	}
	k := call.Snapshot.AccessKey(id)
	if k == nil {
		return "", fault.New(fault.Invalid, fault.AccessKey, "The access key %s is not known here.", id)
	}
	return k.Account, nil
}
