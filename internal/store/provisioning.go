package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strconv"
	"strings"
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

// ProvisioningTokens: id is the token's id; a digest is unique in the whole store.
var ProvisioningTokens = Table[ProvisioningToken]{
	Kind: KindProvisioning, Noun: fault.Provisioning,
	Key: func(t *ProvisioningToken) Key {
		return Key{ID: t.ID, Account: string(t.Account), Name: "sha256:" + hex.EncodeToString(t.Digest[:])}
	},
}

// The concatenation keeps SQLite from going through all users of the store: it would take the account's index.
const (
	usersAmong   = `SELECT id FROM nouns WHERE kind = $1 AND account || '' = $2 AND id IN `
	membersAmong = `SELECT user_id FROM memberships WHERE group_id = $1 AND user_id IN `
)

// UsersAmong tells which of these ids are of users of an identity store.
func UsersAmong(ctx context.Context, q Querier, s directory.StoreID, ids []directory.UserID) (map[directory.UserID]bool, error) {
	return among(ctx, q, usersAmong, []any{string(KindDirectoryUser), string(s)}, ids)
}

// MembersAmong tells which of these users are in a group.
func MembersAmong(ctx context.Context, q Querier, g directory.GroupID, ids []directory.UserID) (map[directory.UserID]bool, error) {
	return among(ctx, q, membersAmong, []any{string(g)}, ids)
}

// among asks for a few ids at a time: always the same number, so that the statement is prepared once.
func among(ctx context.Context, q Querier, head string, args []any, ids []directory.UserID) (map[directory.UserID]bool, error) {
	const batch = 20
	found := make(map[directory.UserID]bool, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), batch)
		all := append([]any{}, args...)
		for i := range batch {
			all = append(all, string(ids[min(i, n-1)]))
		}
		some, err := collect(ctx, q, func(rows *sql.Rows) (id directory.UserID, err error) {
			return id, rows.Scan(&id)
		}, head+list(len(args)+1, batch), all...)
		if err != nil {
			return nil, unavailable("read users", err)
		}
		for _, id := range some {
			found[id] = true
		}
		ids = ids[n:]
	}
	return found, nil
}

// list is ($3, $4, $5) for three parameters from the third on.
func list(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i))
	}
	return "(" + b.String() + ")"
}
