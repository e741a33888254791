package grants

import (
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// subject is the caller whose call of GetDataAccess is evaluated: of a real call, or of a simulated one.
type subject struct {
	call      *control.Call
	simulated bool
	person    *directory.User  // simulated: the person for whom the call acts; nil: a user, a role, or a session of a role
	app       *sso.Application // simulated: through which the person comes; nil: the account has none
	asserted  bool             // simulated: an engine names the person, who comes through no application
	unusable  *failure         // simulated: why there is no such caller; then call has no policies

	policyDecision policy.Decision // simulated: the policy decision about s3:GetDataAccess
	identityList   []access.Identity

	// checked says that the subject's own checks ran, and failed is the first of them that failed. They do not depend on
	// the question.
	checked bool
	failed  *failure
}

// simulatePrincipal returns the subject that calls as a user, a role, or a session of a role.
func simulatePrincipal(call *control.Call, id, session string) *subject {
	s := &subject{simulated: true}
	who, err := caller.Simulate(call.Snapshot, id, session, call.Facts)
	switch {
	case call.Snapshot.User(id) == nil && call.Snapshot.Role(id) == nil:
		s.unusable = &failure{reason: fault.PrincipalDeleted, text: "the user or role that the grant is for is deleted"}
	case err != nil:
		s.unusable = failed(fault.PolicyUnreadable, err)
	}
	if s.unusable != nil {
		who = &caller.Caller{Snapshot: call.Snapshot, Facts: call.Facts}
	}
	s.call = call.Simulate(who)
	return s
}

// simulatePerson returns the subject that calls with a session of a role, on behalf of a person who came through an
// application. Without a role, the session's own policies and grants are left out.
func simulatePerson(call *control.Call, roleID string, person *directory.User, app *sso.Application) *subject {
	s := &subject{simulated: true, person: person, app: app}
	d := simulatedDelegation(call, person.ID, app)
	who, err := caller.SimulatePerson(call.Snapshot, roleID, d, call.Facts)
	if err != nil {
		s.unusable = failed(fault.PolicyUnreadable, err)
		who = &caller.Caller{Snapshot: call.Snapshot, Facts: call.Facts}
	}
	s.call = call.Simulate(who)
	return s
}

// simulateAsserted returns the subject that calls with a session of a role in which an engine has named a person.
func simulateAsserted(call *control.Call, roleID string, person *directory.User) *subject {
	s := &subject{simulated: true, person: person, asserted: true}
	who, err := caller.SimulateAsserted(call.Snapshot, roleID, call.Target, person.ID, call.Facts)
	if err != nil {
		s.unusable = failed(fault.PolicyUnreadable, err)
		who = &caller.Caller{Snapshot: call.Snapshot, Facts: call.Facts}
	}
	s.call = call.Simulate(who)
	return s
}

// simulatedDelegation returns the delegation that a token exchange of the application would give for the person, with
// all the scopes that the application has.
func simulatedDelegation(call *control.Call, id directory.UserID, app *sso.Application) credential.Delegation {
	d := credential.Delegation{UserID: string(id)}
	if center := call.Snapshot.IdentityCenter(call.Target); center != nil {
		d.IdentityStoreID, d.IdentityCenterInstance = center.IdentityStoreID, center.ARN()
	}
	if app != nil {
		d.ApplicationARN, d.Scopes = app.ARN(), sso.S3Scope
	}
	return d
}

// onBehalf reports whether the subject acts for a person of the directory.
func (s *subject) onBehalf() bool {
	_, ok := s.call.OnBehalfOf()
	return ok
}

// roleless reports whether the subject is a person for whom no role was named.
func (s *subject) roleless() bool { return s.person != nil && s.call.Role == nil }

// identities are the identities under which the subject can have grants.
func (s *subject) identities() []access.Identity {
	if s.identityList == nil {
		s.identityList = Identities(s.call)
		if s.roleless() {
			s.identityList = directoryIdentities(s.call)
		}
	}
	return s.identityList
}

// application returns the ARN of the application through which the subject comes. It is empty if there is none.
func (s *subject) application() string {
	if s.call.Session == nil {
		return ""
	}
	return s.call.Session.ApplicationARN
}

// association returns the application that associates the addressed instance with the person's Identity Center. It is
// nil if there is none.
func (s *subject) association() *sso.Application {
	d, ok := s.call.OnBehalfOf()
	if !ok {
		return nil
	}
	return associationFor(s.call, d)
}

// Identities returns the identities under which a caller can have grants: the user itself, or the role behind the
// session together with the person of the directory for whom the session acts. The root user has none.
func Identities(call *control.Call) []access.Identity {
	switch {
	case call.Role != nil:
		return append([]access.Identity{{Type: access.IAM, Principal: call.Role.ID}}, directoryIdentities(call)...)
	case call.User != nil:
		return []access.Identity{{Type: access.IAM, Principal: call.User.ID}}
	}
	return nil
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

// findRole finds the role that acts for a person. The role must belong to the account of the directory.
func findRole(call *control.Call, arn string) (id string, err error) {
	if arn == "" {
		return "", nil
	}
	p, ok := iam.ParsePrincipalARN(arn)
	if !ok || !p.Role || p.Account != call.Target {
		return "", fault.New(fault.Invalid, fault.Grantee, "%s is not the ARN of a role of the account", arn)
	}
	id, _, err = findPrincipal(call, arn)
	return id, err
}

// findPerson finds a directory user of the account by its id, its name or an email address.
func findPerson(call *control.Call, who string) (*directory.User, error) {
	center := call.Snapshot.IdentityCenter(call.Target)
	if center == nil {
		return nil, fault.New(fault.Invalid, fault.Grantee,
			"The account has no Identity Center instance, and so no directory users")
	}
	in := directory.StoreID(center.IdentityStoreID)
	if u := call.Snapshot.Person(directory.UserID(who)); u != nil && u.Store == in {
		return u, nil
	}
	named := call.Snapshot.PersonByKey(in, directory.NameKey(who))
	mailed := call.Snapshot.PersonByKey(in, directory.EmailKey(who))
	switch {
	case named == nil && mailed == nil:
		return nil, fault.New(fault.Invalid, fault.Grantee,
			"%s is not the id, the name or an email address of a user of the directory", who)
	case named != nil && mailed != nil && named.ID != mailed.ID:
		return nil, fault.New(fault.Invalid, fault.Grantee,
			"%s is the name of one user of the directory and the email address of another; give the id: %s or %s",
			who, named.ID, mailed.ID)
	case named != nil:
		return named, nil
	}
	return mailed, nil
}

// personOf is the directory user for whom a caller acts.
func personOf(who *caller.Caller) (directory.UserID, bool) {
	p, ok := who.Person()
	return p.ID, ok
}
