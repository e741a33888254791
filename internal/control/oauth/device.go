package oauth

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control"

	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// DeviceAuthorization is the answer to a device that begins a sign-in (RFC 8628, 3.2).
type DeviceAuthorization struct {
	DeviceCode credential.Secret
	UserCode   string // ABCD-EFGH, for the person
	URL        string // where the person enters it
	Complete   string // the same with the code in it
}

// StartDevice begins a device's request for a person's sign-in. The start URL says in which account the person signs
// in: see Exchange.AccountOf.
func (s *SignIn) StartDevice(
	ctx context.Context, call *control.Call, clientID string, secret credential.Secret, startURL string,
) (*DeviceAuthorization, error) {
	c, err := s.Exchange.Authenticated(call, clientID, secret)
	if err != nil {
		return nil, err
	}
	if !c.May(DeviceCode) {
		return nil, fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.GrantTypeNotRegistered,
			"the client did not register for device codes")
	}
	call.ByRight(control.ClientSecret)
	now := call.Facts.Time.UTC()
	if _, ok := s.starts.reserve(network(call.Facts.SourceIP), now, forStarts); !ok {
		return nil, fault.Refuse(fault.Throttled, fault.SignIn, fault.TooManyRequests,
			"too many devices ask from this address")
	}
	account, err := s.Exchange.AccountOf(call, startURL)
	if err != nil {
		return nil, err
	}
	if c.Account != "" && c.Account != account {
		return nil, fault.Refuse(fault.Invalid, fault.Request, fault.StartURLMismatch,
			"the client registered for another account than the start URL names")
	}
	_, app, err := s.Exchange.SignInOf(call, account, c.Application)
	if err != nil {
		return nil, err
	}
	call.RecordFor(account)
	row := &store.DeviceRequest{
		Account: account, ClientID: c.ID, ClientName: c.Name, Application: app.ARN(), Scopes: c.Scopes,
		Source: call.Facts.SourceIP.String(), Network: network(call.Facts.SourceIP).String(),
		Asked: now, Expires: now.Add(DeviceLife),
	}
	out := &DeviceAuthorization{URL: s.Public + DevicePath}
	for tries := 0; ; tries++ {
		out.UserCode = newUserCode()
		row.ID = Digest(OfUserCode, letters(out.UserCode))
		out.DeviceCode = credential.NewSecret(row.ID + "." + rand.Text() + rand.Text())
		row.Secret = Digest(OfDeviceCode, out.DeviceCode.Reveal())
		err := s.Control.Update(ctx, call, func(tx *store.Tx) error {
			if err := makeRoom(ctx, tx, row); err != nil {
				return err
			}
			return store.DeviceRequests.Insert(tx, row)
		})
		if err == nil {
			break
		}
		if tries > 2 || !fault.Is(err, fault.AlreadyExists, fault.IdentityToken) {
			return nil, err
		}
	}
	out.Complete = out.URL + "?user_code=" + out.UserCode
	return out, nil
}

// alphabet has no vowels, so that codes are no words, and no letters that look like others (RFC 8628, 6.1).
const alphabet = "BCDFGHJKLMNPQRSTVWXZ"

// newUserCode makes a code such as ABCD-EFGH. It has 34 bits.
func newUserCode() string {
	code := make([]byte, 0, 9)
	for b := make([]byte, 1); len(code) < 9; {
		rand.Read(b)          // never fails
		if int(b[0]) >= 240 { // 12 times 20: no letter is likelier than another
			continue
		}
		if len(code) == 4 {
			code = append(code, '-')
		}
		code = append(code, alphabet[int(b[0])%len(alphabet)])
	}
	return string(code)
}

// letters returns the letters of a user code as people may type it, in any case and with anything between the letters.
func letters(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, strings.ToUpper(code))
}

// PendingDevice is a device's request as the person sees it.
type PendingDevice struct {
	ID          string // digest of the user code
	ClientName  string
	Source      string // the address that asked
	At, Expires time.Time
}

// FindDevice finds the request that has a user code. An address that tries too many wrong codes is refused for a while,
// and so is a code that is tried too often before a device has it, from whatever addresses.
func (s *SignIn) FindDevice(ctx context.Context, facts caller.Facts, userCode string) (*PendingDevice, error) {
	giveBack, ok := s.guesses.reserve(network(facts.SourceIP), facts.Time, forGuesses)
	if !ok {
		return nil, fault.Refuse(fault.Throttled, fault.SignIn, fault.TooManyGuesses,
			"too many wrong codes came from this address; wait a minute")
	}
	wrong := fault.Refuse(fault.NotFound, fault.SignIn, fault.UserCodeUnknown,
		"no device waits with this code; it may have expired")
	code := letters(userCode)
	if len(code) != 8 {
		return nil, wrong
	}
	id := Digest(OfUserCode, code)
	untry, ok := s.codes.reserve(id, facts.Time, forGuessesOfCode)
	if !ok {
		return nil, fault.Refuse(fault.Throttled, fault.SignIn, fault.TooManyGuesses,
			"this code was tried too often; start again at the device")
	}
	row, err := store.DeviceRequests.Get(ctx, s.Control.DB, id)
	if err != nil && !fault.Is(err, fault.NotFound, fault.IdentityToken) {
		return nil, err
	}
	if err != nil || checkUndecided(row, facts.Time) != nil {
		return nil, wrong
	}
	giveBack()
	untry()
	return &PendingDevice{
		ID:         row.ID,
		ClientName: row.ClientName,
		Source:     row.Source,
		At:         row.Asked,
		Expires:    row.Expires,
	}, nil
}

// checkUndecided checks that a request still waits for a decision.
func checkUndecided(r *store.DeviceRequest, now time.Time) error {
	switch {
	case !now.Before(r.Expires):
		return fault.Refuse(fault.Expired, fault.IdentityToken, fault.RequestExpired,
			"the device's request has expired; start again at the device")
	case r.Denied || r.Person.UserID != "":
		return fault.Refuse(fault.Invalid, fault.Request, fault.RequestDecided,
			"the device's request was approved or denied already")
	}
	return nil
}

// Deny denies a device's request. The device will be told so. Nobody has to sign in to deny.
func (s *SignIn) Deny(ctx context.Context, facts caller.Facts, id string) error {
	return s.Control.Engine.Update(ctx, func(tx *store.Tx) error {
		return decide(ctx, tx, id, facts.Time, func(r *store.DeviceRequest) { r.Denied = true })
	})
}

// decide changes a request that nobody has decided yet. It reads the request in the transaction, so that of two
// concurrent decisions only one is made.
func decide(ctx context.Context, tx *store.Tx, id string, now time.Time, change func(*store.DeviceRequest)) error {
	r, err := store.DeviceRequests.Get(ctx, tx, id)
	if fault.Is(err, fault.NotFound, fault.IdentityToken) {
		return fault.Refuse(fault.Expired, fault.IdentityToken, fault.RequestExpired,
			"the device's request has expired; start again at the device")
	}
	if err != nil {
		return err
	}
	if err := checkUndecided(r, now); err != nil {
		return err
	}
	change(r)
	return store.DeviceRequests.Update(tx, r)
}
