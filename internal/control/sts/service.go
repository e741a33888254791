package sts

import (
	"strconv"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// ServiceAssume is the request of one of our services that assumes a role on behalf of a call.
type ServiceAssume struct {
	RoleID         string                 // immutable id of the role
	RoleARN        string                 // the registered ARN; the refusal names it
	Service        string                 // access-grants.s3.amazonaws.com
	SourceAccount  access.AccountID       // whose resource the service acts for
	SourceARN      string                 // that resource
	SourceIdentity string                 // to be set on the session; empty: none
	OnBehalfOf     *credential.Delegation // the caller's delegation, passed on to the session; nil: none
	Duration       time.Duration
}

// AssumeForService checks that a role's trust policy lets the service assume it for this resource, and that the role
// allows sessions of that length. It makes no session: its caller does, from the role that it returns. The refusals are
// those that S3 Access Grants passes on (S3 API reference, "Error responses": StsNotAuthorizedError,
// StsValidationError). A role that is deleted is refused like a role that does not trust the service.
func (t *Tokens) AssumeForService(call *control.Call, in ServiceAssume) (*iam.Role, error) {
	role := call.Snapshot.Role(in.RoleID)
	if role == nil {
		return nil, in.notAuthorized(actionAssume)
	}
	compiled := call.Snapshot.Compiled(role.ID)
	if compiled == nil || compiled.Trust == nil || compiled.Err != nil {
		return nil, in.notAuthorized(actionAssume)
	}
	var v policy.Values
	v.Grow(10)
	v.Set("aws:SourceAccount", string(in.SourceAccount))
	v.Set("aws:SourceArn", in.SourceARN)
	v.Set("aws:CurrentTime", call.Facts.Time.UTC().Format(time.RFC3339))
	v.Set("aws:EpochTime", strconv.FormatInt(call.Facts.Time.Unix(), 10))
	// AWS has these keys in every request, also in those of its services. A service has no network address.
	v.Set("aws:SecureTransport", "true")
	v.Set("aws:UserAgent", in.Service)
	if part := strings.Split(in.SourceARN, ":"); len(part) > 3 {
		v.Set("aws:RequestedRegion", part[3])
	}
	actions := []string{actionAssume}
	if in.SourceIdentity != "" {
		v.Set("sts:SourceIdentity", in.SourceIdentity)
		actions = append(actions, actionSource)
	}
	if in.OnBehalfOf != nil {
		actions = append(actions, actionSet)
		contextValues(&v, in.OnBehalfOf)
	}
	for _, action := range actions {
		d := policy.EvaluateTrust(policy.Request{
			Principal: policy.Principal{Kind: policy.Service, Service: in.Service},
			Action:    action, Resource: role.ARN(), ResourceAccount: string(role.Account), Context: v,
			Meter: call.Meter(),
		}, compiled.Trust, policy.Policies{})
		if !d.Allowed {
			return nil, caller.Reasoned(d, in.notAuthorized(action))
		}
	}
	if in.Duration > role.MaxSession {
		return nil, fault.New(fault.Invalid, fault.SessionDuration,
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return role, nil
}

func (in *ServiceAssume) notAuthorized(action string) *fault.Error {
	return fault.New(fault.Denied, fault.ServiceTrust, "%s", caller.Denial{
		User: in.Service, Action: action, Resource: in.RoleARN,
	}).For(fault.RoleNotAssumable)
}
