package oauth

import (
	"fmt"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/fault"
)

// Refuse words a refusal: the code that says which check refused, and a text. The record gets the code too.
func Refuse(call *control.Call, k fault.Kind, n fault.Entity, code, format string, args ...any) *fault.Error {
	call.Event.Added().Reason = code
	return fault.New(k, n, "%s: %s", code, fmt.Sprintf(format, args...))
}

// PassOn is a denial of the leash, which has its code already.
func PassOn(call *control.Call, err error) error {
	f := fault.Of(err)
	if f.Kind != fault.Denied {
		return err
	}
	call.Event.Added().Reason, _, _ = strings.Cut(f.Text, ":")
	return fault.New(fault.Denied, "", "%s", f.Text)
}

// missing is the refusal of a request without a parameter that its grant type needs.
func missing(call *control.Call, name string) error {
	return Refuse(call, fault.Invalid, fault.Member, "parameter_missing", "%s is required for this grant type", name)
}
