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

// paths are the applications through which people of the directory come to S3 Access Grants here, for one page.
type paths struct {
	grants   *Grants
	call     *control.Call
	instance *store.Instance
	apps     []*sso.Application // enabled, with S3's scope towards this instance; oldest first
	none     string             // why there are none at all
	left     *budget

	// The subjects of one person, by the place of the application, so that a person's further questions need not
	// simulate them again.
	person   *directory.User
	subjects []*subject
}

// paths finds them.
func (g *Grants) paths(call *control.Call, i *store.Instance, left *budget) *paths {
	p := &paths{grants: g, call: call, instance: i, left: left}
	association := call.Snapshot.Association(call.Target, call.Facts.Region)
	if association == nil {
		p.none = (&failure{reason: fault.AssociationRemoved, text: notAssociated}).String()
	} else {
		for _, app := range call.Snapshot.ApplicationsOf(call.Target) {
			left.spend(1)
			if reachesS3(call, app, association) {
				p.apps = append(p.apps, app)
			}
		}
		p.none = (&failure{
			reason: fault.ApplicationMissing,
			text: "no enabled application of Identity Center has the scope " +
				sso.S3Scope + " towards this instance",
		}).String()
	}
	if len(p.apps) == 0 {
		p.apps = []*sso.Application{nil} // to find what else keeps a person
	}
	return p
}

// reachesS3 reports whether people can come through an application: the checks of the association and the scope ask the
// same.
func reachesS3(call *control.Call, app, association *sso.Application) bool {
	d := simulatedDelegation(call, "", app)
	return !app.Disabled && sso.InstanceARN(app.InstanceID) == d.IdentityCenterInstance &&
		caller.Reaches(call.Snapshot, &d, association, sso.S3Scope)
}

// result is how somebody comes to data, or what keeps them from it.
type result struct {
	Open        bool             // a credential would be vended
	Grant       *access.Grant    // that answers, or would but for the reason; nil: no grant was asked
	Application *sso.Application // that the person comes through
	Reason      string           // when it is not open
}

func newResult(e *evaluation) result {
	r := result{Open: e.failed == nil, Application: e.subject.app}
	if e.failed != nil {
		r.Reason = e.failed.String()
	}
	if e.Decision.OK {
		r.Grant = &e.Decision.Grant
	}
	return r
}

// evaluate tells how GetDataAccess would end for a person: through the oldest application with which it would vend or,
// if there is none, what kept the closest. bound reports whether a grant in question is bound to an application.
func (p *paths) evaluate(person *directory.User, q question, bound func(arn string) bool) result {
	if p.person != person {
		p.person, p.subjects = person, make([]*subject, len(p.apps))
	}
	closest := result{Reason: p.none}
	asked, same := false, false // same: no grant answers for every application; what none is bound to need not be asked
	for k, app := range p.apps {
		if same && !bound(app.ARN()) {
			continue
		}
		if p.subjects[k] == nil {
			p.subjects[k] = simulatePerson(p.call, "", person, app)
		}
		q.subject, q.instance = p.subjects[k], p.instance
		e := p.grants.evaluate(q)
		p.left.spend(e.work())
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

// work is what an evaluation took of a budget.
func (e *evaluation) work() int {
	switch {
	case e.Decision.OK:
		return 3
	case e.decided:
		return 2
	}
	return 1
}

// budget is how much more work a page of an answer may take, in decisions or the like. A page ends early rather than
// take long; what is left comes with the next.
type budget int

const pageWork = 100_000

func newBudget(work int) budget {
	if work == 0 {
		return pageWork
	}
	return budget(work)
}

func (b *budget) spend(n int) { *b -= budget(n) }

func (b *budget) spent() bool { return *b <= 0 }
