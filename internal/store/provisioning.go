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

// ProvisioningToken is a bearer token with which a provisioning client writes into an account's directory. The store
// keeps only the SHA-256 of the token. The token has 256 random bits, so nobody can find it from its digest.
type ProvisioningToken struct {
	ID        string // a uuid
	Account   access.AccountID
	Store     directory.StoreID // a token does not outlive its identity store
	Digest    [sha256.Size]byte // of the token
	Created   time.Time
	CreatedBy string // ARN
	Expires   time.Time
}

// expiredTokenKept is how long an expired token stays in the administrator's list. A forgotten client fails with it,
// and the list shows why.
const expiredTokenKept = 30 * 24 * time.Hour

// ProvisioningTokens: id is the token's id; a digest is unique in the whole store.
var ProvisioningTokens = Table[ProvisioningToken]{
	Kind: KindProvisioning, Entity: fault.Provisioning,
	Key: func(t *ProvisioningToken) Key {
		return Key{ID: t.ID, Account: string(t.Account), Name: "sha256:" + hex.EncodeToString(t.Digest[:])}
	},
	Obsolete: func(t *ProvisioningToken) time.Time { return t.Expires.Add(expiredTokenKept) },
}

// The concatenation keeps SQLite from using the account's index, by which it would read all users of the identity
// store.
const (
	usersAmong   = `SELECT id FROM nouns WHERE kind = $1 AND account || '' = $2 AND id IN `
	membersAmong = `SELECT user_id FROM memberships WHERE group_id = $1 AND user_id IN `
)

// UsersAmong returns those of the ids that belong to users of an identity store.
func UsersAmong(
	ctx context.Context, q Querier, s directory.StoreID, ids []directory.UserID,
) (map[directory.UserID]bool, error) {
	return those(queryIn(ctx, q, scanUserID, inQuery{usersAmong, []any{string(KindDirectoryUser), string(s)}}, ids))
}

// MembersAmong returns those of the users who are in a group.
func MembersAmong(
	ctx context.Context, q Querier, g directory.GroupID, ids []directory.UserID,
) (map[directory.UserID]bool, error) {
	return those(queryIn(ctx, q, scanUserID, inQuery{membersAmong, []any{string(g)}}, ids))
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
