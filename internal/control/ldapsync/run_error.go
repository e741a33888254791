package ldapsync

import (
	"errors"

	"latchkey/internal/fault"
)

// readError is the error of reading a server.
type readError struct {
	source string
	err    error
}

func (e *readError) Error() string { return "read directory source " + e.source + ": " + e.err.Error() }

// Unwrap returns the reader's own error.
func (e *readError) Unwrap() error { return e.err }

// clientError makes the error that tells the client why a server could not be read. The person who may run a source is
// the one who has to correct that.
func clientError(err error) error {
	if e, ok := errors.AsType[*readError](err); ok {
		return fault.New(fault.Unavailable, fault.Source, "%s", e.Error()).Because(e.err)
	}
	return err
}

func clientText(err error) string {
	if f := fault.Of(err); f != nil && f.Text != (fault.Text{}) {
		return f.Message()
	}
	return "The synchronisation failed"
}
