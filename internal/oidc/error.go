package oidc

import "fmt"

// Reason says why a token was refused. The texts are stable: clients and administrators match on them.
type Reason string

// The reasons.
const (
	TokenMalformed    Reason = "token_malformed"     // no JWT in compact form, or its JSON is not well formed
	TokenTooLarge     Reason = "token_too_large"     // longer than MaxToken
	AlgForbidden      Reason = "alg_forbidden"       // none, HS*, anything but RS*, PS*, ES* and EdDSA, or not the key's own
	TypeForbidden     Reason = "type_forbidden"      // the header says that it is no identity or access token
	IssuerUnknown     Reason = "issuer_unknown"      // no trusted issuer has this URL, or the token has none
	IssuerDisabled    Reason = "issuer_disabled"     // the issuer is known and switched off
	IssuerUnreachable Reason = "issuer_unreachable"  // discovery or key set could not be fetched
	IssuerInvalid     Reason = "issuer_invalid"      // discovery or key set is not what it must be
	AddressForbidden  Reason = "address_forbidden"   // the issuer leads to an address that may not be connected to
	KeyUnknown        Reason = "key_unknown"         // the issuer has no such key
	SignatureInvalid  Reason = "signature_invalid"   // the signature does not match
	ClaimMissing      Reason = "claim_missing"       // iss, sub, aud or exp
	ClaimInvalid      Reason = "claim_invalid"       // a claim is not of its type
	AudMismatch       Reason = "aud_mismatch"        // the token is for somebody else
	TokenExpired      Reason = "token_expired"       // exp is past
	TokenNotYetValid  Reason = "token_not_yet_valid" // nbf or iat lies in the future
)

// Error is a refused token. Text may be shown to whoever sent the token; it holds nothing of the token but
// its public claims' names. The cause may hold addresses and is for the log.
type Error struct {
	Reason Reason
	Text   string
	cause  error
}

// Error is the text for the log.
func (e *Error) Error() string {
	s := string(e.Reason) + ": " + e.Text
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the private cause.
func (e *Error) Unwrap() error { return e.cause }

func refuse(r Reason, format string, args ...any) *Error {
	return &Error{Reason: r, Text: fmt.Sprintf(format, args...)}
}

func (e *Error) because(cause error) *Error {
	e.cause = cause
	return e
}
