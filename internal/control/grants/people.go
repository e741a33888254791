package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// paths are the applications through which people of the directory come to S3 Access Grants here. It serves one page.
type paths struct {
	grants     *Grants
	call       *control.Call
	instance   *store.Instance
	apps       []*sso.Application // enabled, with S3's scope towards this instance; oldest first
	noneReason string             // the reason that is given when there are none
	remaining  *budget

	// The subjects of one person, one for each application in the order of apps. They are kept so that further questions
	// about the person need not simulate them again.
	person   *directory.User
	subjects []*subject
}

// paths finds the applications.
func (g *Grants) paths(call *control.Call, i *store.Instance, remaining *budget) *paths {
	p := &paths{grants: g, call: call, instance: i, remaining: remaining}
	association := call.Snapshot.Association(call.Target, call.Facts.Region)
	if association == nil {
		p.noneReason = (&failure{reason: fault.AssociationRemoved, text: notAssociated}).String()
	} else {
		for _, app := range call.Snapshot.ApplicationsOf(call.Target) {
			remaining.spend(1)
			if reachesS3(call, app, association) {
				p.apps = append(p.apps, app)
			}
		}
		p.noneReason = (&failure{
			reason: fault.ApplicationMissing,
			text: "no enabled application of Identity Center has the scope " +
				sso.S3Scope + " towards this instance",
		}).String()
	}
	if len(p.apps) == 0 {
		p.apps = []*sso.Application{nil} // to find what else denies access to a person
	}
	return p
}

// reachesS3 reports whether people can come through an application. The checks of the association and of the scope
// evaluate the same conditions.
func reachesS3(call *control.Call, app, association *sso.Application) bool {
	d := simulatedDelegation(call, "", app)
	return !app.Disabled && sso.InstanceARN(app.InstanceID) == d.IdentityCenterInstance &&
		caller.Reaches(call.Snapshot, &d, association, sso.S3Scope)
}

// result says how a subject gets access to data, or why it does not.
type result struct {
	Open        bool             // a credential would be vended
	Grant       *access.Grant    // that answers, or would answer but for the reason; nil: no grant was evaluated
	Application *sso.Application // that the person comes through
	Reason      string           // when it is not open
	Direct      *Direct          // when it is open: how plain S3 requests would be answered
}

func newResult(e *evaluation) result {
	r := result{Open: e.failed == nil, Application: e.subject.app}
	if e.failed != nil {
		r.Reason = e.failed.String()
	}
	if e.Decision.OK {
		r.Grant = &e.Decision.Grant
	}
	if r.Open {
		r.Direct = e.direct()
	}
	return r
}

// evaluate returns how GetDataAccess would end for a person. It evaluates the oldest application first and stops at one
// with which a credential would be vended. If there is none, the result says what failed in the evaluation that got
// furthest. bound reports whether a grant in question is bound to an application.
func (p *paths) evaluate(person *directory.User, q question, bound func(arn string) bool) result {
	if p.person != person {
		p.person, p.subjects = person, make([]*subject, len(p.apps))
	}
	closest := result{Reason: p.noneReason}
	// same: no grant answers for all applications, so only those that a grant is bound to are evaluated
	asked, same := false, false
	for k, app := range p.apps {
		if same && !bound(app.ARN()) {
			continue
		}
		if p.subjects[k] == nil {
			p.subjects[k] = simulatePerson(p.call, "", person, app)
		}
		q.subject, q.instance = p.subjects[k], p.instance
		e := p.grants.evaluate(q)
		p.remaining.spend(e.work())
		switch {
		case e.failed == nil:
			return newResult(e)
		case !e.decided:
			if !asked && e.failed.reason != fault.ApplicationMissing {
				closest.Reason = e.failed.String()
			}
			continue
		case !e.Decision.OK:
			same = true
			if closest.Application == nil {
				closest.Reason = e.failed.String()
			}
		case closest.Application == nil:
			closest = newResult(e)
		}
		asked = true
	}
	return closest
}

// work returns how much of a budget an evaluation used.
func (e *evaluation) work() int {
	switch {
	case e.Decision.OK:
		return 3
	case e.decided:
		return 2
	}
	return 1
}

// budget is how much more work a page of an answer may take, in units of about one decision. A page ends early when the
// budget is spent, and the next page has the rest.
type budget int

const maxPageWork = 100_000

func newBudget(work int) budget {
	if work == 0 {
		return maxPageWork
	}
	return budget(work)
}

func (b *budget) spend(n int) { *b -= budget(n) }

func (b *budget) spent() bool { return *b <= 0 }
