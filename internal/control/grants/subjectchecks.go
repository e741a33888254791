package grants

import (
	"latchkey/internal/caller"
	"latchkey/internal/fault"
)

// subjectChecks are what must hold of a subject, whatever it asks for. A real call was held to all but the last when it
// was authenticated, by the same snapshot.
var subjectChecks = []check{
	{name: "the principal can be read", run: (*evaluation).isThere, last: true},
	{run: (*evaluation).isEnabled, tell: tellEnabled},
	{run: (*evaluation).comesThrough, tell: tellApplication},
	{run: (*evaluation).isAssigned, tell: tellAssigned},
	{name: "what the session hangs on stands", run: (*evaluation).stands},
	{run: (*evaluation).mayAsk, tell: tellMayAsk},
}

func (e *evaluation) isThere() *failure { return e.subject.broken }

// isEnabled is whether the person is in the directory and enabled.
func (e *evaluation) isEnabled() *failure {
	s := e.subject
	if s.person == nil {
		return skipped
	}
	switch u := s.call.Snapshot.Person(s.person.ID); {
	case u == nil:
		return &failure{reason: fault.UserDeleted, text: "the directory user is deleted"}
	case u.Disabled:
		return &failure{reason: fault.UserDisabled, text: "the directory user is disabled"}
	}
	return nil
}

func tellEnabled(e *evaluation, _ *failure) (name, text string) {
	return "the person is enabled in the directory", e.subject.person.UserName + ", " + string(e.subject.person.ID)
}

// comesThrough is whether there is an application for the person, and enabled.
func (e *evaluation) comesThrough() *failure {
	switch s := e.subject; {
	case s.person == nil:
		return skipped
	case s.app == nil:
		return &failure{reason: fault.ApplicationMissing, text: "the account has no application of Identity Center"}
	case s.app.Disabled:
		return &failure{
			reason: fault.ApplicationDisabled,
			text:   "the application that acts for the directory user is disabled",
		}
	}
	return nil
}

func tellApplication(e *evaluation, _ *failure) (name, text string) {
	if app := e.subject.app; app != nil {
		return "the application is enabled", app.Name + ", " + app.ARN()
	}
	return "there is an application to come through", ""
}

// isAssigned is whether the person may use the application.
func (e *evaluation) isAssigned() *failure {
	s := e.subject
	if s.person == nil || s.app == nil {
		return skipped
	}
	if !s.call.Snapshot.PersonMayUse(s.app.ARN(), s.person.ID) {
		return &failure{reason: fault.NotAssigned, text: "the application is not assigned to the directory user"}
	}
	return nil
}

func tellAssigned(e *evaluation, f *failure) (name, text string) {
	name, text = "the application is assigned to the person", "to the person or a group of the person"
	switch {
	case e.subject.app.AssignmentOptional:
		text = "everybody may use it"
	case f != nil:
		text = "neither to the person nor to a group of the person"
	}
	return name, text
}

// stands is whether everything else stands that a session of the person would hang on: what every session is held to
// at each request.
func (e *evaluation) stands() *failure {
	if e.subject.person == nil || e.failed != nil {
		return skipped
	}
	d, _ := e.subject.call.OnBehalfOf()
	if err := caller.DelegationStands(e.subject.call.Snapshot, d); err != nil {
		return ended(err)
	}
	return nil
}
