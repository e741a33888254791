package grants

import (
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Somebody is a person of the directory and how the person comes.
type Somebody struct {
	User           string // id, name or an email address
	RoleARN        string // whose session acts for the person; empty: its policies and grants are left out
	ApplicationARN string // empty: the oldest with which access would be given or, if none, that the person may use
}

// maxApplications bounds those that an explanation tries when none was named.
const maxApplications = 100

// ExplainPerson is Explain for a person of the directory: what GetDataAccess would decide for a session of a role that
// acts for the person, who came through an application.
func (g *Grants) ExplainPerson(call *control.Call, who Somebody, in DataAccess, limit int) (*Explanation, error) {
	if err := g.mayOwn(call, "latchkey:Explain", policy.Values{}); err != nil {
		return nil, err
	}
	i, err := g.instance(call)
	if err != nil {
		return nil, err
	}
	if in.Duration, err = checkDuration(in.Duration); err != nil {
		return nil, err
	}
	person, err := findPerson(call, who.User)
	if err != nil {
		return nil, err
	}
	roleID, err := findRole(call, who.RoleARN)
	if err != nil {
		return nil, err
	}
	apps, err := explained(call, who.ApplicationARN, person.ID)
	if err != nil {
		return nil, err
	}
	var chosen *Explanation
	for _, app := range apps {
		e, err := g.explainThrough(call, i, person, roleID, app, in, limit)
		if err != nil {
			return nil, err
		}
		if chosen == nil || e.Allowed() {
			chosen = e
		}
		if e.Allowed() {
			break
		}
	}
	if who.ApplicationARN == "" && chosen.Application != nil {
		chosen.Notes = append(chosen.Notes, "through which application the person comes, only the session decides; another one may have other grants")
	}
	if roleID == "" {
		chosen.Notes = append(chosen.Notes, "which role acts for the person, only the session decides; that it may call s3:GetDataAccess is supposed, and its own grants are left out")
	}
	return chosen, nil
}

// findRole finds the role that is to act for a person, which must be of the account of the directory.
func findRole(call *control.Call, arn string) (id string, err error) {
	if arn == "" {
		return "", nil
	}
	p, ok := iam.ParsePrincipalARN(arn)
	if !ok || !p.Role || p.Account != call.Target {
		return "", fault.New(fault.Invalid, fault.Grantee, "%s is not the ARN of a role of the account", arn)
	}
	id, _, err = findPrincipal(call, arn)
	return id, err
}

// explained are the applications through which a person may be supposed to come: the one that was named or, without
// one, first those that the person comes to S3 through, oldest first. There is at least one, which may be nil.
func explained(call *control.Call, arn string, id directory.UserID) ([]*sso.Application, error) {
	if arn != "" {
		app := call.Snapshot.Application(arn)
		if app == nil || app.Account != call.Target || app.ServiceOwned() {
			return nil, fault.New(fault.Invalid, fault.Request, "The application %s does not exist", arn)
		}
		return []*sso.Application{app}, nil
	}
	association := call.Snapshot.Association(call.Target, call.Facts.Region)
	rank := func(app *sso.Application) int {
		d, n := simulatedDelegation(call, id, app), 0
		if association == nil || !reachesS3(call, app, association) {
			n += 2
		}
		if caller.DelegationStands(call.Snapshot, &d) != nil {
			n++
		}
		return n
	}
	all := slices.DeleteFunc(slices.Clone(call.Snapshot.ApplicationsOf(call.Target)), (*sso.Application).ServiceOwned)
	if len(all) == 0 {
		return []*sso.Application{nil}, nil
	}
	ranks := make(map[*sso.Application]int, len(all))
	for _, app := range all {
		ranks[app] = rank(app)
	}
	slices.SortStableFunc(all, func(a, b *sso.Application) int { return ranks[a] - ranks[b] })
	return all[:min(len(all), maxApplications)], nil
}

// explainThrough explains for one role and one application.
func (g *Grants) explainThrough(call *control.Call, i *store.Instance, person *directory.User, roleID string, app *sso.Application, in DataAccess, limit int) (*Explanation, error) {
	s, err := simulatePerson(call, i, roleID, person.ID, app)
	if err != nil {
		return nil, err
	}
	target, err := access.ParseTarget(in.Target)
	if err != nil {
		return nil, control.AccessFault(err)
	}
	request := s.request(in, target)
	if err := request.Check(); err != nil {
		return nil, control.AccessFault(err)
	}
	e := &Explanation{Person: person, Application: app, Checks: personChecks(call, person, app)}
	if roleID != "" {
		asked, err := mayAsk(s.call)
		if err != nil {
			return nil, err
		}
		asked.Name = "the role that acts for the person may call s3:GetDataAccess"
		e.Checks = append(e.Checks, asked)
	}
	e.Decision = call.Snapshot.Grants().Explain(&request, limit)
	for _, c := range reachChecks(call, person.ID, app) {
		if !c.Passed && e.Decision.OK { // by a grant of the role, which needs neither
			e.Notes = append(e.Notes, "the person's own grants and those of the person's groups do not count: "+c.Text)
			continue
		}
		e.Checks = append(e.Checks, c)
	}
	if !e.Decision.OK {
		return e, nil
	}
	l := call.Snapshot.Location(e.Decision.Grant.Account, e.Decision.Grant.Region, e.Decision.Grant.LocationID)
	if l != nil {
		e.RoleARN = l.RoleARN
	}
	trust := Check{Name: "the location's role trusts the service, sts:SetContext included", Passed: true, Text: e.RoleARN}
	if _, _, err := g.assume(s.call, i, &e.Decision.Grant, in.Duration); err != nil {
		trust.Passed, trust.Text = false, fault.Of(err).Text
	}
	e.Checks = append(e.Checks, trust)
	return e, nil
}

// personChecks are what must hold of every session that acts for a person.
func personChecks(call *control.Call, person *directory.User, app *sso.Application) []Check {
	enabled := Check{Name: "the person is enabled in the directory", Passed: !person.Disabled, Text: person.UserName + ", " + string(person.ID)}
	exists := Check{Name: "there is an application to come through", Passed: app != nil && !app.Disabled, Text: "the account has no application of Identity Center"}
	if app == nil {
		return []Check{enabled, exists}
	}
	exists.Name, exists.Text = "the application is enabled", app.Name+", "+app.ARN()
	assigned := Check{Name: "the application is assigned to the person", Passed: call.Snapshot.PersonMayUse(app.ARN(), person.ID), Text: "to the person or a group of the person"}
	switch {
	case app.AssignmentOptional:
		assigned.Text = "everybody may use it"
	case !assigned.Passed:
		assigned.Text = "neither to the person nor to a group of the person"
	}
	checks := []Check{enabled, exists, assigned}
	d := simulatedDelegation(call, person.ID, app)
	if err := caller.DelegationStands(call.Snapshot, &d); err != nil && enabled.Passed && exists.Passed && assigned.Passed {
		checks = append(checks, Check{Name: "what the session hangs on stands", Text: fault.Of(err).Text})
	}
	return checks
}

// reachChecks are what must hold for grants to people and groups to answer.
func reachChecks(call *control.Call, id directory.UserID, app *sso.Application) []Check {
	association := call.Snapshot.Association(call.Target, call.Facts.Region)
	if association == nil {
		return []Check{{Name: "the instance is associated with Identity Center", Text: "the Access Grants instance is not associated with the directory, or its application there is disabled"}}
	}
	checks := []Check{{Name: "the instance is associated with Identity Center", Passed: true, Text: sso.InstanceARN(association.InstanceID)}}
	if app == nil {
		return checks
	}
	d := simulatedDelegation(call, id, app)
	scope := Check{
		Name: "the application has the scope " + sso.S3Scope, Text: "towards this instance",
		Passed: caller.Reaches(call.Snapshot, &d, association, sso.S3Scope),
	}
	if !scope.Passed {
		scope.Text = "the application has no such scope, or not towards this instance"
	}
	return append(checks, scope)
}
