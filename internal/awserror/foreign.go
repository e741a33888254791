package awserror

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/fault"
)

// Bounds of what our answer repeats from a store's answer.
const (
	maxForeignCode    = 64   // bytes
	maxForeignMessage = 1024 // bytes
	maxForeignID      = 128  // bytes
)

// foreignIDField is the member of an error's body that has the request id that the store gave.
const foreignIDField = "UpstreamRequestId"

// withForeign replaces the table's code, status and text by those of a store. It is for S3's dialect only: other
// services have no store behind them.
//
// The table's own words stay for a failure of ours and for a refusal of the caller. When a store refuses, it speaks
// about our credentials, and a client that read this would discard its own. They also stay when the store's code or
// status cannot be that of an S3 error.
func (e Error) withForeign(f *fault.Error) Error {
	s := f.Foreign
	if s == nil || !isCode(s.Code) || !isStatus(s.Status) {
		return e
	}
	switch f.Kind {
	case fault.Internal, fault.Unauthenticated, fault.Denied:
		return e
	}
	e.Code, e.Status = s.Code, s.Status
	if text := clipped(s.Message, maxForeignMessage); text != "" {
		e.Message, e.Text = text, text
	}
	if id := clipped(s.RequestID, maxForeignID); id != "" {
		fields := make(map[string]string, len(e.Fields)+1)
		for k, v := range e.Fields {
			fields[k] = v
		}
		fields[foreignIDField] = id
		e.Fields = fields
	}
	return e
}

// isCode reports whether a text looks like an error code: letters, digits, and dots between them.
func isCode(s string) bool {
	if s == "" || len(s) > maxForeignCode {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '.')) {
			return false
		}
	}
	return true
}

// isStatus reports whether an HTTP status is that of a failure. A store must not turn a failure into a success or a
// redirection.
func isStatus(n int) bool { return n >= 400 && n <= 599 }

// clipped returns the text without control characters, at most max bytes long.
func clipped(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s[:min(len(s), max)])
	return strings.TrimSpace(s)
}
