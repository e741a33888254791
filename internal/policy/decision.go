package policy

import (
	"fmt"
	"strings"
)

// Effect says how a decision came about. The zero Effect is ImplicitDeny.
type Effect uint8

// The effects.
const (
	ImplicitDeny Effect = iota // no statement allows the request
	ExplicitDeny               // a statement denies the request, or may do so: the evaluation was stopped
	Allow                      // a statement allows the request, or the caller is a root user
)

func (e Effect) String() string {
	return [...]string{"implicit deny", "explicit deny", "allow"}[min(e, Allow)]
}

// Layer is one of the sets of policies that a decision takes into account.
type Layer uint8

// The layers.
const (
	LayerNone Layer = iota
	LayerIdentity
	LayerBoundary
	LayerSession
	LayerGuard
	LayerResource
	LayerTrust
)

func (l Layer) String() string {
	return [...]string{"none", "identity", "boundary", "session", "guard", "resource", "trust"}[min(l, LayerTrust)]
}

// entity is AWS's name for a policy of this layer. On AWS a guard is a policy that STS adds to the session.
func (l Layer) entity() string {
	return [...]string{
		"policy", "identity-based policy", "permissions boundary", "session policy", "session policy",
		"resource-based policy", "role trust policy",
	}[min(l, LayerTrust)]
}

// Decision is the answer to a request, and the reason for it. The zero Decision denies.
type Decision struct {
	Allowed bool
	Effect  Effect

	// The statement that allowed or denied. Statement counts from 1. It is 0 when no statement decided: for an implicit
	// deny, and for the root user.
	Layer     Layer
	Index     int    // of the document in its list of Policies
	Document  string // its name
	Statement int
	Sid       string

	// UnknownKey is set when the statement denies because of a condition key that AWS does not document, as written.
	UnknownKey string

	Missing Layer // of an implicit deny: the first layer that should have allowed
	Limit   Layer // the boundary or session layer that does not allow the request, or a layer that cannot be read
	Stopped Stop  // of an explicit deny: why the evaluation did not come to an end; no statement decided then

	action string
}

func (d Decision) allow(h hit) Decision {
	d.Allowed, d.Effect = true, Allow
	d.at(h)
	return d
}

func (d *Decision) deny(h hit) {
	d.Effect, d.UnknownKey = ExplicitDeny, h.unknown
	d.at(h)
}

// halt denies because the evaluation was stopped. It counts as an explicit deny, because a Deny may not have been
// reached.
func (d Decision) halt(why Stop) Decision {
	d.Effect, d.Stopped = ExplicitDeny, why
	return d
}

func (d *Decision) at(h hit) {
	d.Layer, d.Index, d.Document, d.Statement, d.Sid = h.layer, h.document, h.name, h.statement, h.sid
}

// LeavesOpen reports whether nothing in the policies stands against the request: none of them denies it, all could be
// read, and boundary and session policies allow it. What may be missing is only a policy that gives the right.
func (d Decision) LeavesOpen() bool {
	if d.Stopped != NotStopped || d.Limit != LayerNone {
		return false
	}
	return d.Allowed || d.Effect == ImplicitDeny && (d.Missing == LayerIdentity || d.Missing == LayerResource)
}

// NoSessionPolicy is the decision about an action that a session is kept from by what it is, before any policy is
// asked.
func NoSessionPolicy(action string) Decision { return Decision{Missing: LayerSession, action: action} }

// Because is the end of AWS's sentence "User: ... is not authorized to perform: ... on resource: ...". Examples are
// "because no identity-based policy allows the s3:GetDataAccess action" and "with an explicit deny in a
// resource-based policy". It names the kind of the policy, never the policy itself, because the caller sees it. It is
// empty when the request is allowed.
func (d Decision) Because() string {
	switch {
	case d.Allowed:
		return ""
	case d.Stopped != NotStopped:
		return d.Stopped.because()
	case d.Effect == ExplicitDeny && d.Layer == LayerTrust:
		return "with an explicit deny in the role trust policy"
	case d.Effect == ExplicitDeny && d.Layer == LayerIdentity:
		return "with an explicit deny in an identity-based policy"
	case d.Effect == ExplicitDeny:
		return "with an explicit deny in a " + d.Layer.entity()
	}
	return fmt.Sprintf("because no %s allows the %s action", d.Missing.entity(), d.action)
}

// Explain gives the whole decision for administrators and logs: effect, layer, document and statement.
func (d Decision) Explain() string {
	if d.Effect == ImplicitDeny || d.Stopped != NotStopped {
		return d.Effect.String() + " " + d.Because()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s by %s layer", d.Effect, d.Layer)
	if d.Statement == 0 {
		return b.String() + ": root user"
	}
	fmt.Fprintf(&b, ": statement %d", d.Statement)
	if d.Sid != "" {
		fmt.Fprintf(&b, " (%s)", d.Sid)
	}
	if d.Document != "" {
		fmt.Fprintf(&b, " of %s", d.Document)
	} else {
		fmt.Fprintf(&b, " of document %d", d.Index+1)
	}
	if d.UnknownKey != "" {
		fmt.Fprintf(&b, ": AWS documents no condition key %s, so the Deny holds", clip(d.UnknownKey))
	}
	return b.String()
}
