package oauth

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"

	"latchkey/internal/fault"
)

// SignInSource is the event source of people's sign-ins, as in Identity Center's own records.
const SignInSource = "signin.amazonaws.com"

// Paths for browsers, below SignIn.Public.
const (
	AuthorizePath = "/authorize"
	CallbackPath  = "/authorize/callback"
	DevicePath    = "/device"
)

// Lifetimes.
const (
	CodeLife    = 5 * time.Minute  // of an authorization code
	DeviceLife  = 10 * time.Minute // of a device's request, as on AWS
	AttemptLife = 10 * time.Minute // of a sign-in at the provider
	formLife    = 10 * time.Minute
)

// MaxPending is how many devices of an account may wait at once, and MaxPendingOfSource how many of them from one
// network. A further one takes the place of the oldest of its own network, or of the network that has the most: nobody
// keeps others out.
const (
	MaxPending         = 1000
	MaxPendingOfSource = 30
)

// SignIn serves people who sign in. Its exported fields must be set. It must not be copied.
type SignIn struct {
	Control  *control.Control
	Exchange *Exchange
	Public   string // the URL by which browsers know this server, without a slash at the end

	starts  limiter[netip.Prefix] // device requests, by network
	guesses limiter[netip.Prefix] // unknown user codes, by network
	codes   limiter[string]       // the same, by the code's digest
}

// begin starts a call of a client that is not authenticated.
func (s *SignIn) begin(facts caller.Facts, operation string) (*control.Call, error) {
	snap, err := s.Control.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	call := s.Control.BeginFor(control.Outsider{Identity: audit.Identity{Type: "Unknown"}, Snapshot: snap, Facts: facts},
		control.Opening{Source: SignInSource, Operation: operation})
	call.Event.EventType, call.Unproven = "AwsServiceEvent", true
	return call, nil
}

// BeginCallback begins the call of a person who comes back from the provider. The caller passes it to Callback and
// finishes it.
func (s *SignIn) BeginCallback(facts caller.Facts) (*control.Call, error) {
	return s.begin(facts, "UserAuthentication")
}

// seal turns a value into a text that only this server can read, for one purpose.
func (s *SignIn) seal(purpose string, v any) (string, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.Control.Ring.Seal(purpose, body)), nil
}

func (s *SignIn) unseal(purpose, text string, v any) error {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return err
	}
	body, err := s.Control.Ring.Unseal(purpose, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// Form is what a page asks a person to approve: an authorization or a device's request, exactly one of the two. It is
// sealed into the page, so that the person approves what this browser displayed.
type Form struct {
	Authorization *Authorization `json:",omitempty"`
	DeviceID      string         `json:",omitempty"`
	Expires       time.Time
}

const formPurpose = "sign-in form of browser "

// SealForm seals a form for the browser whose cookie has this random text.
func (s *SignIn) SealForm(browser string, f Form) (string, error) {
	f.Expires = s.Control.Now().Add(formLife)
	return s.seal(formPurpose+browser, f)
}

// OpenForm opens what SealForm sealed for the same browser.
func (s *SignIn) OpenForm(browser, text string) (*Form, error) {
	var f Form
	if browser == "" || s.unseal(formPurpose+browser, text, &f) != nil || !s.Control.Now().Before(f.Expires) {
		return nil, fault.Refuse(fault.Invalid, fault.Request, fault.FormInvalid,
			"this page is too old, or was not made for this browser; start again")
	}
	return &f, nil
}
