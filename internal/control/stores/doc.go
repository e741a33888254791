// Package stores is the stores behind the server as its operator sees them: what state they are in, what others changed
// in them, whether they work as S3 does, and whether clients can pass by the server.
//
// It changes nothing in a store but an object of its own, in a bucket that the operator names, and decides nothing
// about data. Package upstreams reaches the stores, control/buckets knows whose the buckets are.
package stores

import (
	"log/slog"
	"time"

	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/upstreams"
)

// Stores serves the operator. Control, Buckets and Log must be set.
type Stores struct {
	Control   *control.Control
	Buckets   *buckets.Buckets
	Upstreams *upstreams.Set // nil: the server's own store is the only one
	Log       *slog.Logger
	Started   time.Time // since when the server's own store answers

	// Changed is told of each change that others made in a store; nil: it is dropped.
	Changed func(upstream string)
}

// Outcome says how a check went. What was skipped has not passed.
type Outcome string

// The outcomes of a check.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // it could not be tried; the text says why
	Found   Outcome = "found"   // it is a fact about the store, neither good nor bad
	Open    Outcome = "open"    // clients can pass by the server
	Unknown Outcome = "unknown" // it cannot be known from here
)

// Check is one thing that was tried on a store.
type Check struct {
	Name    string
	Bucket  string // empty: the store itself
	Outcome Outcome
	Text    string
	Took    int64 // milliseconds
}
