package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// KindProvisioning is the kind of a provisioning token's row.
const KindProvisioning Kind = "provisioning-token"

// ProvisioningToken is a bearer token by which the source of an account's directory writes into it. Of the token
// itself only its SHA-256 is kept; the token has 256 random bits, so that nobody finds it by its digest.
type ProvisioningToken struct {
	ID        string // a uuid
	Account   access.AccountID
	Store     directory.StoreID // a token does not outlive its identity store
	Digest    [sha256.Size]byte // of the token
	Created   time.Time
	CreatedBy string // ARN
	Expires   time.Time
}

// expiredListed is how long an administrator finds a token in the list that has expired: a client that was forgotten
// fails with it, and the list says why.
const expiredListed = 30 * 24 * time.Hour

// ProvisioningTokens: id is the token's id; a digest is unique in the whole store.
var ProvisioningTokens = Table[ProvisioningToken]{
	Kind: KindProvisioning, Entity: fault.Provisioning,
	Key: func(t *ProvisioningToken) Key {
		return Key{ID: t.ID, Account: string(t.Account), Name: "sha256:" + hex.EncodeToString(t.Digest[:])}
	},
	Obsolete: func(t *ProvisioningToken) time.Time { return t.Expires.Add(expiredListed) },
}

// The concatenation keeps SQLite from going through all users of the store: it would take the account's index.
const (
	usersAmong   = `SELECT id FROM nouns WHERE kind = $1 AND account || '' = $2 AND id IN `
	membersAmong = `SELECT user_id FROM memberships WHERE group_id = $1 AND user_id IN `
)

// UsersAmong tells which of these ids are of users of an identity store.
func UsersAmong(
	ctx context.Context, q Querier, s directory.StoreID, ids []directory.UserID,
) (map[directory.UserID]bool, error) {
	return those(among(ctx, q, scanUserID, usersAmong, []any{string(KindDirectoryUser), string(s)}, ids))
}

// MembersAmong tells which of these users are in a group.
func MembersAmong(
	ctx context.Context, q Querier, g directory.GroupID, ids []directory.UserID,
) (map[directory.UserID]bool, error) {
	return those(among(ctx, q, scanUserID, membersAmong, []any{string(g)}, ids))
}

func scanUserID(rows *sql.Rows) (id directory.UserID, err error) { return id, rows.Scan(&id) }

func those(found []directory.UserID, err error) (map[directory.UserID]bool, error) {
	if err != nil {
		return nil, unavailable("read users", err)
	}
	all := make(map[directory.UserID]bool, len(found))
	for _, id := range found {
		all[id] = true
	}
	return all, nil
}
