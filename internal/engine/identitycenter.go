package engine

import (
	"cmp"
	"fmt"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// center is what an account has in Identity Center.
type center struct {
	first        *sso.Instance // the instance that the account has while there is no row
	instance     *sso.Instance // the row
	applications list[string, *application]
	issuers      list[string, *sso.Issuer] // by id
	byURL        pmap[string, *sso.Issuer]
	signIn       *sso.SignIn
}

// application is an application with its assignments and its actor policy. The policy is parsed when it is first
// needed.
type application struct {
	*sso.Application
	actor       lazy[parsed]
	assignments list[string, *sso.Assignment] // by id
}

// IdentityCenter returns the Identity Center instance of an account. While no row says otherwise, it is the instance
// that every account begins with. It is nil when the account deleted its instance or does not exist.
func (s *Snapshot) IdentityCenter(id access.AccountID) *sso.Instance {
	a := s.accounts.at(id)
	switch {
	case a == nil || a.row == nil:
		return nil
	case a.center.instance == nil:
		return a.center.first
	case a.center.instance.Deleted:
		return nil
	}
	return a.center.instance
}

func (s *Snapshot) application(arn string) *application {
	r, ok := sso.ParseARN(arn)
	if !ok || r.Kind != sso.KindApplication {
		return nil
	}
	if app := s.applications.at(r.ID); app != nil && app.ARN() == arn {
		return app
	}
	return nil
}

// Application returns an application by its ARN, which is its client id. The application may be disabled.
func (s *Snapshot) Application(arn string) *sso.Application {
	if a := s.application(arn); a != nil {
		return a.Application
	}
	return nil
}

// ApplicationByID returns an application by its apl-... id. The application may be disabled.
func (s *Snapshot) ApplicationByID(id string) *sso.Application {
	if a := s.applications.at(id); a != nil {
		return a.Application
	}
	return nil
}

// IssuerByID returns a trusted token issuer by its tti-... id.
func (s *Snapshot) IssuerByID(id string) *sso.Issuer { return s.issuers.at(id) }

// ApplicationsOf is every application of an account, oldest first.
func (s *Snapshot) ApplicationsOf(id access.AccountID) []*sso.Application {
	a := s.accounts.at(id)
	if a == nil {
		return nil
	}
	all := a.center.applications.sorted(func(a, b *application) int { return cmp.Compare(a.Seq, b.Seq) })
	return project(all, func(a *application) *sso.Application { return a.Application })
}

// ActorPolicy is the policy that says who may ask for tokens in the name of an application, with principals as
// immutable ids. It is nil without an error when there is no such application or when nobody may. An error means that
// the policy cannot be read. The caller must then deny.
func (s *Snapshot) ActorPolicy(arn string) (*policy.Document, error) {
	return s.application(arn).actorPolicy()
}

// ActorPolicyByID is ActorPolicy by the application's apl-... id.
func (s *Snapshot) ActorPolicyByID(id string) (*policy.Document, error) {
	return s.applications.at(id).actorPolicy()
}

func (a *application) actorPolicy() (*policy.Document, error) {
	if a == nil || a.Actor == nil {
		return nil, nil
	}
	p := a.actor.get(func() *parsed {
		return parse(a.Actor.Bound, policy.Resource, fmt.Sprintf("actor policy of %s", a.ARN()))
	})
	return p.doc, p.err
}

// AssignmentsOf is every assignment of an application, oldest first.
func (s *Snapshot) AssignmentsOf(arn string) []*sso.Assignment {
	a := s.application(arn)
	if a == nil {
		return nil
	}
	return a.assignments.sorted(func(a, b *sso.Assignment) int { return cmp.Compare(a.Seq, b.Seq) })
}

// Assigned reports whether an application is assigned to exactly this user or group.
func (s *Snapshot) Assigned(arn string, t sso.PrincipalType, principalID string) bool {
	a := s.application(arn)
	if a == nil {
		return false
	}
	_, ok := a.assignments.entries.get(sso.AssignmentID(a.ID, t, principalID))
	return ok
}

// MayUse reports whether somebody with a user id, who is in some groups, may use an application. The application must
// exist and be enabled. It must require no assignment, or be assigned to the user or to one of the groups.
func (s *Snapshot) MayUse(arn, userID string, groupIDs []string) bool {
	a := s.application(arn)
	switch {
	case a == nil || a.Disabled:
		return false
	case a.AssignmentOptional || s.Assigned(arn, sso.User, userID):
		return true
	}
	for _, g := range groupIDs {
		if s.Assigned(arn, sso.Group, g) {
			return true
		}
	}
	return false
}

// SignIn returns how people of an account sign in. It is nil while nobody has set that up.
func (s *Snapshot) SignIn(id access.AccountID) *sso.SignIn {
	if a := s.accounts.at(id); a != nil {
		return a.center.signIn
	}
	return nil
}

// AnySignIn reports whether people can sign in at any account.
func (s *Snapshot) AnySignIn() bool {
	for _, a := range s.accounts.all() {
		if a.row != nil && a.center.signIn != nil {
			return true
		}
	}
	return false
}

// Issuer returns a trusted token issuer by its ARN.
func (s *Snapshot) Issuer(arn string) *sso.Issuer {
	r, ok := sso.ParseARN(arn)
	if !ok || r.Kind != sso.KindIssuer {
		return nil
	}
	if i := s.issuers.at(r.ID); i != nil && i.ARN() == arn {
		return i
	}
	return nil
}

// IssuerByURL returns the trusted token issuer of an account with exactly this URL.
func (s *Snapshot) IssuerByURL(id access.AccountID, url string) *sso.Issuer {
	if a := s.accounts.at(id); a != nil {
		return a.center.byURL.at(url)
	}
	return nil
}

// IssuersOf is every trusted token issuer of an account, oldest first.
func (s *Snapshot) IssuersOf(id access.AccountID) []*sso.Issuer {
	a := s.accounts.at(id)
	if a == nil {
		return nil
	}
	return a.center.issuers.sorted(func(a, b *sso.Issuer) int { return cmp.Compare(a.Seq, b.Seq) })
}

// Association returns S3's own application for the Access Grants instance of an account in a region. It is nil when the
// instance is not associated with Identity Center, and when the application or its Identity Center instance is gone or
// disabled. Then no grant to people or groups of the directory counts there.
func (s *Snapshot) Association(id access.AccountID, region string) *sso.Application {
	i, center := s.Instance(id, region), s.IdentityCenter(id)
	if i == nil || center == nil {
		return nil
	}
	app := s.Application(i.ApplicationARN)
	if app == nil || app.Disabled || app.InstanceID != center.ID {
		return nil
	}
	return app
}

func (d *draft) putIdentityCenter(i *sso.Instance) { d.account(i.Account).center.instance = i }

func (d *draft) dropIdentityCenter(id string) {
	d.account(access.AccountID(id)).center.instance = nil
}

func (d *draft) putSignIn(i *sso.SignIn) { d.account(i.Account).center.signIn = i }

func (d *draft) dropSignIn(id string) { d.account(access.AccountID(id)).center.signIn = nil }

func (d *draft) putApplication(row *sso.Application) {
	app := &application{Application: row}
	if old := d.applications.at(row.ID); old != nil {
		app.assignments = old.assignments
	}
	d.placeApplication(app)
}

func (d *draft) placeApplication(app *application) {
	d.applications.set(d.t, app.ID, app)
	d.account(app.Account).center.applications.set(d.t, app.ID, app)
}

func (d *draft) dropApplication(id string) {
	app := d.applications.at(id)
	if app == nil {
		return
	}
	d.applications.delete(d.t, id)
	d.account(app.Account).center.applications.delete(d.t, id)
}

func (d *draft) putAssignment(row *sso.Assignment) {
	d.changeAssignments(row.ApplicationID, func(all *list[string, *sso.Assignment]) { all.set(d.t, row.ID(), row) })
}

func (d *draft) dropAssignment(id string) {
	application, _, _ := strings.Cut(id, "/")
	d.changeAssignments(application, func(all *list[string, *sso.Assignment]) { all.delete(d.t, id) })
}

// changeAssignments changes the assignments of an application that exists. Applications are read before assignments,
// and an application's assignments go when it goes.
func (d *draft) changeAssignments(applicationID string, change func(*list[string, *sso.Assignment])) {
	old := d.applications.at(applicationID)
	if old == nil {
		return
	}
	app := &application{Application: old.Application, assignments: old.assignments}
	change(&app.assignments)
	d.placeApplication(app)
}

func (d *draft) putIssuer(row *sso.Issuer) {
	d.dropIssuer(row.ID)
	d.issuers.set(d.t, row.ID, row)
	c := &d.account(row.Account).center
	c.issuers.set(d.t, row.ID, row)
	c.byURL.set(d.t, row.URL, row)
}

func (d *draft) dropIssuer(id string) {
	i := d.issuers.at(id)
	if i == nil {
		return
	}
	d.issuers.delete(d.t, id)
	c := &d.account(i.Account).center
	c.issuers.delete(d.t, id)
	// within one revision, another issuer may have got the URL
	if holder := c.byURL.at(i.URL); holder != nil && holder.ID == id {
		c.byURL.delete(d.t, i.URL)
	}
}
