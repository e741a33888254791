package grants

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// requestChecks establish that there is a request to decide. No later check makes sense when one of them fails.
var requestChecks = []check{
	{name: "the account has an Access Grants instance", run: (*evaluation).hasInstance, last: true},
	{name: "the request makes sense", run: (*evaluation).isValid, last: true},
}

// grantChecks establish that a grant answers, and that what the answer needs is there.
var grantChecks = []check{
	{run: (*evaluation).associated, describe: describeAssociated},
	{run: (*evaluation).hasScope, describe: describeScope},
	{name: "a grant answers", run: (*evaluation).answers, last: true},
	{name: "the grant's location is known", run: (*evaluation).hasLocation, last: true},
	{run: (*evaluation).admitsAsserted, describe: describeAdmits},
	{run: (*evaluation).assumes, describe: describeAssumes, last: true},
	{run: (*evaluation).storeVends, describe: describeStoreVends},
}

// mayAsk checks that the subject may call GetDataAccess on the instance. It is the first check of a real call, and the
// only one that evaluates the caller's policies.
func (e *evaluation) mayAsk() *failure {
	s := e.subject
	if s.roleless() {
		return skipped
	}
	ask, err := askInstance(s.call, "s3:GetDataAccess", policy.Values{})
	if err != nil {
		return failed(fault.NotAllowed, err)
	}
	if !s.simulated {
		if err := s.call.Authorize(ask); err != nil {
			return failed(fault.NotAllowed, err)
		}
		return nil
	}
	if s.policyDecision = s.call.Decide(ask); !s.policyDecision.Allowed {
		return &failure{reason: fault.NotAllowed, text: "it may not call s3:GetDataAccess: " + s.policyText()}
	}
	return nil
}

// describeMayAsk names the policies that decided only to administrators of the principal's own account.
func describeMayAsk(e *evaluation, _ *failure) (name, text string) {
	name = "the principal may call s3:GetDataAccess"
	if e.subject.onBehalf() {
		name = "the role that acts for the person may call s3:GetDataAccess"
	}
	return name, e.subject.policyText()
}

func (s *subject) policyText() string {
	switch {
	case s.call.Account == s.call.Target:
		return s.policyDecision.Explain()
	case s.policyDecision.Allowed:
		return "the instance's resource policy and the principal's own account allow it"
	}
	return "the instance's resource policy or the principal's own account does not allow it"
}

func (e *evaluation) hasInstance() *failure {
	if e.instance != nil {
		return nil
	}
	i, err := e.grants.instance(e.subject.call)
	if err != nil {
		return failed(fault.InstanceMissing, err)
	}
	e.instance = i
	return nil
}

// isValid checks the request and builds the access.Request that the grants are asked with.
func (e *evaluation) isValid() *failure {
	target, err := e.target, error(nil)
	if target.IsZero() {
		target, err = access.ParseTarget(e.data.Target)
	}
	if err != nil {
		return failed(fault.RequestInvalid, control.AccessFault(err))
	}
	call := e.subject.call
	e.request = access.Request{
		Account: call.Target, Region: call.Facts.Region, Target: target,
		Permission: e.data.Permission, Privilege: e.data.Privilege, Object: e.data.Object,
	}
	if err := e.request.Check(); err != nil && !e.held { // what is held was asked for in a request that made sense
		return failed(fault.RequestInvalid, control.AccessFault(err))
	}
	if e.Duration, err = checkDuration(e.data.Duration); err != nil {
		return failed(fault.RequestInvalid, err)
	}
	return nil
}

func checkDuration(d time.Duration) (time.Duration, error) {
	if d == 0 {
		return DefaultDuration, nil
	}
	if d < MinDuration || d > MaxDuration {
		return 0, fault.New(fault.Invalid, fault.Request, "durationSeconds must be between %d and %d",
			int(MinDuration.Seconds()), int(MaxDuration.Seconds()))
	}
	return d, nil
}

const notAssociated = "the Access Grants instance is not associated with an Identity Center instance, " +
	"or its application there is disabled"

// associated checks that grants to the person and to the person's groups can answer at all. The check does not matter
// when a grant to the role answers.
func (e *evaluation) associated() *failure {
	if e.decide(); e.held || !e.subject.onBehalf() || e.Decision.OK && e.limit == 0 {
		return skipped
	}
	if e.subject.association() != nil {
		return nil
	}
	return e.failUnlessGranted(fault.AssociationRemoved, notAssociated)
}

func describeAssociated(e *evaluation, f *failure) (name, text string) {
	if f == nil {
		text = sso.InstanceARN(e.subject.association().InstanceID)
	}
	return "the instance is associated with Identity Center", text
}

