package gateway

import (
	"cmp"
	"maps"
	"slices"

	"latchkey/internal/awsapi/s3"
)

// Description is what docs/s3.md says of an operation that is served.
type Description struct {
	Name      string
	Actions   []string // "action", or "action: when"
	Answerer  string
	ReadOnly  bool
	Audit     string
	Vended    string // whether vended credentials reach it: "yes", within their scope and permission, or "no"
	BodyLimit int64  // of a buffered body, in bytes; 0: the body is a stream
}

// Refusal says why some operations are not meant to be served.
type Refusal struct {
	Reason     string
	Operations []string
}

// Served describes the operations that are served, in the order of their names.
func Served() []Description {
	var all []Description
	for _, op := range s3.Service.Operations {
		if o := operations[op]; o != nil {
			all = append(all, o.describe())
		}
	}
	slices.SortFunc(all, func(a, b Description) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Refused lists S3's operations that are not meant to be served, in the order of the reasons.
func Refused() []Refusal {
	var all []Refusal
	for _, reason := range slices.Sorted(maps.Keys(refusedByPolicy)) {
		all = append(all, Refusal{reason, slices.Sorted(slices.Values(refusedByPolicy[reason]))})
	}
	return all
}

// NotImplemented lists S3's other operations that are not served.
func NotImplemented() []string { return slices.Sorted(slices.Values(notImplemented)) }

func (o *operation) describe() Description {
	d := Description{Name: o.Name, ReadOnly: o.readOnly, Answerer: o.answerer.String(), Audit: o.plane.audit(),
		Vended: o.reach.String()}
	for _, r := range o.actions {
		if r.when == "" {
			d.Actions = append(d.Actions, r.name)
		} else {
			d.Actions = append(d.Actions, r.name+": "+r.when)
		}
	}
	if !o.Streams() {
		d.BodyLimit = o.budget.Bytes
	}
	return d
}

func (a answerer) String() string {
	switch a {
	case byUpstream:
		return "the store"
	case byRegistry:
		return "Latchkey"
	case byBoth:
		return "both"
	}
	return ""
}

// audit is how audit records speak of an operation (CloudTrail's categories of events).
func (p plane) audit() string {
	switch p {
	case data:
		return "data"
	case administration:
		return "management"
	}
	return ""
}
