package credential

import (
	"encoding/base64"
	"encoding/binary"
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
	// SignInID names the sign-in of the person at this server. It is immutable, and never used twice. Empty: the person
	// did not sign in here, but an application presented a token of an external issuer.
	SignInID string `json:",omitempty"`
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

// SealedDelegation is a delegation with its lifetime, and with what it hangs on.
type SealedDelegation struct {
	Delegation
	SignedIn time.Time // when the issuer vouched for the user
	Issued   time.Time // when this token was made; zero in tokens of earlier releases
	Expires  time.Time // UTC, whole seconds

	Client string `json:",omitempty"` // id of the registered client to which the token was issued; empty: an application
	// of a refresh token: its number in the sign-in, which says whether it was used before
	Number int64 `json:",omitempty"`

	// Revision is the generation of all Grounds, see Session. It is zero only in tokens of earlier releases.
	Revision uint64
	Grounds  Grounds
	Actors   Actors // who asked for this token and for those before it
}

// ErrExpired says that a delegation was sealed by this ring for this use, and has expired.
var ErrExpired = fault.New(fault.Expired, fault.IdentityToken, "The token has expired.")

// MaxAssertion is the length in characters of the longest sealed delegation: AssumeRole takes no longer context
// assertion (STS API reference, ProvidedContext).
const MaxAssertion = 2048

// formDelegation begins the form of a sealed delegation. Earlier releases wrote JSON, which begins with a brace.
const formDelegation = 1

// SealDelegation makes an opaque token of base64url characters. A delegation that is too large for MaxAssertion is
// TooLarge/PackedPolicy.
func (r *Ring) SealDelegation(u Use, d SealedDelegation) (Secret, error) {
	if d.UserID == "" || d.ApplicationARN == "" || d.IdentityCenterInstance == "" || d.Expires.IsZero() {
		return Secret{}, errors.New("a delegation without a user, an application, an instance or an end")
	}
	if len(d.Grounds) > maxGrounds || d.Actors.tooLong() {
		return Secret{}, chainTooLong()
	}
	if err := errors.Join(d.Grounds.check(), d.Actors.check(d.Grounds)); err != nil {
		return Secret{}, err
	}
	body := d.encode()
	if base64.RawURLEncoding.EncodedLen(headSize+len(body)+tagSize) > MaxAssertion {
		body = compress(body)
	}
	text := base64.RawURLEncoding.EncodeToString(r.Seal("delegation: "+string(u), body))
	if len(text) > MaxAssertion {
		return Secret{}, fault.New(fault.TooLarge, fault.PackedPolicy,
			"The token would have %d characters, more than %d.", len(text), MaxAssertion)
	}
	return NewSecret(text), nil
}

func (d *Delegation) strings() [9]*string {
	return [...]*string{&d.IdentityStoreID, &d.UserID, &d.ApplicationARN, &d.CredentialID, &d.IdentityCenterInstance,
		&d.OriginARN, &d.IssuerARN, &d.Scopes, &d.SignInID}
}

func (d *SealedDelegation) encode() []byte {
	b := append(make([]byte, 0, 1024), formDelegation)
	for _, v := range d.Delegation.strings() {
		b = appendText(b, *v)
	}
	for _, at := range []time.Time{d.SignedIn, d.Issued, d.Expires} {
		b = binary.AppendUvarint(b, uint64(max(at.Unix(), 0)))
	}
	b = appendText(b, d.Client)
	b = binary.AppendUvarint(b, uint64(max(d.Number, 0)))
	b = binary.AppendUvarint(b, d.Revision)
	return d.Actors.append(d.Grounds.append(b), &Session{})
}

// decodeDelegation reads what encode wrote, or the JSON of an earlier release.
func decodeDelegation(body []byte) (d SealedDelegation, err error) {
	if len(body) > 0 && body[0] == '{' {
		err = json.Unmarshal(body, &d)
		d.Revision, d.Grounds, d.Actors = 0, nil, nil
		return d, err
	}
	if body, err = decompress(body); err != nil || len(body) == 0 || body[0] != formDelegation {
		return d, errForm
	}
	from := decoder{rest: string(body[1:])}
	for _, v := range d.Delegation.strings() {
		*v = from.text()
	}
	for _, at := range []*time.Time{&d.SignedIn, &d.Issued, &d.Expires} {
		*at = from.time()
	}
	d.Client, d.Number = from.text(), int64(from.uvarint())
	d.Revision = from.uvarint()
	d.Grounds = from.grounds()
	d.Actors = from.actors(&Session{})
	if from.bad || from.rest != "" || d.Grounds.check() != nil || d.Actors.check(d.Grounds) != nil {
		return SealedDelegation{}, errForm
	}
	return d, nil
}

// OpenDelegation opens a token that SealDelegation made for the same use. It fails with [ErrSealed] for any other
// token. If the delegation has expired, it returns the delegation together with [ErrExpired].
func (r *Ring) OpenDelegation(u Use, token Secret, now time.Time) (SealedDelegation, error) {
	text := token.Reveal()
	if len(text) > maxOpened || strings.ContainsAny(text, "\r\n") {
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
	d, err := decodeDelegation(body)
	if err != nil {
		return SealedDelegation{}, ErrSealed
	}
	if !now.Before(d.Expires) {
		return d, ErrExpired
	}
	return d, nil
}
