package store

import (
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
	Expires time.Time        // from then on the token holds no more by itself
}

// clockSkew is how far apart the clocks of nodes may be: a node whose clock is ahead must not remove what keeps a token
// from being used twice on the others.
const clockSkew = time.Hour

// TokenUses: id is TokenUse.ID. Rows are only inserted and deleted.
var TokenUses = Table[TokenUse]{
	Kind: KindTokenUse, Entity: fault.IdentityToken,
	Key:      func(u *TokenUse) Key { return Key{ID: u.ID} },
	Obsolete: func(u *TokenUse) time.Time { return u.Expires.Add(clockSkew) },
}
