package oauth

import "latchkey/internal/fault"

// asPlainDenial turns a denial by the leash into this service's own denial. It keeps the leash's reason, and it names
// no entity, so that clients get the code of a plain denial. Any other error stays as it is.
func asPlainDenial(err error) error {
	if f := fault.Of(err); f.Kind == fault.Denied {
		return f.About("")
	}
	return err
}

// missing returns the error for a request without a parameter that its grant type needs.
func missing(name string) error {
	return fault.Refuse(fault.Invalid, fault.Member, fault.ParameterMissing, "%s is required for this grant type", name)
}
