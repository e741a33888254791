package credential

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"latchkey/internal/fault"
)

// Delegation says on whose behalf somebody acts, and through what he came to. The zero Delegation is none. It is
// no right by itself: whether the person, the application and the issuer still stand is asked at each use.
type Delegation struct {
	IdentityStoreID        string
	UserID                 string // the directory user
	ApplicationARN         string // of Identity Center: that acts for the user
	CredentialID           string // random; names one exchange in every record of what came of it
	IdentityCenterInstance string // ARN
	OriginARN              string // of the application through which the user was first admitted, if it is another
	IssuerARN              string // of the trusted token issuer that said who the user is; empty: none did
	Scopes                 string // what it is good for, apart by spaces
}

// IsZero reports that nobody acts on anybody's behalf.
func (d Delegation) IsZero() bool { return d == Delegation{} }

// HasScope reports whether the delegation is good for a scope.
func (d *Delegation) HasScope(name string) bool {
	return slices.Contains(strings.Fields(d.Scopes), name)
}

// Use is what a sealed delegation may be presented for. One that was sealed for another use does not open.
type Use string

// The uses.
const (
	AccessToken     Use = "access token"     // of Identity Center, for a token exchange
	RefreshToken    Use = "refresh token"    // for new tokens
	IdentityContext Use = "identity context" // at AssumeRole: the session acts for the user
	AuditContext    Use = "audit context"    // at AssumeRole: only records name the user
)

// SealedDelegation is a delegation with its life.
type SealedDelegation struct {
	Delegation
	SignedIn time.Time // when the issuer vouched for the user
	Expires  time.Time // UTC, whole seconds
}

// ErrExpired says that a delegation was sealed here for this use and is past its life.
var ErrExpired = fault.New(fault.Expired, fault.IdentityToken, "The token has expired.")

// SealDelegation makes an opaque token of base64url characters, of 2048 at most for what our own ARNs and ids can
// be.
func (r *Ring) SealDelegation(u Use, d SealedDelegation) (Secret, error) {
	if d.UserID == "" || d.ApplicationARN == "" || d.IdentityCenterInstance == "" || d.Expires.IsZero() {
		return Secret{}, errors.New("a delegation without a user, an application, an instance or an end")
	}
	body, err := json.Marshal(d)
	if err != nil {
		return Secret{}, err
	}
	return NewSecret(base64.RawURLEncoding.EncodeToString(r.Seal("delegation: "+string(u), body))), nil
}

// OpenDelegation opens what SealDelegation made for this very use. It fails with [ErrSealed] for anything else, and
// with [ErrExpired], and the delegation, when it is too late.
func (r *Ring) OpenDelegation(u Use, token Secret, now time.Time) (SealedDelegation, error) {
	text := token.Reveal()
	if len(text) > MaxToken || strings.ContainsAny(text, "\r\n") {
		return SealedDelegation{}, ErrSealed
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return SealedDelegation{}, ErrSealed
	}
	body, err := r.Unseal("delegation: "+string(u), sealed)
	if err != nil {
		return SealedDelegation{}, err
	}
	var d SealedDelegation
	if err := json.Unmarshal(body, &d); err != nil {
		return SealedDelegation{}, ErrSealed
	}
	if !now.Before(d.Expires) {
		return d, ErrExpired
	}
	return d, nil
}
