package ldapsync

import (
	"fmt"
	"regexp"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/ldap"
)

// Source is an LDAP server whose people and groups belong to an account.
type Source struct {
	Name     string // must never change: the external ids of all rows of the source contain it
	Account  access.AccountID
	LDAP     ldap.Options
	Interval time.Duration // between the starts of two runs

	// MaxRemoval is the share of the users, the groups or the memberships of the source that a run may remove. A run that
	// would remove more is refused. FreeRemovals of each kind are allowed in any case. But a run may never remove all
	// users or all groups of a source that has several: another server, or another base, looks like that.
	MaxRemoval   float64
	FreeRemovals int
	DeleteAfter  time.Duration // how long an absent user stays, disabled, before deletion; 0: no time
}

// Issuer returns the issuer of the external ids that the source gives.
func (s *Source) Issuer() string { return "ldap:" + s.Name }

// key returns the name of the source in the store.
func (s *Source) key() string { return string(s.Account) + "/" + s.Name }

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Defaults sets the values that are missing.
func (s Source) Defaults() Source {
	s.LDAP = s.LDAP.Defaults()
	if s.Interval == 0 {
		s.Interval = 15 * time.Minute
	}
	return s
}

// Check reports the first error in a source. Defaults must have been applied before.
func (s *Source) Check() error {
	if !nameForm.MatchString(s.Name) {
		return fmt.Errorf("name %q: it must be small letters, digits, dots, dashes and underscores, 63 at most", s.Name)
	}
	if _, err := access.ParseAccountID(string(s.Account)); err != nil {
		return fmt.Errorf("account %q: it must be twelve digits", s.Account)
	}
	if s.Interval < time.Minute {
		return fmt.Errorf("interval %v: it must be 1m or more", s.Interval)
	}
	if s.MaxRemoval < 0 || s.MaxRemoval > 1 || s.FreeRemovals < 0 || s.DeleteAfter < 0 {
		return fmt.Errorf("maxRemoval must be a share from 0 to 1, freeRemovals and deleteAfter not less than 0")
	}
	return s.LDAP.Check()
}

// identityStore returns the identity store of an account.
func identityStore(snap *engine.Snapshot, account access.AccountID) (directory.StoreID, error) {
	i := snap.IdentityCenter(account)
	if i == nil {
		return "", control.DirectoryMissing(fault.IdentityStore, "IDENTITY_STORE", "")
	}
	return directory.StoreID(i.IdentityStoreID), nil
}
