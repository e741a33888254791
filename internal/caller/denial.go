package caller

import (
	"errors"
	"strconv"

	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// Denial is the sentence in which AWS says that an action is denied. The sentence is worded only here.
type Denial struct {
	User     string // ARN of the caller, or the name of a service
	Action   string // sts:AssumeRole
	Resource string // ARN, or *
	Quoted   bool   // put the resource in quotes, as S3 and Identity Center do
	Because  string // which kind of policy denied it, see policy.Decision; empty: the service does not say
}

// String is the sentence.
func (d Denial) String() string {
	resource := d.Resource
	if d.Quoted {
		resource = strconv.Quote(resource)
	}
	s := "User: " + d.User + " is not authorized to perform: " + d.Action + " on resource: " + resource
	if d.Because != "" {
		s += " " + d.Because
	}
	return s
}

// Reasoned adds to the refusal of a decision what only records and logs show: that a Deny holds because of a condition
// key that AWS does not document, or that no policy was evaluated to its end. Most refusals have no such reason and are
// returned as they are.
func Reasoned(d policy.Decision, refusal *fault.Error) *fault.Error {
	if stopped := StoppedReason(d); stopped != "" {
		return refusal.For(stopped)
	}
	if d.UnknownKey == "" {
		return refusal
	}
	return refusal.For(fault.ConditionKeyUnknown).Because(errors.New(d.Explain()))
}

// StoppedReason is why a decision denies although no policy was evaluated to its end. It is empty for a decision of the
// policies.
func StoppedReason(d policy.Decision) fault.Reason {
	switch d.Stopped {
	case policy.NotStopped:
		return ""
	case policy.ClientGone:
		return fault.ClientGone
	}
	return fault.PolicyTooCostly
}
