// Package fault gives every failure a kind, an entity, a text that a client may see, and a private cause. A failure
// that somebody may look for in the audit log has a reason, too.
//
// The package owns the vocabulary of failure and nothing else. Package awserror alone decides which HTTP status or AWS
// code a fault becomes. Match a fault by kind, entity and reason, never by its text.
package fault

import (
	"errors"
	"fmt"
)

// Kind says in which way something failed. The zero Kind is Internal. So a failure whose kind was forgotten never looks
// like a client's mistake and never shows its cause.
type Kind uint8

// The kinds of failure.
const (
	Internal        Kind = iota // our own failure; the client sees no detail
	Invalid                     // the request breaks a rule: a value, a combination, a missing member
	Malformed                   // the request cannot be parsed at all
	Unauthenticated             // who is calling could not be established
	Denied                      // the caller is known and may not do this
	NotFound                    // the entity does not exist
	AlreadyExists               // the entity exists already
	InUse                       // the entity still has something that depends on it
	Conflict                    // the entity is in a state that does not admit the request
	LimitExceeded               // a quota would be exceeded
	TooLarge                    // the request or a part of it is larger than allowed
	Expired                     // a credential, a signature or a token has expired
	Precondition                // a condition that the client stated does not hold
	NotModified                 // a condition that the client stated says that nothing changed
	Range                       // a range that cannot be satisfied
	Unsupported                 // the server knows the feature, but does not serve it
	Incomplete                  // the body ended before its announced length, or a timeout hit it
	Unavailable                 // the server cannot decide now: stale index, database not reachable
	Throttled                   // the client must slow down
)

var kindNames = [...]string{
	"internal", "invalid", "malformed", "unauthenticated", "denied", "not found", "already exists", "in use",
	"conflict", "limit exceeded", "too large", "expired", "precondition failed", "not modified", "range",
	"unsupported", "incomplete", "unavailable", "throttled",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", k)
}

// Error is a failure. The client may see its Message as it is, but not its cause.
type Error struct {
	Kind       Kind
	Entity     Entity
	Reason     Reason            // which check refused; empty: kind and entity say everything
	Text       Text              // prose for the client, worded as AWS words it; empty: the table's own text
	Fields     map[string]string // further members of the error body, such as Resource or BucketName
	tellReason bool              // whether the client is told the reason, too

	Foreign *Foreign // how an upstream worded it; nil: it is our own failure

	cause error
}

// New makes a failure with a text that the client may see. A text of more than MaxText bytes is clipped.
func New(k Kind, n Entity, format string, args ...any) *Error {
	return &Error{Kind: k, Entity: n, Text: Textf(format, args...)}
}

// Refuse makes a failure whose reason the client is told in front of the text.
func Refuse(k Kind, n Entity, r Reason, format string, args ...any) *Error {
	e := New(k, n, format, args...)
	e.Reason, e.tellReason = r, true
	return e
}

// For returns a copy of e with a reason that only records and logs show.
func (e *Error) For(r Reason) *Error {
	c := *e
	c.Reason, c.tellReason = r, false
	return &c
}

// About returns a copy of e that is about another entity. Its code may therefore be another one.
func (e *Error) About(n Entity) *Error {
	c := *e
	c.Entity = n
	return &c
}

// Message is what the client reads: the text, with the reason in front of it if the client is told the reason. It is
// empty if the text is empty.
func (e *Error) Message() string {
	if e.tellReason && e.Text != (Text{}) {
		return e.Reason.Before(e.Text.String())
	}
	return e.Text.String()
}

// Because returns a copy of e with a private cause. The cause reaches the log, but never the client.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// With returns a copy of e with one more field for the error body. A value of more than MaxField bytes is clipped.
func (e *Error) With(field, value string) *Error {
	c := *e
	c.Fields = make(map[string]string, len(e.Fields)+1)
	for k, v := range e.Fields {
		c.Fields[k] = v
	}
	c.Fields[field] = Clip(value, MaxField)
	return &c
}

// Error is the text for logs: kind, entity, reason, text and the private cause.
func (e *Error) Error() string {
	s := e.Kind.String()
	if e.Entity != "" {
		s += " (" + string(e.Entity) + ")"
	}
	if e.Reason != "" {
		s += ": " + string(e.Reason)
	}
	if e.Text != (Text{}) {
		s += ": " + e.Text.String()
	}
	if f := e.Foreign; f != nil {
		s += fmt.Sprintf(" (the store: %d %q %q, request %q)", f.Status, f.Code, f.Message, f.RequestID)
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.cause }

// Of finds the fault in err's chain. An error that is not a fault becomes an Internal fault with err as its cause.
// Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, cause: err}
}

// KindOf returns the kind of err. It is Internal for an error that is not a fault, and for nil: call it only with an
// error.
func KindOf(err error) Kind {
	if e := Of(err); e != nil {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of this kind and entity.
func Is(err error, k Kind, n Entity) bool {
	e := Of(err)
	return e != nil && e.Kind == k && e.Entity == n
}
