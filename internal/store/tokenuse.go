package store

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// KindTokenUse is a foreign token that was exchanged and must not be again.
const KindTokenUse Kind = "token-use"

// TokenUse says that a foreign token was exchanged, or a code of ours redeemed.
type TokenUse struct {
	ID      string           // digest of whose token and which one it was
	Account access.AccountID `json:",omitempty"` // of a code: whose it was
	Expires time.Time        // from then on the token holds no more by itself, and the row may go
}

// TokenUses: id is TokenUse.ID. Rows are only inserted and deleted.
var TokenUses = Table[TokenUse]{
	Kind: KindTokenUse, Entity: fault.IdentityToken,
	Key: func(u *TokenUse) Key { return Key{ID: u.ID} },
}

// ExpiredTokenUses are the ids of those that expired before now. It goes through all.
func ExpiredTokenUses(ctx context.Context, q Querier, now time.Time) (ids []string, err error) {
	for u, err := range TokenUses.All(ctx, q) {
		if err != nil {
			return nil, err
		}
		if u.Expires.Before(now) {
			ids = append(ids, u.ID)
		}
	}
	return ids, nil
}

// DeleteTokenUses deletes those that are still there.
func DeleteTokenUses(tx *Tx, ids []string) error {
	for _, id := range ids {
		if err := TokenUses.Delete(tx, id); err != nil && !fault.Is(err, fault.NotFound, fault.IdentityToken) {
			return err
		}
	}
	return nil
}
