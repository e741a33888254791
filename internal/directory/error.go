package directory

import "fmt"

// Error says which attribute breaks which rule.
type Error struct {
	Attribute string // its attribute path, such as name.givenName
	Rule      string
}

// Error is the text for a client. It has the form in which AWS refuses a value without repeating it.
func (e *Error) Error() string {
	return fmt.Sprintf("1 validation error detected: Value at '%s' failed to satisfy constraint: %s", e.Attribute, e.Rule)
}

func broken(attribute, format string, args ...any) error {
	return &Error{Attribute: attribute, Rule: fmt.Sprintf(format, args...)}
}
