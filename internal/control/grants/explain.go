package grants

import (
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// Explanation is why GetDataAccess would or would not answer a principal.
type Explanation struct {
	Decision access.Decision // which grants were weighed, and what became of each
	RoleARN  string          // of the winning grant's location
	Checks   []Check         // what else must hold before a credential is vended
	Notes    []string        // what only a session decides, and what was supposed of it

	Person      *directory.User  // who was asked about; nil for a principal
	Application *sso.Application // that the person is supposed to come through; nil: there is none
}

// Check is one thing besides a grant that must hold.
type Check struct {
	Name   string
	Passed bool
	Text   string // what was found
}

// Allowed reports whether a credential would be vended.
func (e *Explanation) Allowed() bool {
	for _, c := range e.Checks {
		if !c.Passed {
			return false
		}
	}
	return e.Decision.OK
}

// Explain answers what GetDataAccess would decide for another principal, and why, by the same code. It vends
// nothing. most bounds the grants that are told of. What depends on the request itself, such as the address
// that it comes from, is judged as of this call.
func (g *Grants) Explain(call *control.Call, principal string, in DataAccess, limit int) (*Explanation, error) {
	if err := g.mayOwn(call, "latchkey:Explain", policy.Values{}); err != nil {
		return nil, err
	}
	i, err := g.instance(call)
	if err != nil {
		return nil, err
	}
	duration, err := checkDuration(in.Duration)
	if err != nil {
		return nil, err
	}
	subject, err := simulate(call, principal)
	if err != nil {
		return nil, err
	}
	request, err := dataRequest(subject, in)
	if err != nil {
		return nil, err
	}
	asked, err := mayAsk(subject)
	if err != nil {
		return nil, err
	}
	e := &Explanation{Decision: call.Snapshot.Grants().Explain(&request, limit), Checks: []Check{asked}}
	if !e.Decision.OK {
		return e, nil
	}
	l, _, err := g.assume(subject, i, &e.Decision.Grant, duration)
	if l == nil {
		return nil, err
	}
	e.RoleARN = l.RoleARN
	trust := Check{Name: "the location's role trusts the service", Passed: err == nil, Text: l.RoleARN}
	if err != nil {
		trust.Text = fault.Of(err).Text
	}
	e.Checks = append(e.Checks, trust)
	return e, nil
}

// mayAsk says whether the principal may call GetDataAccess on this instance. Which of its policies say so is
// told to its own account only.
func mayAsk(subject *control.Call) (Check, error) {
	ask, err := askDataAccess(subject)
	if err != nil {
		return Check{}, err
	}
	d := subject.Decide(ask)
	c := Check{Name: "the principal may call s3:GetDataAccess", Passed: d.Allowed, Text: d.Explain()}
	if subject.Account != subject.Target {
		c.Text = "the instance's resource policy and the principal's own account allow it"
		if !d.Allowed {
			c.Text = "the instance's resource policy or the principal's own account does not allow it"
		}
	}
	return c, nil
}

// simulate is the call that a user, a role, or an assumed-role session would make in the place of this one.
func simulate(call *control.Call, arn string) (*control.Call, error) {
	id, session, err := findPrincipal(call, arn)
	if err != nil {
		return nil, err
	}
	who, err := caller.Simulate(call.Snapshot, id, session, call.Facts)
	if err != nil {
		return nil, err
	}
	return call.Simulate(who), nil
}

// findPrincipal finds the id of a user or a role, or of the role of an assumed-role session with the session's name.
func findPrincipal(call *control.Call, arn string) (id, session string, err error) {
	if account, kind, path, ok := principalPath(arn); ok && kind == "assumed-role" {
		var name string
		name, session, _ = strings.Cut(path, "/")
		r := call.Snapshot.RoleByName(account, name)
		if r == nil || r.Name != name || session == "" || arn != iam.SessionARN(account, name, session) {
			return "", "", fault.New(fault.Invalid, fault.Grantee, "%s is not a session of a role that exists", arn)
		}
		return r.ID, session, nil
	}
	if id, err = granteePrincipal(call, access.Grantee{Type: access.IAM, ID: arn}); err != nil {
		return "", "", fault.New(fault.Invalid, fault.Grantee, "%s is not a user or a role that exists", arn)
	}
	return id, "", nil
}

// principalPath cuts arn:aws:sts::ACCOUNT:KIND/PATH.
func principalPath(arn string) (account access.AccountID, kind, path string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:sts::")
	number, rest, cut := strings.Cut(rest, ":")
	kind, path, _ = strings.Cut(rest, "/")
	return access.AccountID(number), kind, path, ok && cut
}
