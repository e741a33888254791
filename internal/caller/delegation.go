package caller

import (
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// DelegationStands checks that everything that a delegation depends on still stands: the Identity Center instance, the
// application that acts, the application that admitted the user, the issuer that vouched for the user, the user, and
// the user's assignment to the application. It fails with a denial whose reason the client is told.
func DelegationStands(snap *engine.Snapshot, d *credential.Delegation) error {
	app, err := applicationStands(snap, d.ApplicationARN, d)
	if err != nil {
		return err
	}
	origin := app
	if d.OriginARN != "" {
		if origin, err = applicationStands(snap, d.OriginARN, d); err != nil {
			return err
		}
	}
	if d.IssuerARN != "" {
		if snap.Issuer(d.IssuerARN) == nil {
			return denied(fault.IssuerDeleted, "the trusted token issuer that vouched for the user is deleted")
		}
		if !accepts(origin, d.IssuerARN) {
			return denied(fault.IssuerUnknown, "the application does not accept the issuer that vouched for the user any more")
		}
	}
	return PersonStands(snap, d.ApplicationARN, d.IdentityStoreID, directory.UserID(d.UserID))
}

// PersonStands checks that a user of this identity store exists, is enabled, and may use an application by its
// assignments. It fails as DelegationStands does.
func PersonStands(snap *engine.Snapshot, applicationARN, store string, id directory.UserID) error {
	u := snap.Person(id)
	switch {
	case u == nil || string(u.Store) != store:
		return denied(fault.UserDeleted, "the directory user is deleted")
	case u.Disabled:
		return denied(fault.UserDisabled, "the directory user is disabled")
	case !snap.PersonMayUse(applicationARN, id):
		return denied(fault.NotAssigned, "the application is not assigned to the directory user")
	}
	return nil
}

func applicationStands(snap *engine.Snapshot, arn string, d *credential.Delegation) (*sso.Application, error) {
	app := snap.Application(arn)
	switch {
	case app == nil:
		return nil, denied(fault.ApplicationDeleted, "the application that acts for the directory user is deleted")
	case app.Disabled:
		return nil, denied(fault.ApplicationDisabled, "the application that acts for the directory user is disabled")
	}
	center := snap.IdentityCenter(app.Account)
	if center == nil || center.ID != app.InstanceID || center.ARN() != d.IdentityCenterInstance ||
		center.IdentityStoreID != d.IdentityStoreID {
		return nil, denied(fault.InstanceDeleted, "the Identity Center instance of the directory user is deleted")
	}
	return app, nil
}

// accepts reports whether an application may exchange tokens of an issuer.
func accepts(app *sso.Application, issuerARN string) bool {
	grant := app.Grant(sso.JWTBearer)
	if grant == nil {
		return false
	}
	for _, i := range grant.Issuers {
		if i.IssuerARN == issuerARN {
			return true
		}
	}
	return false
}

func denied(r fault.Reason, text string) error {
	return fault.Refuse(fault.Denied, fault.SessionToken, r, "%s", text)
}

// directoryLeash is the part of the leash for a vended credential that a person of the directory asked for. A grant to
// the person or to a group gives access only while the Access Grants instance is associated with the person's Identity
// Center instance, and a grant to a group only while the person is in the group.
func directoryLeash(snap *engine.Snapshot, s *credential.Session, account access.AccountID, region string) error {
	if s.GranteeType == access.IAM.String() {
		return nil
	}
	app := snap.Association(account, region)
	if app == nil || sso.InstanceARN(app.InstanceID) != s.IdentityCenterInstance {
		return denied(fault.AssociationRemoved,
			"the Access Grants instance is not associated with the user's Identity Center any more")
	}
	if !Reaches(snap, &s.Delegation, app, sso.S3Scope) {
		return denied(fault.ScopeRemoved, "the application that acts for the user may not reach S3 Access Grants any more")
	}
	switch {
	case s.GranteeType == access.DirectoryUser.String() && s.GranteeID == s.UserID:
		return nil
	case s.GranteeType == access.DirectoryGroup.String() &&
		snap.InGroup(directory.UserID(s.UserID), directory.GroupID(s.GranteeID)):
		return nil
	}
	return denied(fault.MembershipRemoved, "the directory user is not in the group that was granted access any more")
}

// Reaches reports whether the application that acts in a delegation still may use the application of a service. It may
// if the delegation and the application have a scope that the service owns, and the scope's targets are this service's
// application, its instance, or everything.
func Reaches(snap *engine.Snapshot, d *credential.Delegation, service *sso.Application, scope string) bool {
	acting := snap.Application(d.ApplicationARN)
	if acting == nil || !d.HasScope(scope) {
		return false
	}
	has := acting.Scope(scope)
	if has == nil {
		return false
	}
	return len(has.Targets) == 0 || slices.Contains(has.Targets, service.ARN()) ||
		slices.Contains(has.Targets, sso.InstanceARN(service.InstanceID))
}

// OnBehalfOf reports whether the caller acts for a person of the directory. If so, it returns the session's delegation,
// which names the person.
func (c *Caller) OnBehalfOf() (*credential.Delegation, bool) {
	if c.Session == nil || c.Session.UserID == "" {
		return nil, false
	}
	return &c.Session.Delegation, true
}

// IdentityStoreARN is the ARN of the identity store of a delegation.
func IdentityStoreARN(d *credential.Delegation) string {
	r, _ := sso.ParseARN(d.ApplicationARN)
	return sso.IdentityStoreARN(r.Account, d.IdentityStoreID)
}

// guard adds the policy that STS adds to a session with an identity context: AWS's allow-list. It denies everything
// that such a session is not meant for, whatever the role may do. A vended credential does not get it, because it has
// limits of its own.
func (c *Caller) guard() error {
	if _, ok := c.OnBehalfOf(); !ok || c.IsVended() {
		return nil
	}
	list, ok := policy.Managed(policy.IdentityContextAllowList)
	if !ok {
		return unreadablePolicy("the allow-list of identity contexts cannot be read")
	}
	c.policies.Guard = append(c.policies.Guard, list)
	return nil
}

// directoryValues are the condition keys of sessions with an identity context (Service Authorization Reference, AWS
// Identity Store and AWS IAM Identity Center).
func directoryValues(d *credential.Delegation, set func(k, v string)) {
	set("identitystore:userid", d.UserID)
	set("identitystore:identitystorearn", IdentityStoreARN(d))
	set("identitycenter:instancearn", d.IdentityCenterInstance)
	set("identitycenter:applicationarn", d.ApplicationARN)
	set("identitycenter:credentialid", d.CredentialID)
}
