package caller

import (
	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// Person is the directory user for whom a caller acts, and how that is known.
type Person struct {
	ID       directory.UserID
	StoreARN string // of the identity store; empty if it does not exist any more
	Asserted bool   // an engine named the user in a session tag; otherwise a token of the user's own proved it
}

// How records say that a person is known.
const (
	Proven   = "proven"
	Asserted = "asserted"
)

// How says how the person is known, as records have it.
func (p *Person) How() string {
	if p.Asserted {
		return Asserted
	}
	return Proven
}

// Person returns the directory user for whom the caller acts. ok is false if it acts for nobody.
func (c *Caller) Person() (p Person, ok bool) {
	if d, ok := c.OnBehalfOf(); ok {
		return Person{ID: directory.UserID(d.UserID), StoreARN: IdentityStoreARN(d)}, true
	}
	if c.Session == nil || c.Session.Asserted == "" {
		return Person{}, false
	}
	p = Person{ID: directory.UserID(c.Session.Asserted), Asserted: true}
	if center := c.Snapshot.IdentityCenter(access.AccountID(c.Session.Account)); center != nil {
		p.StoreARN = center.IdentityStoreARN()
	}
	return p, true
}

// AssertedReachesGrants is ReachesGrants for a user whom an engine named: the Access Grants instance must be associated
// with the Identity Center instance of the session's account, and the user must be in that directory.
func (c *Caller) AssertedReachesGrants(account access.AccountID, region string) error {
	center := c.Snapshot.IdentityCenter(access.AccountID(c.Session.Account))
	app := c.Snapshot.Association(account, region)
	if center == nil || app == nil || app.InstanceID != center.ID {
		return denied(fault.AssociationRemoved, notAssociated)
	}
	u := c.Snapshot.Person(directory.UserID(c.Session.Asserted))
	if u == nil || string(u.Store) != center.IdentityStoreID {
		return denied(fault.UserDeleted, "the directory user is deleted")
	}
	return nil
}
