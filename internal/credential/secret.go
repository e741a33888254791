package credential

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// redacted is printed in place of every secret.
const redacted = "[secret]"

// A Secret is text that does not print: not by fmt with any verb, not by slog, not as JSON or text, and not as a
// field of a value that is printed. Only [Secret.Reveal] returns the text. The zero Secret is empty.
type Secret struct {
	// text is a pointer, because fmt prints the unexported fields of a struct without calling their methods.
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

// Equal compares two secrets in a time that depends only on their lengths.
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
