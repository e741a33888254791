package grants

import (
	"latchkey/internal/caller"
	"latchkey/internal/fault"
)

// subjectChecks are the checks of a subject that do not depend on the request. A real call passed all but the last when
// it was authenticated, with the same snapshot.
var subjectChecks = []check{
	{name: "the principal can be read", run: (*evaluation).isReadable, last: true},
	{run: (*evaluation).isEnabled, describe: describeEnabled},
	{run: (*evaluation).comesThrough, describe: describeApplication},
	{run: (*evaluation).isAssigned, describe: describeAssigned},
	{name: "what the session hangs on stands", run: (*evaluation).delegationStands},
	{run: (*evaluation).mayAsk, describe: describeMayAsk},
}

func (e *evaluation) isReadable() *failure { return e.subject.unusable }

// isEnabled checks that the person is in the directory and enabled.
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

func describeEnabled(e *evaluation, _ *failure) (name, text string) {
	p := e.subject.person
	text = p.UserName + ", " + string(p.ID)
	for i, b := range p.Blocks {
		text += []string{"; disabled by ", ", "}[min(i, 1)] + b.Source
	}
	return "the person is enabled in the directory", text
}

// comesThrough checks that there is an application for the person, and that it is enabled.
func (e *evaluation) comesThrough() *failure {
	switch s := e.subject; {
	case s.person == nil || s.asserted:
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

func describeApplication(e *evaluation, _ *failure) (name, text string) {
	if app := e.subject.app; app != nil {
		return "the application is enabled", app.Name + ", " + app.ARN()
	}
	return "there is an application to come through", ""
}

// isAssigned checks that the person may use the application.
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

func describeAssigned(e *evaluation, f *failure) (name, text string) {
	name, text = "the application is assigned to the person", "to the person or a group of the person"
	switch {
	case e.subject.app.AssignmentOptional:
		text = "everybody may use it"
	case f != nil:
		text = "neither to the person nor to a group of the person"
	}
	return name, text
}

// delegationStands checks everything else that a session of the person would depend on. Every session is checked for
// the same at each request.
func (e *evaluation) delegationStands() *failure {
	if e.subject.person == nil || e.subject.asserted || e.failed != nil {
		return skipped
	}
	d, _ := e.subject.call.OnBehalfOf()
	if err := caller.DelegationStands(e.subject.call.Snapshot, d); err != nil {
		return ended(err)
	}
	return nil
}
