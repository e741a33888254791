package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// simulation is somebody whose call of GetDataAccess is supposed, to tell how it would end. It vends nothing.
type simulation struct {
	call        *control.Call
	instance    *store.Instance
	identities  []access.Identity
	application string // that the person comes through
}

// simulatePrincipal supposes a call of a user, a role, or a session of a role.
func simulatePrincipal(call *control.Call, i *store.Instance, id, session string) (*simulation, error) {
	who, err := caller.Simulate(call.Snapshot, id, session, call.Facts)
	if err != nil {
		return nil, err
	}
	c := call.Simulate(who)
	return &simulation{call: c, instance: i, identities: Identities(c)}, nil
}

// simulatePerson supposes a call of a session of a role, on behalf of a person who came through an application. With no
// role the session's own policies and grants are left out.
func simulatePerson(call *control.Call, i *store.Instance, roleID string, id directory.UserID, app *sso.Application) (*simulation, error) {
	d := simulatedDelegation(call, id, app)
	who, err := caller.SimulatePerson(call.Snapshot, roleID, d, call.Facts)
	if err != nil {
		return nil, err
	}
	c := call.Simulate(who)
	s := &simulation{call: c, instance: i, application: d.ApplicationARN, identities: Identities(c)}
	if who.Role == nil {
		s.identities = directoryIdentities(c)
	}
	return s, nil
}

// simulatedDelegation is what an exchange of the application would give for the person: all scopes that it has.
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

// request is what the index would be asked about a target.
func (s *simulation) request(in DataAccess, target access.Scope) access.Request {
	return access.Request{
		Account: s.call.Target, Region: s.call.Facts.Region, Identities: s.identities, Application: s.application, Target: target,
		Permission: in.Permission, Privilege: in.Privilege, Object: in.Object,
	}
}

// assumes says what keeps the service from assuming the role of a grant's location; nothing if it may.
func (g *Grants) assumes(s *simulation, grant *access.Grant) (reason string) {
	if _, _, err := g.assume(s.call, s.instance, grant, DefaultDuration); err != nil {
		return "role_not_assumable: " + fault.Of(err).Text
	}
	return ""
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

// holds reports whether a grant answers for the whole of its own scope, were there no other: the decision of
// GetDataAccess about it alone.
func (s *simulation) holds(grant *access.Grant) bool {
	own := *s
	own.identities = nil
	for _, id := range s.identities {
		if id == grant.Identity() {
			own.identities = []access.Identity{id}
		}
	}
	request := own.request(DataAccess{Permission: grant.Permission, Privilege: access.Default}, grant.Scope)
	return s.call.Snapshot.Grants().Decide(&request).OK
}
