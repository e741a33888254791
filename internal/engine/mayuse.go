package engine

import (
	"latchkey/internal/directory"
	"latchkey/internal/sso"
)

// PersonMayUse reports whether the assignments of an application let a directory user use it: it requires none, or is
// assigned to the user or to one of the user's groups. PersonMayUse does not check that the application and the user
// are enabled.
func (s *Snapshot) PersonMayUse(arn string, id directory.UserID) bool {
	a := s.application(arn)
	switch {
	case a == nil || s.Person(id) == nil:
		return false
	case a.AssignmentOptional || s.Assigned(arn, sso.User, string(id)):
		return true
	}
	groups := s.GroupsOf(id)
	if a.assignments.entries.len() < len(groups) { // go through the smaller of the two sets
		for _, as := range a.assignments.entries.all() {
			if as.Type == sso.Group && s.InGroup(id, directory.GroupID(as.PrincipalID)) {
				return true
			}
		}
		return false
	}
	for _, g := range groups {
		if _, ok := a.assignments.entries.get(sso.AssignmentID(a.ID, sso.Group, string(g))); ok {
			return true
		}
	}
	return false
}

// PeopleByExternalID returns every user of an identity store who has this id in some external directory, whatever that
// directory is called, in the order of the users' own ids.
func (s *Snapshot) PeopleByExternalID(in directory.StoreID, id string) []*directory.User {
	d := s.stores.at(in)
	if d == nil {
		return nil
	}
	return project(d.foreign.at(id), s.Person)
}
