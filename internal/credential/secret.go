package credential

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// redacted stands wherever a secret would have been printed.
const redacted = "[secret]"

// A Secret is text that will not print: not by fmt with any verb, not by slog, not as JSON or text, not as a field of
// something printed. Only [Secret.Reveal] gives it. The zero Secret is empty.
type Secret struct {
	// A pointer, because fmt follows unexported fields of a struct without asking its methods.
	text *string
}

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal is the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares two secrets in a time that depends on their lengths only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String gives no secret.
func (s Secret) String() string { return redacted }

// GoString gives no secret.
func (s Secret) GoString() string { return redacted }

// Format gives no secret, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue gives no secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON gives no secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText gives no secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
