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

// Delegation says on whose behalf a session or token acts, and through which application and issuer. The zero
// Delegation means that it acts for nobody. A Delegation gives no right by itself: at each use the caller of this
// package checks that the person, the application and the issuer still exist and are enabled.
type Delegation struct {
	IdentityStoreID        string
	UserID                 string // the directory user
	ApplicationARN         string // the Identity Center application that acts for the user
	CredentialID           string // random; every record that results from one exchange names it
	IdentityCenterInstance string // ARN
	OriginARN              string // the application through which the user was first admitted, if it is another one
	IssuerARN              string // the trusted token issuer that named the user; empty: none
	Scopes                 string // OAuth scopes, separated by spaces
}

// IsZero reports whether d is the zero Delegation, which acts for nobody.
func (d Delegation) IsZero() bool { return d == Delegation{} }

// HasScope reports whether the delegation has an OAuth scope.
func (d *Delegation) HasScope(name string) bool {
	return slices.Contains(strings.Fields(d.Scopes), name)
}

// Use is what a sealed delegation may be presented for. A delegation that was sealed for another use does not open.
type Use string

// The uses.
const (
	AccessToken     Use = "access token"     // of Identity Center, for a token exchange
	RefreshToken    Use = "refresh token"    // for new tokens
	IdentityContext Use = "identity context" // at AssumeRole: the session acts for the user
	AuditContext    Use = "audit context"    // at AssumeRole: only the audit records name the user
)

// SealedDelegation is a delegation with its lifetime.
type SealedDelegation struct {
	Delegation
	SignedIn time.Time // when the issuer vouched for the user
	Expires  time.Time // UTC, whole seconds
}

// ErrExpired says that a delegation was sealed by this ring for this use, and has expired.
var ErrExpired = fault.New(fault.Expired, fault.IdentityToken, "The token has expired.")

// SealDelegation makes an opaque token of base64url characters. With the longest ARNs and ids that this program
// makes, the token has at most 2048 characters.
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

// OpenDelegation opens a token that SealDelegation made for the same use. It fails with [ErrSealed] for any other
// token. If the delegation has expired, it returns the delegation together with [ErrExpired].
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
