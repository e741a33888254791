package grants_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/fault"
)

// outcome is the result of a real request of GetDataAccess, starting with its signature: the reason for which the
// session is refused, or the kind of fault.
func (w *reachWorld) outcome(k controltest.Keys, in grants.DataAccess) (*grants.Vended, string) {
	w.t.Helper()
	who, err := w.Authenticate(w.t, k, "s3")
	if err != nil {
		text, _ := strings.CutPrefix(fault.Of(err).Text.String(), "Access Denied: ")
		reason, _, _ := strings.Cut(text, ":")
		return nil, reason
	}
	v, err := w.Grants.GetDataAccess(w.t.Context(),
		w.Begin(control.Opening{Caller: who, Source: "s3.amazonaws.com", Operation: "GetDataAccess", ReadOnly: true}), in)
	switch {
	case err == nil:
		return v, ""
	case fault.Is(err, fault.Denied, fault.ServiceTrust):
		return nil, "no trust"
	case strings.HasPrefix(fault.Of(err).Text.String(), "You do not have "):
		return nil, "no grant"
	case strings.Contains(fault.Of(err).Text.String(), "is not authorized to perform: s3:GetDataAccess "):
		return nil, "not allowed"
	}
	w.t.Fatalf("GetDataAccess: %v", err)
	return nil, ""
}

// outcomeOf is the outcome to which the first failed check of an explanation leads.
func outcomeOf(e *grants.Explanation) string {
	c := e.Failed()
	if c == nil {
		return ""
	}
	switch c.Reason {
	case fault.NotAllowed:
		return "not allowed"
	case fault.AssociationRemoved, fault.ScopeRemoved, fault.GrantMissing, fault.PermissionMissing,
		fault.ApplicationOther:
		return "no grant"
	case fault.RoleNotAssumable:
		return "no trust"
	}
	return string(c.Reason)
}

func agrees(rt *rapid.T, who string, e *grants.Explanation, v *grants.Vended, outcome string) {
	rt.Helper()
	if e.Allowed() != (v != nil) {
		rt.Fatalf("%s: explained %v %+v, vended %+v (%s)", who, e.Allowed(), e.Checks, v, outcome)
	}
	if v != nil && (e.Decision.Matched() != v.Matched || e.Decision.Grant.Grantee != v.Grantee) {
		rt.Fatalf("%s: explained %+v, vended %+v", who, e.Decision.Grant, v)
	}
	// The session's check finds changes of the application before those of the person.
	got, ofPerson := outcomeOf(e), outcome == "application_disabled" && strings.HasPrefix(outcomeOf(e), "user_")
	if got != outcome && !ofPerson {
		rt.Fatalf("%s: the first failed check leads to %q, GetDataAccess ended with %q: %+v", who, got, outcome, e.Checks)
	}
}

func TestExplainAgreesWithGetDataAccess(t *testing.T) {
	w := newReachWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		w.shuffle(rt)
		in := grants.DataAccess{
			Target: "s3://lake/" + rapid.SampledFrom(
				[]string{"x", "a/b", "a/b/c", "a/*", "n/x", "na/b", "*"}).Draw(rt, "target"),
			Permission: rapid.SampledFrom([]access.Permission{access.Read, access.Write}).Draw(rt, "permission"),
			Privilege:  access.Default,
		}
		for i, u := range w.users {
			e, err := w.Grants.Explain(w.as("s3"), u.ARN(), in, 5)
			w.must(err)
			v, outcome := w.outcome(w.userKeys[i], in)
			agrees(rt, u.Name, e, v, outcome)
		}
		for _, u := range w.people {
			for _, a := range w.apps {
				v, outcome := w.outcome(w.through(u, a), in)
				for _, role := range []string{"", w.r1.ARN()} {
					e, err := w.Grants.ExplainPerson(w.as("s3"),
						grants.Somebody{User: u.UserName, RoleARN: role, ApplicationARN: a.ARN()}, in, 5)
					w.must(err)
					agrees(rt, u.UserName+" through "+a.ID+" with "+role, e, v, outcome)
				}
			}
		}
	})
}
