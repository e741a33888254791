package grants

import "latchkey/internal/fault"

// Check is one thing that must hold before a credential is vended, and whether it does.
type Check struct {
	Name   string
	Passed bool
	Text   string       // what was found
	Reason fault.Reason // why it did not pass; empty if it did
}

// failure is why a check does not hold. A failure that can meet the caller of GetDataAccess has a fault, which the
// caller is told; the others are told to administrators only.
type failure struct {
	reason fault.Reason
	text   string
	fault  error
}

// skipped is the failure of a check that does not concern the subject. It is no failure.
var skipped = &failure{}

// failed is a failure with the fault that the caller is told.
func failed(r fault.Reason, err error) *failure {
	return &failure{reason: r, text: fault.Of(err).Message(), fault: err}
}

// ended is the failure of something behind a session: see caller.DelegationStands.
func ended(err error) *failure {
	f := fault.Of(err)
	return &failure{reason: f.Reason, text: f.Text.String()}
}

// String is the reason and the text, as WhoCan and WhatCan tell it.
func (f *failure) String() string { return f.reason.Before(f.text) }
