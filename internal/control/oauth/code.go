package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Digest is the form in which rows store a code, so that nobody who reads the database can redeem the codes in it.
func Digest(of, code string) string {
	sum := sha256.Sum256([]byte("latchkey " + of + "\x00" + code))
	return hex.EncodeToString(sum[:])
}

// The kinds of codes that Digest tells apart.
const (
	OfCode       = "authorization code"
	OfUserCode   = "user code"
	OfDeviceCode = "device code"
)

// replayMemory is how long after its expiry a redeemed code is remembered. Until then its replay is recognised as one.
const replayMemory = 24 * time.Hour

// codeRequest is a client's request to redeem an authorization code (RFC 6749, 4.1.3; RFC 7636, 4.5).
type codeRequest struct {
	clientID    string
	redirectURI string
	code        credential.Secret
	verifier    credential.Secret // of PKCE; empty: none
}

// byCode finds the person of an authorization code. The code must have been issued to this client for this redirect
// URI.
func (e *Exchange) byCode(ctx context.Context, call *control.Call, in codeRequest) (*tokenSubject, error) {
	switch {
	case in.code.IsZero():
		return nil, missing("code")
	case in.redirectURI == "":
		return nil, missing("redirectUri")
	}
	id := Digest(OfCode, in.code.Reveal())
	row, err := store.SignInCodes.Get(ctx, e.Control.DB, id)
	if fault.Is(err, fault.NotFound, fault.IdentityToken) {
		return nil, e.unknownCode(ctx, call, id)
	}
	if err != nil {
		return nil, err
	}
	call.RecordFor(row.Account)
	invalid := func(reason fault.Reason, text string) error {
		return fault.Refuse(fault.Invalid, fault.IdentityToken, reason, "%s", text)
	}
	switch {
	case row.ClientID != in.clientID:
		return nil, invalid(fault.CodeOfAnotherClient, "the code was not given to this client")
	case !call.Facts.Time.Before(row.Expires):
		return nil, invalid(fault.CodeExpired, "the code has expired")
	case row.RedirectURI != in.redirectURI:
		return nil, invalid(fault.RedirectURIMismatch, "the code was sent to another redirect URI")
	case !verifyPKCE(in.verifier.Reveal(), row.Challenge):
		return nil, invalid(fault.CodeVerifierMismatch, "the code verifier does not match the code challenge")
	}
	return e.subjectOfSignIn(ctx, call, redemption{
		application: row.Application, scopes: row.Scopes, person: row.Person, clientID: row.ClientID,
		deleteRow: func(tx *store.Tx) error { return store.SignInCodes.Delete(tx, id) },
		tokenUse:  &store.TokenUse{ID: id, Account: row.Account, Expires: row.Expires.Add(replayMemory)},
	})
}

// unknownCode returns the error for a code that has no row: it was redeemed before, or never issued. The replay of a
// code ends the sign-in that the code brought.
func (e *Exchange) unknownCode(ctx context.Context, call *control.Call, id string) error {
	use, err := store.TokenUses.Get(ctx, e.Control.DB, id)
	if fault.Is(err, fault.NotFound, fault.IdentityToken) {
		return fault.Refuse(fault.Invalid, fault.IdentityToken, fault.CodeUnknown,
			"no such code was given here, or it has expired")
	}
	if err != nil {
		return err
	}
	call.RecordFor(use.Account)
	// Somebody has the code besides the client (RFC 6749, 4.1.2; RFC 9700, 4.5).
	if use.SignIn != "" {
		if err := e.End(ctx, call, use.SignIn, fault.CodeReplayed); err != nil {
			return err
		}
	}
	return codeReplayed()
}

func codeReplayed() error {
	return fault.Refuse(fault.Invalid, fault.IdentityToken, fault.CodeReplayed, "the code was redeemed before")
}

var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// verifyPKCE checks PKCE (RFC 7636, 4.6) with S256. A verifier for a code without a challenge means that somebody
// removed the challenge from the request. It is refused (RFC 9700, 2.1.1).
func verifyPKCE(verifier, challenge string) bool {
	if challenge == "" {
		return verifier == ""
	}
	if !verifierForm.MatchString(verifier) {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) == 1
}

