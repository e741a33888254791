package caller

import (
	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// leash checks that everything that a session depends on still stands: the principal, the long-term key at the start of
// the chain, the provider of a foreign token, and what a delegation depends on; for a vended credential also the
// instance, the location, the grant and the grantee. It runs at every request, so revoked access ends at once, and not
// only when the credential expires. It returns why the session ended, with a reason, or nil.
//
// Only the holder of the credential, whose signature was verified before, and the audit log are told why.
func leash(snap *engine.Snapshot, s *credential.Session) *fault.Error {
	if s.ParentKey != "" {
		k := snap.AccessKey(s.ParentKey)
		if k == nil || k.Status != iam.Active {
			return sessionEnded(fault.AccessKeyInactive, "the access key that this session was made with is deleted or inactive")
		}
	}
	if s.ParentPrincipalID != "" && !principalStands(snap, s.ParentPrincipalID) {
		return sessionEnded(fault.ParentDeleted, "the principal that this session was made by is deleted")
	}
	if f := federationLeash(snap, s); f != nil {
		return f
	}
	switch s.Kind {
	case credential.AssumedRole, credential.Vended:
		if snap.Role(s.PrincipalID) == nil {
			return sessionEnded(fault.PrincipalDeleted, "the role of this session is deleted")
		}
	case credential.UserSession:
		if snap.User(s.PrincipalID) == nil {
			return sessionEnded(fault.PrincipalDeleted, "the user of this session is deleted")
		}
	case credential.RootSession:
		if snap.Account(access.AccountID(s.Account)) == nil {
			return sessionEnded(fault.PrincipalDeleted, "the account of this session is deleted")
		}
	default:
		return sessionEnded(fault.SessionInvalid, "the session is of an unknown kind")
	}
	if s.UserID != "" {
		if err := DelegationStands(snap, &s.Delegation); err != nil {
			return fault.Of(err)
		}
	}
	if s.Kind == credential.Vended {
		return grantLeash(snap, s)
	}
	return nil
}

func grantLeash(snap *engine.Snapshot, s *credential.Session) *fault.Error {
	instance, err := access.ParseResourceARN(s.InstanceID)
	if err != nil {
		return sessionEnded(fault.SessionInvalid, "the session names no Access Grants instance")
	}
	grant, err := access.ParseGrantID(s.GrantID)
	if err != nil {
		return sessionEnded(fault.SessionInvalid, "the session names no grant")
	}
	switch {
	case snap.Instance(instance.Account, instance.Region) == nil:
		return sessionEnded(fault.GrantsInstanceDeleted, "the Access Grants instance behind this credential is deleted")
	case snap.Location(instance.Account, instance.Region, access.LocationID(s.LocationID)) == nil:
		return sessionEnded(fault.LocationDeleted, "the location behind this credential is deleted")
	case !snap.Grants().Has(grant):
		return sessionEnded(fault.GrantDeleted, "the grant behind this credential is deleted")
	case !principalStands(snap, s.CallerPrincipalID):
		return sessionEnded(fault.GranteeDeleted, "the grantee of this credential is deleted")
	}
	if err := directoryLeash(snap, s, instance.Account, instance.Region); err != nil {
		return fault.Of(err)
	}
	return nil
}

// sessionEnded is the denial of a session that has ended.
func sessionEnded(r fault.Reason, text string) *fault.Error {
	return fault.New(fault.Denied, fault.SessionToken, "%s", text).For(r)
}

// principalStands reports whether the user, role or account with this immutable id still exists.
func principalStands(snap *engine.Snapshot, id string) bool {
	return snap.User(id) != nil || snap.Role(id) != nil || snap.Account(access.AccountID(id)) != nil
}
