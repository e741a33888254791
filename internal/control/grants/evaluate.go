package grants

import (
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// question asks whether GetDataAccess vends a credential to a subject, and why or why not.
type question struct {
	subject  *subject
	instance *store.Instance // nil: the one that the subject's call addresses
	data     DataAccess      // the request
	target   access.Scope    // data.Target, if it is parsed already
	// grant, if set, is the grant that makes the subject a candidate. With alone, the decision considers only this grant.
	// Without alone, it is used only to say why no grant answers.
	grant *access.Grant
	alone bool
	// held says that a session holds grant already. Then nothing but this grant answers, and the question is only whether
	// it would still.
	held bool
	// vends says that a credential is about to be made, or that it is asked whether one could be. Then the location's
	// store counts, too, if the location vends sessions of the store's own STS.
	vends bool
	// limit is how many grants the answer reports. 0 asks for the decision only: the evaluation ends at the first check
	// that fails, and makes no texts for checks that pass.
	limit int
}

// evaluation is the answer to a question.
type evaluation struct {
	question
	grants *Grants

	Checks   []Check // in their order; with a limit only
	Notes    []string
	Decision access.Decision
	Location *store.Location // of the grant that answers
	Role     *iam.Role       // of that location; nil if the service may not assume it
	Duration time.Duration   // of the credential, before ValidUntil shortens it
	atStore  *atStore        // the store that makes the credential; nil: this server seals it
	// ValidUntil is the time until which the answer holds if nothing changes: the end of the session that asks. Zero means
	// no bound. A credential expires no later than this.
	ValidUntil time.Time

	request          access.Request
	instanceARN      string    // of the instance, once a grant answers
	notHeld          *failure  // why the grant that the session holds does not answer any more
	failed           *failure  // of the first check that fails; nil: a credential is vended
	decided          bool      // the grants were evaluated
	began, decidedAt time.Time // around the decision, of a real call
}

// check is one condition of the decision.
type check struct {
	// run returns nil if the check passes, and skipped if it does not apply to the subject.
	run func(*evaluation) *failure
	// describe returns the check's name and what was found. An empty text stands for the text of the failure. A check
	// without describe is reported only when it fails, by the name given.
	describe func(*evaluation, *failure) (name, text string)
	name     string
	last     bool // when it fails, the checks after it make no sense
}

// guardrails are denies that no grant overrides. They run after the checks of the request and before the grants. There
// is none yet.
var guardrails []check

// questionChecks are all checks except the subject's own, in their order.
var questionChecks = slices.Concat(requestChecks, guardrails, grantChecks)

// evaluate makes every decision about vending. GetDataAccess vends what it decides, Explain prints its checks, WhoCan
// and WhatCan report its first failure. GetDataAccess refuses in the order of the checks.
func (g *Grants) evaluate(q question) *evaluation {
	e := &evaluation{question: q, grants: g}
	s := q.subject
	if !s.simulated && s.call.Session != nil {
		e.ValidUntil = s.call.Session.Expires
	}
	switch {
	case q.limit > 0 || !s.checked:
		ok := e.run(subjectChecks)
		s.checked, s.failed = true, e.failed
		if !ok {
			return e
		}
	case s.failed != nil:
		e.failed = s.failed
		return e
	}
	e.run(questionChecks)
	return e
}

// run runs checks in their order. It reports whether later checks make sense.
func (e *evaluation) run(checks []check) bool {
	for i := range checks {
		c := &checks[i]
		f := c.run(e)
		if f == skipped {
			continue
		}
		if e.limit > 0 {
			e.describe(c, f)
		}
		if f == nil {
			continue
		}
		if e.failed == nil {
			e.failed = f
		}
		if e.limit == 0 || c.last {
			return false
		}
	}
	return true
}

func (e *evaluation) describe(c *check, f *failure) {
	told := Check{Name: c.name, Passed: f == nil}
	switch {
	case c.describe != nil:
		told.Name, told.Text = c.describe(e, f)
	case f == nil:
		return
	}
	if f != nil {
		told.Reason = f.reason
		if told.Text == "" {
			told.Text = f.text
		}
	}
	e.Checks = append(e.Checks, told)
}

// decide evaluates the grants, once.
func (e *evaluation) decide() {
	if e.decided {
		return
	}
	e.decided = true
	if e.held {
		e.notHeld = e.decideHeld()
		return
	}
	e.request.Identities, e.request.Application = e.subject.identities(), e.subject.application()
	if e.alone {
		e.Decision = e.request.DecideAlone(e.grant)
		return
	}
	index := e.subject.call.Snapshot.Grants()
	if e.limit > 0 {
		e.Decision = index.Explain(&e.request, e.limit)
		return
	}
	if !e.subject.simulated {
		e.began = time.Now()
	}
	e.Decision = index.Decide(&e.request).Decision(&e.request)
	if !e.subject.simulated {
		e.decidedAt = time.Now()
	}
	if !e.Decision.OK && e.grant != nil {
		e.Decision.Reason = e.request.DecideAlone(e.grant).Reason
	}
}
