package grants

import (
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/tokens"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// Explanation is why GetDataAccess would or would not answer a principal.
type Explanation struct {
	Decision access.Decision // which grants were weighed, and what became of each
	RoleARN  string          // of the winning grant's location
	Checks   []Check         // what else must hold before a credential is vended
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
// nothing. most bounds the grants that are told of.
func (g *Grants) Explain(call *control.Call, principal string, in DataAccess, most int) (*Explanation, error) {
	if err := g.mayOwn(call, "latchkey:Explain", policy.Values{}); err != nil {
		return nil, err
	}
	i, err := g.instance(call)
	if err != nil {
		return nil, err
	}
	request, err := dataRequest(call, in)
	if err != nil {
		return nil, err
	}
	id, err := principalOf(call, principal)
	if err != nil {
		return nil, err
	}
	request.Identities, request.Application = []access.Identity{{Type: access.IAM, Principal: id}}, ""
	e := &Explanation{Decision: call.Snapshot.Grants().Explain(&request, most)}
	e.Checks = append(e.Checks, g.mayAsk(call, id))
	if !e.Decision.OK {
		return e, nil
	}
	l := call.Snapshot.Location(i.Account, i.Region, e.Decision.Grant.LocationID)
	if l == nil {
		return nil, fault.New(fault.Unavailable, fault.Location, "The location of the grant is being changed. Please try again.")
	}
	e.RoleARN = l.RoleARN
	_, err = g.Tokens.AssumeForService(call, tokens.ServiceAssume{
		RoleID: l.RoleID, RoleARN: l.RoleARN, Service: ServicePrincipal, SourceAccount: i.Account, SourceARN: i.ARN(), Duration: DefaultDuration,
	})
	trust := Check{Name: "the location's role trusts the service", Passed: err == nil, Text: l.RoleARN}
	if err != nil {
		trust.Text = fault.Of(err).Text
	}
	e.Checks = append(e.Checks, trust)
	return e, nil
}

// mayAsk says whether the principal's own policies let it call GetDataAccess on this instance. Conditions that
// depend on the request are judged as of this call.
func (g *Grants) mayAsk(call *control.Call, id string) Check {
	c := Check{Name: "the principal may call s3:GetDataAccess"}
	subject, compiled := policyPrincipal(call, id), call.Snapshot.Compiled(id)
	if compiled == nil || compiled.Err != nil {
		c.Text = "a policy of the principal cannot be read"
		return c
	}
	ps := policy.Policies{Identity: compiled.Identity, Boundary: compiled.Boundary}
	doc, err := call.Snapshot.InstancePolicy(call.Target, call.Facts.Region)
	if err != nil {
		c.Text = "the instance's resource policy cannot be read"
		return c
	}
	if doc != nil {
		ps.Resource = []*policy.Document{doc}
	}
	d := policy.Evaluate(policy.Request{
		Principal: subject, Action: "s3:GetDataAccess", Resource: access.InstanceARN(call.Target, call.Facts.Region), ResourceAccount: string(call.Target),
	}, ps)
	c.Passed, c.Text = d.Allowed, d.Explain()
	return c
}

func policyPrincipal(call *control.Call, id string) policy.Principal {
	if r := call.Snapshot.Role(id); r != nil {
		return policy.Principal{Kind: policy.Role, ID: r.ID, ARN: r.ARN(), Account: string(r.Account)}
	}
	if u := call.Snapshot.User(id); u != nil {
		return policy.Principal{Kind: policy.User, ID: u.ID, ARN: u.ARN(), Account: string(u.Account)}
	}
	return policy.Principal{}
}

// principalOf is the immutable id of a user, a role, or the role behind an assumed-role session ARN.
func principalOf(call *control.Call, arn string) (string, error) {
	if rest, ok := strings.CutPrefix(arn, "arn:aws:sts::"); ok {
		account, path, _ := strings.Cut(rest, ":assumed-role/")
		name, _, _ := strings.Cut(path, "/")
		if r := call.Snapshot.RoleByName(access.AccountID(account), name); r != nil {
			return r.ID, nil
		}
		return "", fault.New(fault.Invalid, fault.Grantee, "%s is not a session of a role that exists", arn)
	}
	id, err := granteePrincipal(call, access.Grantee{Type: access.IAM, ID: arn})
	if err != nil {
		return "", fault.New(fault.Invalid, fault.Grantee, "%s is not a user or a role that exists", arn)
	}
	return id, nil
}
