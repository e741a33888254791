package sso

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"latchkey/internal/access"
)

// Instance is the Identity Center instance of an account, of which there is at most one over all regions.
type Instance struct {
	ID              string // ssoins- and 16 characters
	Account         access.AccountID
	IdentityStoreID string // d- and ten hexadecimal digits
	Name            string // may be empty
	Created         time.Time
	Deleted         bool // the account has none: the row only remembers which one it had
	Tags            []access.Tag

	ClientToken string // that it was created with; empty: none
	Digest      string // of what it was created with
}

// ARN is the instance's ARN, which names neither account nor region.
func (i *Instance) ARN() string { return InstanceARN(i.ID) }

// IdentityStoreARN is the ARN of the instance's identity store.
func (i *Instance) IdentityStoreARN() string { return IdentityStoreARN(i.Account, i.IdentityStoreID) }

// InstanceARN is the ARN of the instance with this id.
func InstanceARN(id string) string { return "arn:aws:sso:::instance/" + id }

// IdentityStoreARN is the ARN of an identity store.
func IdentityStoreARN(account access.AccountID, id string) string {
	return "arn:aws:identitystore::" + string(account) + ":identitystore/" + id
}

// First is the instance that every account has from the beginning. Its ids follow from the account's number, so
// that all nodes agree on them without a row: a row is written when something about the instance changes. It and
// IdentityStoreID are the only places where ids are derived; all others come from the instance.
func First(account access.AccountID, created time.Time) *Instance {
	return &Instance{
		ID:              instancePrefix + derive("instance", account)[:16],
		Account:         account,
		IdentityStoreID: IdentityStoreID(account),
		Created:         created,
	}
}

// IdentityStoreID is the id of the identity store of an account's first instance. Who wants the account's
// present one asks the engine's snapshot or store.IdentityCenter for the instance.
func IdentityStoreID(account access.AccountID) string {
	return "d-" + derive("identity store", account)[:10]
}

// New makes an instance with random ids, for an account that deleted the one before. What belonged to that one
// does not belong to this one.
func New(account access.AccountID, created time.Time) *Instance {
	return &Instance{
		ID: instancePrefix + randomHex(16), Account: account, IdentityStoreID: "d-" + randomHex(10), Created: created,
	}
}

const instancePrefix = "ssoins-"

func derive(what string, account access.AccountID) string {
	sum := sha256.Sum256([]byte("latchkey " + what + " " + string(account)))
	return hex.EncodeToString(sum[:])
}

// randomHex is n hexadecimal digits.
func randomHex(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)[:n]
}
