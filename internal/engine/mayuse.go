package engine

import (
	"latchkey/internal/directory"
	"latchkey/internal/sso"
)

// PersonMayUse reports whether a directory user may use an application by its assignments: it asks for none, or has
// one of the user or of a group that the user is in. Whether application and user are enabled is another question.
func (s *Snapshot) PersonMayUse(arn string, id directory.UserID) bool {
	a := s.application(arn)
	switch {
	case a == nil || s.Person(id) == nil:
		return false
	case a.AssignmentOptional || s.Assigned(arn, sso.User, string(id)):
		return true
	}
	groups := s.GroupsOf(id)
	if a.assignments.entries.len() < len(groups) { // from the smaller side
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

// PeopleByExternalID is every user of a store who has this id in some foreign directory, whatever that is called, in
// the order of their own ids.
func (s *Snapshot) PeopleByExternalID(in directory.StoreID, id string) []*directory.User {
	d := s.stores.at(in)
	if d == nil {
		return nil
	}
	return project(d.foreign.at(id), s.Person)
}
