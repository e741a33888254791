package store

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// KindTokenUse is the kind of the row that keeps a foreign token from being exchanged twice.
const KindTokenUse Kind = "token-use"

// TokenUse records that a foreign token was exchanged, or that a code of ours was redeemed.
type TokenUse struct {
	ID      string           // digest that identifies the token or the code
	Account access.AccountID `json:",omitempty"` // of a code: whose it was
	Expires time.Time        // when the token itself expires
	SignIn  string           `json:",omitempty"` // of a code: id of the sign-in that it brought
}

// clockSkew is how far the clocks of two nodes may differ. A node whose clock is ahead must not remove a row while
// another node still accepts the token.
const clockSkew = time.Hour

// TokenUses: id is TokenUse.ID. Rows are only inserted and deleted.
var TokenUses = Table[TokenUse]{
	Kind: KindTokenUse, Entity: fault.IdentityToken,
	Key:      func(u *TokenUse) Key { return Key{ID: u.ID} },
	Obsolete: func(u *TokenUse) time.Time { return u.Expires.Add(clockSkew) },
}
