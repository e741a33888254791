package oidc

import (
	"fmt"

	"latchkey/internal/fault"
)

// Error is the refusal of a token. Whoever sent the token may see Text: it repeats nothing of the token except the
// names of registered claims. The cause may contain addresses and is for the log.
type Error struct {
	Reason fault.Reason // never empty
	Text   string
	cause  error
}

// Error is the text for the log.
func (e *Error) Error() string {
	s := e.Reason.Before(e.Text)
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the private cause.
func (e *Error) Unwrap() error { return e.cause }

func refuse(r fault.Reason, format string, args ...any) *Error {
	return &Error{Reason: r, Text: fmt.Sprintf(format, args...)}
}

func (e *Error) because(cause error) *Error {
	e.cause = cause
	return e
}
