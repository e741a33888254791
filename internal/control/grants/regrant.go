package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// Regrant checks that the request which made a session would be granted now: GetDataAccess for a vended one, and what
// made it at STS for any other.
func (g *Grants) Regrant(asker *caller.Caller, s *credential.Session) error {
	if s.Kind == credential.Vended {
		return g.regrantVended(asker, s)
	}
	return g.Tokens.Regrant(asker, s)
}

// regrantVended checks that the GetDataAccess which vended a session would be granted now, by the same grant and with
// the same role. Another grant that covers the request does not help, and a closer one that was made since does no
// harm. The asker is as of now, see caller.Authenticator. It is GetDataAccess's own evaluation that answers.
func (g *Grants) regrantVended(asker *caller.Caller, s *credential.Session) error {
	instance, err := access.ParseResourceARN(s.InstanceID)
	if err != nil {
		return ends(fault.SessionInvalid, "the session names no Access Grants instance")
	}
	held, err := heldGrant(s, instance)
	if err != nil {
		return ends(fault.SessionInvalid, "the session names no grant")
	}
	scope, err := access.ParseScope(s.Scope)
	if err != nil {
		return ends(fault.SessionInvalid, "the session names no scope")
	}
	e := g.evaluate(question{
		subject: &subject{call: control.Probe(asker, instance.Account)}, target: scope,
		data: DataAccess{
			Permission: held.Permission, Object: s.ObjectOnly,
			Duration: min(max(MinDuration, s.Expires.Sub(s.Issued)), MaxDuration),
		},
		grant: held, held: true,
	})
	switch {
	case e.failed != nil:
		return e.failed.ends()
	case !e.Decision.OK || e.Location == nil || e.Role == nil:
		return ends(fault.GrantMissing, "the request that this credential answers would not be granted now")
	case e.Role.ID != s.PrincipalID:
		return ends(fault.LocationRoleChanged, "the location behind this credential has another role now")
	}
	return nil
}

// heldGrant is the grant of a session. A grant never changes, so the session knows all of it that matters here.
func heldGrant(s *credential.Session, instance access.Resource) (*access.Grant, error) {
	g := &access.Grant{
		Account: instance.Account, Region: instance.Region, LocationID: access.LocationID(s.LocationID),
		Grantee: access.Grantee{ID: s.GranteeID},
	}
	var err error
	if g.ID, err = access.ParseGrantID(s.GrantID); err != nil {
		return nil, err
	}
	if g.Grantee.Type, err = access.ParseGranteeType(s.GranteeType); err != nil {
		return nil, err
	}
	g.Permission, err = access.ParsePermission(s.Permission)
	return g, err
}

// decideHeld answers with the grant that the session holds, if it exists and the asker is still its grantee.
func (e *evaluation) decideHeld() *failure {
	call := e.subject.call
	if !call.Snapshot.Grants().Has(e.grant.ID) {
		return &failure{reason: fault.GrantDeleted, text: "the grant behind this credential is deleted"}
	}
	if p, ok := call.Person(); ok && p.Asserted && e.grant.Grantee.Type != access.IAM {
		if err := call.AssertedReachesGrants(call.Target, e.grant.Region); err != nil {
			return ended(err)
		}
		if !isGrantee(call, e.grant.Grantee, p.ID) {
			return notGrantee
		}
	} else if e.grant.Grantee.Type != access.IAM {
		d, ok := call.OnBehalfOf()
		if !ok {
			return &failure{reason: fault.MembershipRemoved, text: "the session acts for nobody in the directory"}
		}
		if err := caller.ReachesGrants(call.Snapshot, d, call.Target, e.grant.Region); err != nil {
			return ended(err)
		}
		if !isGrantee(call, e.grant.Grantee, directory.UserID(d.UserID)) {
			return notGrantee
		}
	}
	e.Decision = access.Decision{OK: true, Grant: *e.grant}
	return nil
}

var notGrantee = &failure{
	reason: fault.MembershipRemoved, text: "the directory user is not in the group that was granted access any more",
}

func isGrantee(call *control.Call, who access.Grantee, person directory.UserID) bool {
	if who.Type == access.DirectoryGroup {
		return call.Snapshot.InGroup(person, directory.GroupID(who.ID))
	}
	return who.ID == string(person)
}

// endOf says how the failure of a check ends a session. Checks that are not named keep their reason.
var endOf = map[fault.Reason]struct {
	reason fault.Reason
	text   string
}{
	fault.NotAllowed: {fault.AskerNotAllowed,
		"the principal that asked for this credential may not call s3:GetDataAccess any more"},
	fault.RoleNotAssumable: {fault.LocationRoleNotTrusting,
		"the role of the location behind this credential does not let the service assume it any more"},
	fault.InstanceMissing: {fault.GrantsInstanceDeleted,
		"the Access Grants instance behind this credential is deleted"},
	fault.LocationMissing: {fault.LocationDeleted, "the location behind this credential is deleted"},
}

// ends is the end of a session by a check that fails now.
func (f *failure) ends() error {
	if to, ok := endOf[f.reason]; ok {
		return ends(to.reason, to.text)
	}
	if f.text == "" {
		return ends(f.reason, "the request that this credential answers would not be granted now")
	}
	return ends(f.reason, f.text)
}

func ends(r fault.Reason, text string) error {
	return fault.New(fault.Denied, fault.SessionToken, "%s", text).For(r)
}