// byDeviceCode finds the person who approved a device's request.
func (e *Exchange) byDeviceCode(
	ctx context.Context, call *control.Call, c *Client, code credential.Secret,
) (*tokenSubject, error) {
	if code.IsZero() {
		return nil, missing("deviceCode")
	}
	id, _, _ := strings.Cut(code.Reveal(), ".")
	secret := Digest(OfDeviceCode, code.Reveal())
	row, err := store.DeviceRequests.Get(ctx, e.Control.DB, id)
	if fault.Is(err, fault.NotFound, fault.IdentityToken) ||
		err == nil && subtle.ConstantTimeCompare([]byte(row.Secret), []byte(secret)) != 1 {
		return nil, e.unknownCode(ctx, call, secret)
	}
	if err != nil {
		return nil, err
	}
	now := call.Facts.Time
	switch {
	case row.ClientID != c.ID: // not recorded: anybody can get a device code and two clients
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.CodeOfAnotherClient,
			"the code was not given to this client")
	case !now.Before(row.Expires):
		return nil, fault.Refuse(fault.Expired, fault.IdentityToken, fault.TokenExpired, "the device code has expired")
	case !e.pollTimes.allow(row.ID, now, PollInterval-pollSlack):
		return nil, fault.Refuse(fault.Throttled, fault.SignIn, fault.PolledTooFast, "wait %v between two requests",
			PollInterval)
	case !row.Denied && row.Person.UserID == "":
		return nil, fault.Refuse(fault.Conflict, fault.SignIn, fault.NotApprovedYet, "nobody has approved the request yet")
	}
	call.RecordFor(row.Account)
	if row.Denied { // reported and recorded once, because anybody with the user code can deny
		err := e.Control.Engine.Update(ctx, func(tx *store.Tx) error { return store.DeviceRequests.Delete(tx, row.ID) })
		if err != nil && !fault.Is(err, fault.NotFound, fault.IdentityToken) {
			return nil, err
		}
		return nil, deniedByPerson()
	}
	return e.subjectOfSignIn(ctx, call, redemption{
		application: row.Application, scopes: row.Scopes, person: row.Person, clientID: row.ClientID,
		deleteRow: func(tx *store.Tx) error { return store.DeviceRequests.Delete(tx, row.ID) },
		tokenUse:  &store.TokenUse{ID: secret, Account: row.Account, Expires: row.Expires.Add(replayMemory)},
	})
}

// redemption is the content of a code that is being redeemed.
type redemption struct {
	application string // ARN
	scopes      []string
	person      store.SignedIn
	clientID    string
	deleteRow   func(*store.Tx) error // deletes the code's row
	tokenUse    *store.TokenUse       // says that the code was redeemed
}

// subjectOfSignIn returns the person who signed in, if everything that the sign-in depends on still holds.
func (e *Exchange) subjectOfSignIn(ctx context.Context, call *control.Call, r redemption) (*tokenSubject, error) {
	d := DelegationOf(r.application, r.person)
	sealed := credential.SealedDelegation{
		Delegation: d, Issued: r.person.At, SignedIn: r.person.At,
		Revision: r.person.Revision, Grounds: append(caller.DelegationGrounds(&d), r.person.Grounds...),
	}
	if err := e.Control.TokenStands(ctx, call, &sealed); err != nil {
		return nil, asPlainDenial(err)
	}
	account := accountOf(r.application)
	settings := call.Snapshot.SignIn(account)
	if settings == nil || settings.ID != r.person.Settings {
		return nil, fault.Refuse(fault.Denied, "", fault.SignInDeleted,
			"the settings by which the person signed in are deleted")
	}
	who := &tokenSubject{
		Delegation: d,
		grounds:    r.person.Grounds,
		snapshot:   call.Snapshot,
		signedIn:   r.person.At,
		deleteRow:  r.deleteRow,
		tokenUse:   r.tokenUse,
		signIn: &store.PersonSignIn{
			ID:          uuid.NewString(),
			Account:     account,
			Settings:    r.person.Settings,
			ClientID:    r.clientID,
			Application: r.application,
			UserID:      r.person.UserID,
			Issuer:      settings.IssuerURL,
			Audience:    settings.ClientID,
			Subject:     r.person.Subject,
			Began:       r.person.At,
			Refreshes:   1,
			Refreshed:   call.Facts.Time.UTC(),
		},
	}
	if len(r.scopes) > 0 && !slices.Contains(r.scopes, AccountAccess) {
		who.scopes = r.scopes
	}
	return who, nil
}

// DelegationOf returns the delegation that a person's sign-in gives to an application.
func DelegationOf(application string, p store.SignedIn) credential.Delegation {
	d := credential.Delegation{
		IdentityStoreID:        p.IdentityStoreID,
		UserID:                 p.UserID,
		ApplicationARN:         application,
		IdentityCenterInstance: p.InstanceARN,
		IssuerARN:              p.IssuerARN,
	}
	if p.Application != application {
		d.OriginARN = p.Application
	}
	return d
}

// accountOf returns the account of an application's ARN.
func accountOf(arn string) access.AccountID {
	r, _ := sso.ParseARN(arn)
	return r.Account
}
