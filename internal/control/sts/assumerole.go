package sts

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// AssumeRole is the input of AssumeRole.
type AssumeRole struct {
	RoleARN, SessionName string
	Duration             time.Duration // zero: one hour
	Policy               string        // session policy; empty: none
	PolicyARNs           []string      // managed policies that narrow the session
	ExternalID           string
	SourceIdentity       string
	Tags                 []iam.Tag
	TransitiveTagKeys    []string
	MFA                  bool // the request has a serial number or a token code
	Contexts             []ProvidedContext

	names bool           // the tags name a user, see UserTag
	token *verifiedToken // the foreign token in place of the caller's signature; nil: AssumeRole itself
}

// Assumed is the session that AssumeRole made.
type Assumed struct {
	Credentials    credential.Credentials
	RoleID         string // AROA...:session
	ARN            string // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
	PackedSize     int    // of policies and tags, in percent of the limit; negative when there are none
	SourceIdentity string
}

// AssumeRole makes a session of a role. The role's trust policy must allow the caller. If it only names the account or
// a principal of another account, the caller's own policies must allow it, too. A role that does not exist is refused
// in the same words as a role that does not trust the caller.
//
// A session that is made with another session ends no later than that one.
func (t *Tokens) AssumeRole(ctx context.Context, call *control.Call, in AssumeRole) (*Assumed, error) {
	if err := admit(call, actionAssume, in.RoleARN); err != nil {
		return nil, err
	}
	if call.IsRoot() {
		return nil, fault.New(fault.Denied, "", "Roles may not be assumed by root accounts.").For(fault.TrustPolicyDenies)
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	tags, transitive, err := in.sessionTags(call)
	if err != nil {
		return nil, err
	}
	if in.names, err = in.asserted(tags, transitive); err != nil {
		return nil, err
	}
	if err := in.keepSourceIdentity(call); err != nil {
		return nil, err
	}
	behalf, err := t.openContexts(ctx, call, in.Contexts)
	if err != nil {
		return nil, err
	}
	role, err := in.trustedRole(call, tags, transitive, behalf)
	if err != nil {
		return nil, err
	}
	var named *directory.User
	if in.names {
		if named, err = findAsserted(call, role, tags[UserTag]); err != nil {
			return nil, err
		}
	}
	return t.makeSession(ctx, call, &in, sessionParts{role, tags, transitive, behalf, named})
}

// sessionParts is what the checks of a request have found for the new session.
type sessionParts struct {
	role       *iam.Role
	tags       map[string]string
	transitive []string // keys of the tags that a chain passes on
	behalf     *onBehalf
	named      *directory.User // by a tag; nil: nobody
}

// makeSession makes the session of a role that the caller may assume.
func (t *Tokens) makeSession(
	ctx context.Context, call *control.Call, in *AssumeRole, parts sessionParts,
) (*Assumed, error) {
	role := parts.role
	packed, err := in.checkPolicies(call, role, parts.tags)
	if err != nil {
		return nil, err
	}
	now := wholeSeconds(call.Facts.Time)
	length, err := in.sessionDuration(call, role)
	if err != nil {
		return nil, err
	}
	s := credential.Session{
		ID:                credential.SessionID(uuid.New()),
		Kind:              credential.AssumedRole,
		Account:           string(role.Account),
		PrincipalID:       role.ID,
		Name:              in.SessionName,
		SourceIdentity:    in.SourceIdentity,
		PolicyARNs:        in.PolicyARNs,
		Tags:              parts.tags,
		TransitiveTagKeys: parts.transitive,
		Issued:            now,
		Expires:           now.Add(length),
	}
	if in.Policy != "" {
		s.Policies = []string{in.Policy}
	}
	Inherit(call, &s)
	s.Asked.ExternalID = in.ExternalID
	in.token.addToSession(&s)
	parts.behalf.addToSession(&s)
	addAsserted(&s, parts.named)
	out := &Assumed{
		RoleID:         role.ID + ":" + s.Name,
		ARN:            iam.SessionARN(role.Account, role.Name, s.Name),
		PackedSize:     packed,
		SourceIdentity: s.SourceIdentity,
	}
	recordAssumed(call, role, &s, out)
	in.token.addToRecord(call)
	if err := t.Control.Record(ctx, call); err != nil {
		return nil, err
	}
	if out.Credentials, err = t.mint(call, s); err != nil {
		return nil, err
	}
	return out, nil
}

// The actions that a trust policy allows.
const (
	actionAssume = "sts:AssumeRole"
	actionTag    = "sts:TagSession"
	actionSource = "sts:SetSourceIdentity"
	actionSet    = "sts:SetContext"
)

// trustedRole finds the role and checks that the caller may assume it with everything that the request contains. In a
// chain, every role must allow sts:TagSession and sts:SetSourceIdentity for what the chain passes on (IAM user guide,
// "Pass session tags in AWS STS" and "Monitor and control actions taken with assumed roles").
func (in *AssumeRole) trustedRole(
	call *control.Call, tags map[string]string, transitive []string, behalf *onBehalf,
) (*iam.Role, error) {
	parsed, ok := iam.ParsePrincipalARN(in.RoleARN)
	if !ok || !parsed.Role {
		return nil, fault.New(fault.Invalid, fault.Member, "%s is invalid", in.RoleARN)
	}
	role := call.Snapshot.RoleByName(parsed.Account, parsed.Name)
	if role == nil || role.ARN() != in.RoleARN { // in the record, too, like a role that does not trust the caller
		return nil, in.notAuthorized(call, in.token.action(), fault.TrustPolicyDenies)
	}
	compiled := call.Snapshot.Compiled(role.ID)
	if compiled == nil || compiled.Err != nil || compiled.Trust == nil {
		return nil, in.notAuthorized(call, in.token.action(), fault.TrustPolicyDenies)
	}
	actions := []string{in.token.action()}
	if len(tags) > 0 {
		actions = append(actions, actionTag)
	}
	if in.SourceIdentity != "" {
		actions = append(actions, actionSource)
	}
	values := in.values(role, tags, transitive)
	in.token.values(&values)
	if behalf != nil {
		actions = append(actions, actionSet)
		contextValues(&values, &behalf.Delegation)
	}
	for _, action := range actions {
		d := call.DecideTrust(caller.Ask{Action: action, Resource: in.RoleARN, ResourceAccount: role.Account, Values: values},
			compiled.Trust)
		if !d.Allowed {
			return nil, caller.Reasoned(d, in.notAuthorized(call, action, call.ReasonOf(d)))
		}
	}
	if in.names {
		if err := in.checkBounded(call, role, compiled.Trust, tags); err != nil {
			return nil, err
		}
	}
	call.Touch("AWS::IAM::Role", role.ARN(), role.Account)
	return role, behalf.checkAccount(role)
}

// notAuthorized is the refusal of everything that is not allowed, in AWS's words. Only the record has the reason.
func (in *AssumeRole) notAuthorized(call *control.Call, action string, why fault.Reason) *fault.Error {
	if in.token != nil { // the caller has no account, and is told nothing else
		return fault.New(fault.Denied, "", "Not authorized to perform %s", action).For(why)
	}
	denial := caller.Denial{User: call.ARN(), Action: action, Resource: in.RoleARN}
	return fault.New(fault.Denied, "", "%s", denial).For(why)
}

// values returns the condition keys of AssumeRole (Service Authorization Reference, AWS Security Token Service).
func (in *AssumeRole) values(role *iam.Role, tags map[string]string, transitive []string) (v policy.Values) {
	v.Set("sts:RoleSessionName", in.SessionName)
	if in.ExternalID != "" {
		v.Set("sts:ExternalId", in.ExternalID)
	}
	if in.SourceIdentity != "" {
		v.Set("sts:SourceIdentity", in.SourceIdentity)
	}
	keys := make([]string, 0, len(tags))
	for k, value := range tags {
		keys = append(keys, k)
		v.Set("aws:RequestTag/"+k, value)
	}
	if len(keys) > 0 {
		v.Set("aws:TagKeys", keys...)
	}
	if len(transitive) > 0 {
		v.Set("sts:TransitiveTagKeys", transitive...)
	}
	for _, tag := range role.Tags {
		v.Set("aws:ResourceTag/"+tag.Key, tag.Value)
		v.Set("iam:ResourceTag/"+tag.Key, tag.Value)
	}
	return v
}

// Bounds of a session's length (STS API reference, AssumeRole).
const (
	minDuration     = 15 * time.Minute
	maxDuration     = 12 * time.Hour
	maxChained      = time.Hour
	defaultDuration = time.Hour
)

// sessionDuration returns how long the session lasts. A session of a role can only make sessions of one hour at most,
// whatever the role allows.
func (in *AssumeRole) sessionDuration(call *control.Call, role *iam.Role) (time.Duration, error) {
	d := in.Duration
	if d == 0 {
		d = defaultDuration
	}
	if call.Session != nil && call.Session.Kind == credential.AssumedRole && d > maxChained {
		return 0, fault.New(fault.Invalid, fault.Member,
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	if d > role.MaxSession {
		return 0, fault.New(fault.Invalid, fault.SessionDuration,
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return d, nil
}

// recordAssumed completes the record. If the role is another account's, it adds a record for that account. Neither the
// secret nor the token is in a record.
func recordAssumed(call *control.Call, role *iam.Role, s *credential.Session, out *Assumed) {
	call.Event.ResponseElements = map[string]any{
		"assumedRoleUser": map[string]any{"assumedRoleId": out.RoleID, "arn": out.ARN},
		"credentials":     map[string]any{"expiration": s.Expires.Format(time.RFC3339)},
	}
	if s.SourceIdentity != "" {
		call.Event.ResponseElements["sourceIdentity"] = s.SourceIdentity
	}
	added := call.Event.Added()
	added.Session, added.Expires = s.Name, s.Expires.Format(time.RFC3339)
	added.SessionID, added.RoleID = s.ID.String(), s.PrincipalID
	if role.Account != call.Account {
		e := call.Event
		e.EventID, e.RecipientAccountID = uuid.NewString(), string(role.Account)
		e.Resources = []audit.Resource{{Type: "AWS::IAM::Role", ARN: role.ARN(), AccountID: string(role.Account)}}
		call.Also(e)
	}
}

func checkDuration(d, least, limit time.Duration) error {
	value := strconv.Itoa(int(d / time.Second))
	switch {
	case d == 0:
		return nil
	case d < least:
		return constraint(value, "durationSeconds",
			"Member must have value greater than or equal to "+strconv.Itoa(int(least/time.Second)))
	case d > limit:
		return constraint(value, "durationSeconds",
			"Member must have value less than or equal to "+strconv.Itoa(int(limit/time.Second)))
	}
	return nil
}
