package sts

import (
	"maps"
	"strings"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// UserTag is the session tag in which an engine names the directory user for whom a session is to act. The value is
// the user's name, exactly as the directory has it. The user proves nothing: whom an engine may name is for the
// role's trust policy to say, by a condition on aws:RequestTag/latchkey:user, and what such a session gets is for
// locations.
const UserTag = "latchkey:user"

// asserted finds out whether a request names a user. A name comes with the request itself, never with a foreign token
// and never from the session before: nobody passes it on.
func (in *AssumeRole) asserted(tags map[string]string, transitive []string) (bool, error) {
	named := ""
	for k := range tags {
		if strings.EqualFold(k, UserTag) {
			named = k
		}
	}
	switch {
	case named == "":
		return false, nil
	case named != UserTag:
		return false, fault.New(fault.Invalid, fault.Tags, "The tag key that names a user is written %s.", UserTag)
	case in.token != nil:
		return false, notCarried("A token must not have it among its tags.")
	case len(in.Contexts) > 0:
		return false, fault.New(fault.Invalid, fault.Tags, "A session acts for one user: the tag %s and a provided context "+
			"exclude each other.", UserTag)
	}
	for _, k := range transitive {
		if strings.EqualFold(k, UserTag) {
			return false, notCarried("It must not be transitive.")
		}
	}
	return true, nil
}

func notCarried(why string) error {
	return fault.New(fault.Denied, "", "The tag %s is not passed on. %s", UserTag, why).For(fault.AssertionNotCarried)
}

// checkBounded refuses to name a user if the role's trust policy would allow the session's tags without the user's
// name, too. Such a policy does not say which users may be named: it was written for other tags.
func (in *AssumeRole) checkBounded(
	call *control.Call, role *iam.Role, trust *policy.Document, tags map[string]string,
) error {
	others := maps.Clone(tags)
	delete(others, UserTag)
	d := call.DecideTrust(caller.Ask{
		Action: actionTag, Resource: in.RoleARN, ResourceAccount: role.Account, Values: in.values(role, others, nil),
	}, trust)
	if d.Allowed || d.Stopped != policy.NotStopped {
		return in.notAuthorized(call, actionTag, fault.AssertionUnbounded)
	}
	return nil
}

// findAsserted finds the user in the directory of the role's account, and notes in the record that the session acts for
// the user. Only a caller whom the role's trust policy lets name the user is told that there is none.
func findAsserted(call *control.Call, role *iam.Role, name string) (*directory.User, error) {
	center := call.Snapshot.IdentityCenter(role.Account)
	if center == nil {
		return nil, noUser(fault.UserNotFound)
	}
	u := call.Snapshot.PersonByKey(directory.StoreID(center.IdentityStoreID), directory.NameKey(name))
	if u == nil || u.UserName != name { // conditions compare names byte by byte
		return nil, noUser(fault.UserNotFound)
	}
	call.Event.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{
		UserID: string(u.ID), IdentityStoreARN: center.IdentityStoreARN(),
	}
	call.Event.Added().Identity = caller.Asserted
	if u.Disabled {
		return nil, noUser(fault.UserDisabled)
	}
	return u, nil
}

func noUser(why fault.Reason) error {
	return fault.New(fault.Denied, "", "The tag %s names no enabled user of the directory.", UserTag).For(why)
}

// addAsserted makes the session act for a user, and end with the user or with the name.
func addAsserted(s *credential.Session, u *directory.User) {
	if u == nil {
		return
	}
	s.Asserted = string(u.ID)
	s.Grounds.Add(credential.OnPerson, s.Asserted)
	s.Grounds.Add(credential.OnPersonKey, credential.Joined(s.Asserted, string(directory.NameKey(u.UserName))))
}
