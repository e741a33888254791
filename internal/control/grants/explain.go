package grants

import (
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Explanation is why GetDataAccess would or would not answer somebody.
type Explanation struct {
	Decision access.Decision // which grants were weighed, and what became of each
	RoleARN  string          // of the winning grant's location
	Checks   []Check         // what must hold before a credential is vended, in the order in which GetDataAccess checks it
	Notes    []string        // what only a session decides, and what was simulated of it

	Person      *directory.User  // who was asked about; nil for a principal
	Application *sso.Application // that the person is simulated to come through; nil: there is none
}

// Failed is the first check that did not pass; nil if a credential would be vended.
func (e *Explanation) Failed() *Check {
	for i := range e.Checks {
		if !e.Checks[i].Passed {
			return &e.Checks[i]
		}
	}
	return nil
}

// Allowed reports whether a credential would be vended.
func (e *Explanation) Allowed() bool { return e.Failed() == nil && e.Decision.OK }

// Explain answers what GetDataAccess would decide for a user, a role or a session of a role, and why, by the same code.
// It vends nothing. limit bounds the grants that are told of. What depends on the request itself, such as the address
// that it comes from, is evaluated as of this call.
func (g *Grants) Explain(call *control.Call, principal string, in DataAccess, limit int) (*Explanation, error) {
	i, err := g.explainable(call, in)
	if err != nil {
		return nil, err
	}
	id, session, err := findPrincipal(call, principal)
	if err != nil {
		return nil, err
	}
	return g.explain(question{subject: simulatePrincipal(call, id, session), instance: i, data: in, limit: limit})
}

// explainable checks that the caller may ask for explanations, and that there is something to explain.
func (g *Grants) explainable(call *control.Call, in DataAccess) (*store.Instance, error) {
	i, err := g.ownInstance(call, "latchkey:Explain")
	if err != nil {
		return nil, err
	}
	_, err = checkDuration(in.Duration)
	return i, err
}

// explain evaluates a question with all its checks. A request that makes no sense is refused, not explained.
func (g *Grants) explain(q question) (*Explanation, error) {
	q.limit = max(q.limit, 1)
	e := g.evaluate(q)
	if f := e.failed; f != nil && f.reason == fault.RequestInvalid {
		return nil, f.fault
	}
	x := &Explanation{
		Decision: e.Decision, Checks: e.Checks, Notes: e.Notes, Person: q.subject.person, Application: q.subject.app,
	}
	if e.Location != nil {
		x.RoleARN = e.Location.RoleARN
	}
	return x, nil
}

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
	i, err := g.explainable(call, in)
	if err != nil {
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
	apps, err := explained(call, who.ApplicationARN, person)
	if err != nil {
		return nil, err
	}
	var chosen *Explanation
	for _, app := range apps {
		subject := simulatePerson(call, roleID, person, app)
		x, err := g.explain(question{subject: subject, instance: i, data: in, limit: limit})
		if err != nil {
			return nil, err
		}
		if chosen == nil || x.Allowed() {
			chosen = x
		}
		if x.Allowed() {
			break
		}
	}
	if who.ApplicationARN == "" && chosen.Application != nil {
		chosen.Notes = append(chosen.Notes,
			"through which application the person comes, only the session decides; another one may have other grants")
	}
	if roleID == "" {
		chosen.Notes = append(chosen.Notes, "which role acts for the person, only the session decides; "+
			"that it may call s3:GetDataAccess is supposed, and its own grants are left out")
	}
	return chosen, nil
}

// explained are the applications through which a person may be simulated to come: the one that was named or, without
// one, first those that the person comes to S3 through, oldest first. There is at least one, which may be nil.
func explained(call *control.Call, arn string, person *directory.User) ([]*sso.Application, error) {
	if arn != "" {
		app := call.Snapshot.Application(arn)
		if app == nil || app.Account != call.Target || app.ServiceOwned() {
			return nil, fault.New(fault.Invalid, fault.Request, "The application %s does not exist", arn)
		}
		return []*sso.Application{app}, nil
	}
	all := slices.DeleteFunc(slices.Clone(call.Snapshot.ApplicationsOf(call.Target)), (*sso.Application).ServiceOwned)
	if len(all) == 0 {
		return []*sso.Application{nil}, nil
	}
	association := call.Snapshot.Association(call.Target, call.Facts.Region)
	ranks := make(map[*sso.Application]int, len(all))
	for _, app := range all {
		d := simulatedDelegation(call, person.ID, app)
		if association == nil || !reachesS3(call, app, association) {
			ranks[app] += 2
		}
		if caller.DelegationStands(call.Snapshot, &d) != nil {
			ranks[app]++
		}
	}
	slices.SortStableFunc(all, func(a, b *sso.Application) int { return ranks[a] - ranks[b] })
	return all[:min(len(all), maxApplications)], nil
}
