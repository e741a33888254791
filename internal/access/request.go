package access

import "strings"

// Request asks for access to data.
type Request struct {
	Account     AccountID // whose instance answers: the account that owns the data
	Region      string
	Identities  []Identity // every identity of the caller, in any order
	Application string     // the ARN of the application that the caller came through; empty: none
	Target      Scope
	Permission  Permission
	Privilege   Privilege
	Object      bool // targetType=Object
}

// Check refuses requests that make no sense. The text of the error is for the client. Decide denies such a request.
func (r Request) Check() error {
	if r.Target.IsZero() {
		return refuse(BadTarget, "Target must not be empty")
	}
	if !r.Permission.Valid() {
		return refuse(BadPermission, "Permission must be one of READ, WRITE, READWRITE")
	}
	if r.Object && notAnObject(r.Target) {
		return refuse(BadTarget, "Target must be an object when TargetType is Object")
	}
	return nil
}

// notAnObject reports whether the scope cannot name one object.
func notAnObject(s Scope) bool { return s.wild || s.Key() == "" || strings.HasSuffix(s.text, "/") }

// DeniedText is the text of the error AccessDenied when no grant answers (API reference). It is the same for every
// reason, so that it discloses nothing about the grants of others.
func (r Request) DeniedText() string {
	return "You do not have " + r.Permission.String() + " permissions to the requested S3 Prefix: " + r.Target.String()
}

// Reason says why a decision was made. The zero Reason is NoGrant.
type Reason uint8

// The reasons, from the farthest to the closest miss.
const (
	NoGrant          Reason = iota // the caller has no grant here at all
	InvalidRequest                 // Request.Check refuses it
	NoScope                        // the caller has grants, but none covers the target
	NoPermission                   // a grant covers the target, but not the permission
	OtherApplication               // a grant would answer, through another application
	Granted
)

var reasonNames = [...]string{
	"no grant", "invalid request", "no grant covers the target", "no grant has the permission",
	"the grant is for another application", "granted",
}

// String is the reason in a few words, for people.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// Outcome says what became of one grant in a decision.
type Outcome uint8

// The outcomes, in the order in which the conditions on a grant are checked.
const (
	WrongGrantee     Outcome = iota // given to somebody else
	OutOfScope                      // does not contain the target
	WrongPermission                 // does not cover the permission
	WrongApplication                // for another application
	LessSpecific                    // answers, but a longer scope wins
	LostTie                         // answers with the scope of the winner, but ranks behind the winner
	Chosen                          // the winner
)

var outcomeNames = [...]string{
	"for another grantee", "does not contain the target", "does not cover the permission",
	"for another application", "a more specific grant wins", "an equally specific grant comes first", "chosen",
}

// String is the outcome in a few words, for people.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// Considered is a grant that a decision looked at, and what became of it.
type Considered struct {
	Grant   Grant
	Outcome Outcome
}

// Decision is the answer to a request. The zero Decision denies.
type Decision struct {
	OK         bool
	Grant      Grant      // the winner
	Scope      Scope      // what the credential covers: the winner's scope, or the target if Minimal
	Permission Permission // what the credential may do: what was asked for, never more
	Object     bool       // the credential is for one object: it gives no access to the bucket
	Reason     Reason
	Considered []Considered // Explain only
	Truncated  bool         // there were more grants to consider than the limit allowed
}

// Matched is MatchedGrantTarget: the credential's scope as text.
func (d Decision) Matched() string { return d.Scope.String() }

func newDecision(r *Request, g Grant) Decision {
	d := Decision{OK: true, Grant: g, Scope: g.Scope, Permission: r.Permission, Reason: Granted}
	if r.Privilege != Default {
		d.Scope = r.Target
	}
	d.Object = r.Object || !d.Scope.wild
	return d
}
