package oauth

import "latchkey/internal/fault"

// passOn is a denial by the leash as this service words it: it has the leash's reason, and is about no entity, so that
// clients get the code of a plain denial. Any other error stays as it is.
func passOn(err error) error {
	if f := fault.Of(err); f.Kind == fault.Denied {
		return f.About("")
	}
	return err
}

// missing is the refusal of a request without a parameter that its grant type needs.
func missing(name string) error {
	return fault.Refuse(fault.Invalid, fault.Member, fault.ParameterMissing, "%s is required for this grant type", name)
}
