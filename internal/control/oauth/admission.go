package oauth

import (
	"latchkey/internal/control"
	"latchkey/internal/fault"
)

// maxStartURL is the largest URL that is searched for the name of an account, in bytes.
const maxStartURL = 1024

// checkRegistration refuses a client that nobody could sign in for, a source that registers client after client, and
// texts longer than the server looks at.
func (e *Exchange) checkRegistration(call *control.Call, in Registration) error {
	if len(in.StartURL) > maxStartURL || len(in.Application) > maxStartURL {
		return fault.Refuse(fault.Invalid, fault.OAuthClient, fault.ParameterTooLong,
			"issuerUrl and entitledApplicationArn have at most %d bytes", maxStartURL)
	}
	if !call.Snapshot.AnySignIn() {
		return fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.SignInNotConfigured,
			"nobody has said how people sign in here: latchkey directory setup does")
	}
	if _, ok := e.registrations.reserve(network(call.Facts.SourceIP), call.Facts.Time, forRegistrations); !ok {
		return fault.Refuse(fault.Throttled, fault.SignIn, fault.TooManyRequests,
			"too many clients register from this address")
	}
	return nil
}
