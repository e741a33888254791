// Package budget bounds what one request may make the server read, keep and build. A Budget is handed to whoever reads
// a body and to whoever decodes it, before the first byte is read. So a bound stands before the work that it bounds.
//
// The package owns the bounds and how they are counted. It does not know what a client is told when a bound is
// exceeded, and it reads no request by itself.
package budget

import (
	"errors"
	"time"
)

// Budget is what the body of one request may cost. The zero Budget allows nothing.
type Budget struct {
	Bytes    int64         // the longest body
	Elements int           // values, elements and fields that a decoder may build
	Depth    int           // how deeply they may be nested
	Time     time.Duration // how long the whole body may take to come, from the first read on; zero: no such bound
}

// The errors of what costs more than its budget.
var (
	ErrElements = errors.New("too many elements")
	ErrDepth    = errors.New("nested too deeply")
	ErrTag      = errors.New("a tag is too long")
)

// Meter counts what one decoding has cost. A decoder asks it before it builds a value.
type Meter struct {
	budget   Budget
	elements int
	depth    int
}

// Meter begins to count.
func (b Budget) Meter() *Meter { return &Meter{budget: b} }

// Element counts one value. It fails for the first one that exceeds the budget.
func (m *Meter) Element() error {
	if m.elements >= m.budget.Elements {
		return ErrElements
	}
	m.elements++
	return nil
}

// Enter counts one level of nesting, until Leave.
func (m *Meter) Enter() error {
	if m.depth >= m.budget.Depth {
		return ErrDepth
	}
	m.depth++
	return nil
}

// Leave ends the level that the last Enter began.
func (m *Meter) Leave() { m.depth-- }

// Elements is the number of values that were counted so far.
func (m *Meter) Elements() int { return m.elements }
