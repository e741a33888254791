package policy

import "errors"

// ElementError is a mistake in one value of an Action, Resource or Principal element. Its text is IAM's.
type ElementError struct {
	Element string // Action, Resource, Principal
	Value   string // as written
	err     error
}

func (e *ElementError) Error() string { return e.err.Error() }

// Unwrap is the mistake itself.
func (e *ElementError) Unwrap() error { return e.err }

// SentenceOfS3 words an error of Parse, CheckBucket or CheckAccessGrants as S3 does. S3 has one sentence for each kind
// of mistake, and says in a second field what it is about. ok is false for an error that S3 words as IAM does.
func SentenceOfS3(err error) (sentence, detail string, ok bool) {
	if e, is := errors.AsType[*Invalid](err); is {
		return e.Sentence, e.Detail, true
	}
	e, is := errors.AsType[*ElementError](err)
	if !is {
		return "", "", false
	}
	return map[string]string{
		"Action": InvalidAction, "Resource": InvalidResource, "Principal": InvalidPrincipal,
	}[e.Element], clip(e.Value), true
}
