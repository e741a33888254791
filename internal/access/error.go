package access

import "fmt"

// Problem says what is wrong with a refused input. A caller chooses the error code of its answer by the Problem,
// without looking at the text.
type Problem uint8

// The problems.
const (
	BadRequest     Problem = iota // anything without a Problem of its own
	BadAccount                    // an account id
	BadBucket                     // a bucket name
	BadScope                      // a scope that cannot be a target
	BadTarget                     // the target of a request for data
	BadLocation                   // the scope or the role of a location
	BadGrant                      // a grant that may not exist
	BadGrantee                    // a grantee that may not be granted anything
	BadPermission                 // READ, WRITE and READWRITE are all there is
	BadPrivilege                  // Default and Minimal are all there is
	BadApplication                // an application ARN
	BadTag                        // a tag key or value, or the same key twice (InvalidTag)
	ReservedTag                   // a tag key that begins with aws: (InvalidTags)
	TooManyTags                   // more than MaxTags (TooManyTags)
	BadARN                        // a resource ARN
	BadID                         // a grant id
)

// Error is the refusal of an input. Its text is meant for the client that sent the input.
type Error struct {
	Problem Problem
	Text    string
}

// Error is the text for the client.
func (e *Error) Error() string { return e.Text }

func refuse(p Problem, format string, args ...any) error {
	return &Error{Problem: p, Text: fmt.Sprintf(format, args...)}
}
