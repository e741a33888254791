package oidc

import (
	"fmt"

	"latchkey/internal/fault"
)

// Error is a refused token. Text may be shown to whoever sent the token; it holds nothing of the token but
// its public claims' names. The cause may hold addresses and is for the log.
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
