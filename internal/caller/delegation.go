package caller

import (
	"fmt"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// DelegationGrounds are what every delegation hangs on: the application that acts, the application that admitted the
// user, the Identity Center instance, the issuer that vouched for the user, the sign-in, and the user. What a
// particular token hangs on besides is sealed with it.
func DelegationGrounds(d *credential.Delegation) (all credential.Grounds) {
	acting, _ := sso.ParseARN(d.ApplicationARN)
	all.Add(credential.OnApplication, acting.ID)
	origin := acting
	if d.OriginARN != "" {
		origin, _ = sso.ParseARN(d.OriginARN)
		all.Add(credential.OnApplication, origin.ID)
	}
	if center, ok := sso.ParseARN(d.IdentityCenterInstance); ok {
		all.Add(credential.OnIdentityCenter, credential.Joined(string(acting.Account), center.ID))
	}
	if issuer, ok := sso.ParseARN(d.IssuerARN); ok {
		all.Add(credential.OnIssuer, issuer.ID)
		all.Add(credential.OnAcceptedIssuer, credential.Joined(origin.ID, issuer.ID))
	}
	all.Add(credential.OnSignIn, d.SignInID)
	all.Add(credential.OnPerson, d.UserID)
	return all
}

// DelegationStands checks that what a delegation hangs on stands now, see DelegationGrounds, and that its person may
// use the application. It fails with a denial whose reason the client is told.
func DelegationStands(snap *engine.Snapshot, d *credential.Delegation) error {
	if f := groundsStand(snap, DelegationGrounds(d), generation{rev: uint64(snap.Rev()), issued: never}); f != nil {
		return f
	}
	return delegationLive(snap, d)
}

// never is the time of issue of something that no cut is later than.
var never = time.Unix(1<<40, 0)

// SealedStands is DelegationStands for a token, with everything that the token hangs on, and with the cuts since it was
// made. A token of a revision that the snapshot does not show is Unavailable, see control.Reach.
func SealedStands(snap *engine.Snapshot, d *credential.SealedDelegation) error {
	if d.Revision > uint64(snap.Rev()) { // of a node that is ahead, or of a history that a restore has ended
		return fault.New(fault.Unavailable, "", "").Because(fmt.Errorf("the token is of revision %d, the snapshot of %d",
			d.Revision, snap.Rev()))
	}
	grounds, from := d.Grounds, generation{d.Revision, d.Issued}
	if d.Revision == 0 {
		grounds, from.issued = DelegationGrounds(&d.Delegation), d.SignedIn
	}
	if f := groundsStand(snap, grounds, from); f != nil {
		return f
	}
	return delegationLive(snap, &d.Delegation)
}

// delegationLive checks what of a delegation has no ground of its own: that its applications belong to the Identity
// Center instance, and that its person may use the application.
func delegationLive(snap *engine.Snapshot, d *credential.Delegation) error {
	for _, arn := range []string{d.ApplicationARN, d.OriginARN} {
		if arn == "" {
			continue
		}
		if err := applicationStands(snap, arn, d); err != nil {
			return err
		}
	}
	if err := SignInStands(snap, d); err != nil {
		return err
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

func applicationStands(snap *engine.Snapshot, arn string, d *credential.Delegation) error {
	app := snap.Application(arn)
	switch {
	case app == nil:
		return denied(fault.ApplicationDeleted, "the application that acts for the directory user is deleted")
	case app.Disabled:
		return denied(fault.ApplicationDisabled, "the application that acts for the directory user is disabled")
	}
	center := snap.IdentityCenter(app.Account)
	if center == nil || center.ID != app.InstanceID || center.ARN() != d.IdentityCenterInstance ||
		center.IdentityStoreID != d.IdentityStoreID {
		return denied(fault.InstanceDeleted, "the Identity Center instance of the directory user is deleted")
	}
	return nil
}

func denied(r fault.Reason, text string) error {
	return fault.Refuse(fault.Denied, fault.SessionToken, r, "%s", text)
}

// ReachesGrants checks that grants to a person and to the person's groups count at the Access Grants instance of an
// account and a region: it is associated with the person's Identity Center instance, and the application that acts for
// the person may reach it.
func ReachesGrants(
	snap *engine.Snapshot, d *credential.Delegation, account access.AccountID, region string,
) error {
	app := snap.Association(account, region)
	if app == nil || sso.InstanceARN(app.InstanceID) != d.IdentityCenterInstance {
		return denied(fault.AssociationRemoved, notAssociated)
	}
	if !Reaches(snap, d, app, sso.S3Scope) {
		return denied(fault.ScopeRemoved, "the application that acts for the user may not reach S3 Access Grants any more")
	}
	return nil
}

// Reaches reports whether the application that acts in a delegation still may use the application of a service. It may
// if the delegation and the application have a scope that the service owns, and the scope's targets are this service's
// application, its instance, or everything.
func Reaches(snap *engine.Snapshot, d *credential.Delegation, service *sso.Application, scope string) bool {
	acting := snap.Application(d.ApplicationARN)
	return acting != nil && d.HasScope(scope) && ScopeEntry(acting, service, scope) != ""
}

// ScopeEntry returns the target by which an application's scope covers the application of a service: everything, its
// instance, or itself. Empty: the scope does not.
func ScopeEntry(acting, service *sso.Application, scope string) string {
	has := acting.Scope(scope)
	for _, target := range []string{sso.AllTargets, sso.InstanceARN(service.InstanceID), service.ARN()} {
		if has.Covers(target) {
			return target
		}
	}
	return ""
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