// hasScope checks that the application through which the person comes may access S3 Access Grants.
func (e *evaluation) hasScope() *failure {
	s := e.subject
	if e.held || !s.onBehalf() || s.application() == "" || e.Decision.OK && e.limit == 0 {
		return skipped
	}
	association := s.association()
	if association == nil {
		return skipped
	}
	if d, _ := s.call.OnBehalfOf(); caller.Reaches(s.call.Snapshot, d, association, sso.S3Scope) {
		return nil
	}
	return e.failUnlessGranted(fault.ScopeRemoved, "the application has no such scope, or not towards this instance")
}

func describeScope(_ *evaluation, f *failure) (name, text string) {
	if f == nil {
		text = "towards this instance"
	}
	return "the application has the scope " + sso.S3Scope, text
}

// failUnlessGranted returns the failure of a check that only the person's own grants need. When another grant answers,
// it adds a note instead.
func (e *evaluation) failUnlessGranted(r fault.Reason, text string) *failure {
	if e.Decision.OK {
		e.Notes = append(e.Notes, "the person's own grants and those of the person's groups do not count: "+text)
		return skipped
	}
	return &failure{reason: r, text: text, fault: e.denied(r)}
}

// denied is the error when no grant answers. The client reads the same whatever the reason is.
func (e *evaluation) denied(r fault.Reason) error {
	if e.subject.simulated {
		return nil
	}
	return &fault.Error{Kind: fault.Denied, Reason: r, Text: fault.Textf("%s", e.request.DeniedText())}
}

func (e *evaluation) answers() *failure {
	switch e.decide(); {
	case e.held:
		return e.notHeld
	case e.Decision.OK:
		return nil
	}
	f := &failure{reason: fault.GrantMissing}
	switch e.Decision.Reason {
	case access.NoPermission:
		f.reason = fault.PermissionMissing
	case access.OtherApplication:
		f.reason = fault.ApplicationOther
		f.text = "the grant is for an application, and users and roles come through none by themselves"
		if e.subject.onBehalf() {
			f.text = "the grants are for other applications than those that the directory user may use"
		}
	}
	if f.text == "" {
		f.text = e.Decision.Reason.String()
	}
	f.fault = e.denied(f.reason)
	return f
}

func (e *evaluation) hasLocation() *failure {
	grant := &e.Decision.Grant
	if e.Location = e.subject.call.Snapshot.Location(grant.Account, grant.Region, grant.LocationID); e.Location == nil {
		return failed(fault.LocationMissing, fault.New(fault.Unavailable, fault.Location,
			"The location of the grant is being changed. Please try again."))
	}
	return nil
}

// admitsAsserted checks that the grant's location answers people whom an engine has named, if the grant is for the
// person or a group of the person. A grant for the role that acts needs no person.
func (e *evaluation) admitsAsserted() *failure {
	p, ok := e.subject.call.Person()
	switch {
	case !ok || !p.Asserted || e.Decision.Grant.Grantee.Type == access.IAM:
		return skipped
	case e.Location.Asserted:
		return nil
	}
	return &failure{
		reason: fault.AssertionNotAdmitted,
		text:   "the location of the grant does not answer people whom an engine has named in a session tag",
		fault:  e.denied(fault.AssertionNotAdmitted),
	}
}

func describeAdmits(*evaluation, *failure) (name, text string) {
	return "the grant's location answers people whom an engine has named", ""
}

// assumes checks that the location's role trusts the service and allows sessions of this length.
func (e *evaluation) assumes() *failure {
	call := e.subject.call
	behalf, _ := call.OnBehalfOf() // S3 passes the context on, so that records of data access name the person
	e.instanceARN = e.instance.ARN()
	role, err := e.grants.Tokens.AssumeForService(call, sts.ServiceAssume{
		RoleID: e.Location.RoleID, RoleARN: e.Location.RoleARN, Service: ServicePrincipal,
		SourceAccount: e.instance.Account, SourceARN: e.instanceARN,
		// Callers without a source identity get none, so that a trust policy which allows only sts:AssumeRole is
		// enough, as it is on AWS.
		SourceIdentity: call.SourceIdentity(), OnBehalfOf: behalf, Duration: e.Duration,
	})
	if err != nil {
		return failed(fault.RoleNotAssumable, err)
	}
	e.Role = role
	return nil
}

func describeAssumes(e *evaluation, f *failure) (name, text string) {
	name = "the location's role trusts the service"
	if e.subject.onBehalf() {
		name += ", sts:SetContext included"
	}
	if f == nil {
		text = e.Location.RoleARN
	}
	return name, text
}
