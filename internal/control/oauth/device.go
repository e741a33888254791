package oauth

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"

	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// Started is what a device gets.
type Started struct {
	DeviceCode credential.Secret
	UserCode   string // ABCD-EFGH, for the person
	URL        string // where the person enters it
	Complete   string // the same with the code in it
}

// StartDevice begins a device's request for a person's sign-in. The start URL says in which account, see
// exchange.AccountOf.
func (s *SignIn) StartDevice(
	ctx context.Context, call *control.Call, clientID string, secret credential.Secret, startURL string,
) (*Started, error) {
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
	if _, ok := s.starts.take(call.Facts.SourceIP, now, forStarts); !ok {
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
	if err := s.mayWait(ctx, call, account, now); err != nil {
		return nil, err
	}
	call.RecordFor(account)
	row := &store.DeviceRequest{
		Account: account, ClientID: c.ID, ClientName: c.Name, Application: app.ARN(), Scopes: c.Scopes,
		Source: call.Facts.SourceIP.String(), Asked: now, Expires: now.Add(DeviceLife),
	}
	out := &Started{URL: s.Public + DevicePath}
	for tries := 0; ; tries++ {
		out.UserCode = newUserCode()
		row.ID = Digest(OfUserCode, letters(out.UserCode))
		out.DeviceCode = credential.NewSecret(row.ID + "." + rand.Text() + rand.Text())
		row.Secret = Digest(OfDeviceCode, out.DeviceCode.Reveal())
		err := s.Control.Update(ctx, call, func(tx *store.Tx) error { return store.DeviceRequests.Insert(tx, row) })
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

// mayWait refuses one more device when too many of the account wait already.
func (s *SignIn) mayWait(ctx context.Context, call *control.Call, account access.AccountID, now time.Time) error {
	n, err := store.DeviceRequests.Count(ctx, s.Control.DB, string(account))
	if err != nil || n < MaxPending {
		return err
	}
	all, err := store.DeviceRequests.InAccount(ctx, s.Control.DB, string(account))
	if err != nil {
		return err
	}
	waiting := 0
	for _, r := range all {
		if now.Before(r.Expires) {
			waiting++
		}
	}
	if waiting >= MaxPending {
		return fault.Refuse(fault.Throttled, fault.SignIn, fault.TooManyRequests,
			"too many devices wait for people of this account")
	}
	return nil
}

// alphabet has no vowels, so that codes are no words, and nothing that looks like something else (RFC 8628, 6.1).
const alphabet = "BCDFGHJKLMNPQRSTVWXZ"

// newUserCode is ABCD-EFGH: 34 bits.
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

// letters is a user code as people may type it: in any case, with whatever between the letters.
func letters(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, strings.ToUpper(code))
}

// Asked is a device's request as the person sees it.
type Asked struct {
	ID          string // digest of the user code
	ClientName  string
	Source      string // the address that asked
	At, Expires time.Time
}

// FindDevice finds the request of a user code. Wrong codes of an address soon cost it the right to try more.
func (s *SignIn) FindDevice(ctx context.Context, facts caller.Facts, userCode string) (*Asked, error) {
	back, ok := s.guesses.take(facts.SourceIP, facts.Time, forGuesses)
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
	row, err := store.DeviceRequests.Get(ctx, s.Control.DB, Digest(OfUserCode, code))
	if err != nil && !fault.Is(err, fault.NotFound, fault.IdentityToken) {
		return nil, err
	}
	if err != nil || undecided(row, facts.Time) != nil {
		return nil, wrong
	}
	back()
	return &Asked{ID: row.ID, ClientName: row.ClientName, Source: row.Source, At: row.Asked, Expires: row.Expires}, nil
}

// undecided checks that a request still waits.
func undecided(r *store.DeviceRequest, now time.Time) error {
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

// Deny says no to a device. It will hear so; nobody need have signed in for that.
func (s *SignIn) Deny(ctx context.Context, facts caller.Facts, id string) error {
	return s.Control.Engine.Update(ctx, func(tx *store.Tx) error {
		return decide(ctx, tx, id, facts.Time, func(r *store.DeviceRequest) { r.Denied = true })
	})
}

// decide changes a request that nobody has decided, whatever else goes on at the same time.
func decide(ctx context.Context, tx *store.Tx, id string, now time.Time, change func(*store.DeviceRequest)) error {
	r, err := store.DeviceRequests.Get(ctx, tx, id)
	if fault.Is(err, fault.NotFound, fault.IdentityToken) {
		return fault.Refuse(fault.Expired, fault.IdentityToken, fault.RequestExpired,
			"the device's request has expired; start again at the device")
	}
	if err != nil {
		return err
	}
	if err := undecided(r, now); err != nil {
		return err
	}
	change(r)
	return store.DeviceRequests.Update(tx, r)
}
