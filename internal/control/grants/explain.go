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

// Explanation says why GetDataAccess would or would not vend a credential to a subject.
type Explanation struct {
	Decision access.Decision // the grants that were considered, and the outcome of each
	RoleARN  string          // of the winning grant's location
	Checks   []Check         // what must hold before a credential is vended, in the order in which GetDataAccess checks it
	Notes    []string        // what only a real session decides, and what was simulated instead

	Direct *Direct // how plain S3 requests would be answered; nil: not known

	Person      *directory.User  // who was asked about; nil for a principal
	Application *sso.Application // through which the person is simulated to come; nil: none
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

// Explain reports what GetDataAccess would decide for a user, a role or a session of a role, and why. The decision is
// made by the same code. Explain vends nothing. limit bounds the grants that it reports. Conditions on the request
// itself, such as its source address, are evaluated with the facts of this call.
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

// explainable checks that the caller may ask for explanations and that the instance exists.
func (g *Grants) explainable(call *control.Call, in DataAccess) (*store.Instance, error) {
	i, err := g.ownInstance(call, "latchkey:Explain")
	if err != nil {
		return nil, err
	}
	_, err = checkDuration(in.Duration)
	return i, err
}

// explain evaluates a question with all its checks. It refuses an invalid request and does not explain it.
func (g *Grants) explain(q question) (*Explanation, error) {
	q.limit, q.vends = max(q.limit, 1), true
	e := g.evaluate(q)
	if f := e.failed; f != nil && f.reason == fault.RequestInvalid {
		return nil, f.fault
	}
	x := &Explanation{
		Decision: e.Decision, Checks: e.Checks, Notes: e.Notes, Person: q.subject.person, Application: q.subject.app,
	}
	x.Direct = e.direct()
	if e.Location != nil {
		x.RoleARN = e.Location.RoleARN
	}
	return x, nil
}

// Somebody is a person of the directory, with the role and the application of the session that acts for the person.
type Somebody struct {
	User           string // id, name or an email address
	RoleARN        string // whose session acts for the person; empty: its policies and grants are left out
	Asserted       bool   // an engine names the person, who has proved nothing and comes through no application
	ApplicationARN string // empty: the oldest with which access would be given or, if none, that the person may use
}

// maxApplications bounds the applications that an explanation tries when the request names none.
const maxApplications = 100

// ExplainPerson is Explain for a person of the directory. It reports what GetDataAccess would decide for a session of a
// role that acts for the person, who came through an application.
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
	if who.Asserted {
		return g.explain(question{subject: simulateAsserted(call, roleID, person), instance: i, data: in, limit: limit})
	}
	apps, err := applicationsToTry(call, who.ApplicationARN, person)
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

// applicationsToTry returns the applications through which a person may be simulated to come. It is the named
// application, if there is one. Otherwise those through which the person can reach S3 come first, and among equals the
// oldest. The list has at least one entry, which may be nil.
func applicationsToTry(call *control.Call, arn string, person *directory.User) ([]*sso.Application, error) {
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
