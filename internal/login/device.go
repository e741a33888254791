package login

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"
)

// DeviceCode is what a person has to enter at the provider, on any device with a browser (RFC 8628, 3.2).
type DeviceCode struct {
	URL      string // where
	Code     string // what
	Complete string // where, with the code in it; may be empty
}

// deviceFlow signs in a person who has no browser on this machine.
type deviceFlow struct {
	provider *Provider
	config   *oauth2.Config
	show     func(DeviceCode) error
	now      func() time.Time
}

// run waits until the person has signed in, the code has expired or ctx ends.
func (f *deviceFlow) run(ctx context.Context) (*tokens, error) {
	if f.provider.Device == "" {
		return nil, errors.New("the provider has no device flow: sign in with a browser on this machine")
	}
	ctx = withClient(ctx)
	d, err := f.config.DeviceAuth(ctx)
	if err != nil {
		return nil, providerError("ask for a device code", err)
	}
	if d.DeviceCode == "" || d.UserCode == "" {
		return nil, errors.New("ask for a device code: the provider's answer has none")
	}
	d.Interval = max(d.Interval, 0) // package oauth2 panics on a negative interval
	if err := checkURL("the provider's verification_uri", d.VerificationURI, f.provider.allowPlainHTTP); err != nil {
		return nil, err
	}
	if checkURL("", d.VerificationURIComplete, f.provider.allowPlainHTTP) != nil {
		d.VerificationURIComplete = ""
	}
	if err := f.show(DeviceCode{
		URL:      Printable(d.VerificationURI),
		Code:     Printable(d.UserCode),
		Complete: Printable(d.VerificationURIComplete),
	}); err != nil {
		return nil, err
	}
	t, err := f.config.DeviceAccessToken(ctx, d)
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errors.New("nobody signed in within the time")
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		return nil, providerError("wait for the sign-in", err)
	}
	return expected{issuer: f.provider.Issuer, client: f.config.ClientID, now: f.now()}.accept(t)
}
