package caller

import (
	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
)

// leash checks that everything that a session hangs on still stands, and was not cut since the session was decided. It
// returns why the session ended, with a reason, or nil. Whether the request that made the session would still be
// granted is another question, see regranted.
//
// Only the holder of the credential, whose signature was verified before, and the audit log are told why.
func leash(snap *engine.Snapshot, s *credential.Session) *fault.Error {
	from := generation{s.Revision, s.Issued}
	if snap.Cut(credential.Ground{Kind: credential.OnSession, ID: s.ID.String()}, from.rev, from.issued) != 0 {
		return sessionEnded(fault.SessionsEnded, "the session was ended")
	}
	if f := principalLeash(snap, s); f != nil {
		return f
	}
	grounds := s.Grounds
	if s.IsOld() {
		var f *fault.Error
		if grounds, f = oldGrounds(s); f != nil {
			return f
		}
	}
	for _, g := range grounds {
		if f := groundStands(snap, g, from); f != nil {
			return ofPrincipal(s, g, f)
		}
	}
	if s.UserID != "" {
		if err := delegationLive(snap, &s.Delegation); err != nil {
			return fault.Of(err)
		}
	}
	if s.Kind == credential.Vended && s.IsOld() {
		if err := oldDirectoryLeash(snap, s); err != nil {
			return fault.Of(err)
		}
	}
	return nil
}

// ofPrincipal says more about a principal that is deleted, if the session says who it is.
func ofPrincipal(s *credential.Session, g credential.Ground, f *fault.Error) *fault.Error {
	switch {
	case f.Reason != fault.PrincipalDeleted:
		return f
	case g.ID == s.ParentPrincipalID:
		return sessionEnded(fault.ParentDeleted, "the principal that this session was made by is deleted")
	case g.ID == s.CallerPrincipalID:
		return sessionEnded(fault.GranteeDeleted, "the grantee of this credential is deleted")
	}
	return f
}

// principalLeash checks that the principal of the session exists, and is of the session's kind.
func principalLeash(snap *engine.Snapshot, s *credential.Session) *fault.Error {
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
	return nil
}

// oldGrounds are the grounds of a session that an earlier release sealed, which had no list of them: what that release
// checked. Such sessions live at most 36 hours.
func oldGrounds(s *credential.Session) (credential.Grounds, *fault.Error) {
	var all credential.Grounds
	all.Add(credential.OnAccessKey, s.ParentKey)
	all.Add(credential.OnPrincipal, s.ParentPrincipalID)
	if !s.Federation.IsZero() {
		all.Add(credential.OnProvider, s.ProviderID)
		all.Add(credential.OnProviderClient, credential.Joined(s.ProviderID, s.ClientID))
	}
	if s.UserID != "" {
		all.AddAll(DelegationGrounds(&s.Delegation))
	}
	if s.Kind != credential.Vended {
		return all, nil
	}
	instance, err := access.ParseResourceARN(s.InstanceID)
	if err != nil {
		return nil, sessionEnded(fault.SessionInvalid, "the session names no Access Grants instance")
	}
	if _, err := access.ParseGrantID(s.GrantID); err != nil {
		return nil, sessionEnded(fault.SessionInvalid, "the session names no grant")
	}
	if s.LocationID == "" {
		return nil, sessionEnded(fault.LocationDeleted, "the location behind this credential is deleted")
	}
	if s.CallerPrincipalID == "" {
		return nil, sessionEnded(fault.GranteeDeleted, "the grantee of this credential is deleted")
	}
	at := credential.Joined(string(instance.Account), instance.Region)
	all.Add(credential.OnGrantsInstance, at)
	all.Add(credential.OnLocation, credential.Joined(at, s.LocationID))
	all.Add(credential.OnGrant, s.GrantID)
	all.Add(credential.OnPrincipal, s.CallerPrincipalID)
	if s.GranteeType == access.DirectoryGroup.String() {
		all.Add(credential.OnMembership, credential.Joined(s.GranteeID, s.UserID))
	}
	return all, nil
}

// oldDirectoryLeash is what an earlier release checked of a grant to a person or a group.
func oldDirectoryLeash(snap *engine.Snapshot, s *credential.Session) error {
	if s.GranteeType == access.IAM.String() {
		return nil
	}
	instance, err := access.ParseResourceARN(s.InstanceID)
	if err != nil {
		return denied(fault.SessionInvalid, "the session names no Access Grants instance")
	}
	if err := ReachesGrants(snap, &s.Delegation, instance.Account, instance.Region); err != nil {
		return err
	}
	if s.GranteeType == access.DirectoryGroup.String() &&
		snap.InGroup(directory.UserID(s.UserID), directory.GroupID(s.GranteeID)) ||
		s.GranteeType == access.DirectoryUser.String() && s.GranteeID == s.UserID {
		return nil
	}
	return denied(fault.MembershipRemoved, "the directory user is not in the group that was granted access any more")
}

// sessionEnded is the denial of a session that has ended.
func sessionEnded(r fault.Reason, text string) *fault.Error {
	return fault.New(fault.Denied, fault.SessionToken, "%s", text).For(r)
}

// principalStands reports whether the user, role or account with this immutable id still exists.
func principalStands(snap *engine.Snapshot, id string) bool {
	return snap.User(id) != nil || snap.Role(id) != nil || snap.Account(access.AccountID(id)) != nil
}
