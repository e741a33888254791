package sso

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"latchkey/internal/access"
)

// Instance is the Identity Center instance of an account. An account has at most one, for all regions.
type Instance struct {
	ID              string // ssoins- and 16 characters
	Account         access.AccountID
	IdentityStoreID string // d- and ten hexadecimal digits
	Name            string // may be empty
	Created         time.Time
	Deleted         bool // the account has no instance; the row only remembers the ids of the one that it had
	Tags            []access.Tag

	ClientToken string // the client token of the request that created it; empty: none
	Digest      string // a digest of the request that created it
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

// First is the instance that every account has from the beginning. Its ids are derived from the account's number, so
// that all nodes agree on them without a row. A row is written when the instance changes. Only First and
// IdentityStoreID derive ids: all other code takes them from the instance.
func First(account access.AccountID, created time.Time) *Instance {
	return &Instance{
		ID:              instancePrefix + derive("instance", account)[:16],
		Account:         account,
		IdentityStoreID: IdentityStoreID(account),
		Created:         created,
	}
}

// IdentityStoreID is the id of the identity store of an account's first instance. Code that needs the account's
// current identity store gets the instance from the engine's snapshot or from store.IdentityCenter.
func IdentityStoreID(account access.AccountID) string {
	return "d-" + derive("identity store", account)[:10]
}

// New makes an instance with random ids, for an account that deleted its instance. What belonged to the deleted
// instance does not belong to the new one.
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
