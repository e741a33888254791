package oauth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"

	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// attempt is a person's sign-in at the provider, sealed into a cookie of the browser that was sent there.
type attempt struct {
	oidc.Attempt
	Issuer        string
	Provider      string // client id at the provider
	Account       access.AccountID
	Application   string         // ARN
	Authorization *Authorization `json:",omitempty"`
	DeviceID      string         `json:",omitempty"`
	Expires       time.Time
}

const attemptPurpose = "sign-in attempt"

// maxCookie is how long a cookie's value may be, so that browsers still store the cookie with its name and attributes.
const maxCookie = 3800

// Begin starts the sign-in of a person who approved a form. to is the URL at the account's OpenID provider to which the
// browser goes. cookie is the content of the cookie that it takes along, and state names the attempt: the provider
// sends it back.
func (s *SignIn) Begin(ctx context.Context, facts caller.Facts, f *Form) (to, state, cookie string, err error) {
	call, err := s.begin(facts, "Authorize")
	if err != nil {
		return "", "", "", err
	}
	a := attempt{Authorization: f.Authorization, DeviceID: f.DeviceID, Expires: facts.Time.Add(AttemptLife)}
	if f.Authorization != nil {
		a.Account, a.Application = f.Authorization.Account, f.Authorization.Application
	} else {
		row, err := store.DeviceRequests.Get(ctx, s.Control.DB, f.DeviceID)
		if fault.Is(err, fault.NotFound, fault.IdentityToken) {
			return "", "", "", fault.Refuse(fault.Expired, fault.IdentityToken, fault.RequestExpired,
				"the device's request has expired; start again at the device")
		}
		if err != nil {
			return "", "", "", err
		}
		if err := checkUndecided(row, facts.Time); err != nil {
			return "", "", "", err
		}
		a.Account, a.Application = row.Account, row.Application
	}
	sign, _, err := s.Exchange.SignInOf(call, a.Account, a.Application)
	if err != nil {
		return "", "", "", err
	}
	provider, err := s.Exchange.Verifier.Provider(ctx, sign.IssuerURL)
	if err != nil {
		return "", "", "", providerError(err)
	}
	client, err := s.clientOf(sign)
	if err != nil {
		return "", "", "", err
	}
	a.Issuer, a.Provider = sign.IssuerURL, sign.ClientID
	a.Attempt = oidc.Attempt{
		State:    rand.Text() + rand.Text(),
		Nonce:    rand.Text() + rand.Text(),
		Verifier: oauth2.GenerateVerifier(),
	}
	if cookie, err = s.seal(attemptPurpose, a); err != nil {
		return "", "", "", err
	}
	if len(cookie) > maxCookie {
		return "", "", "", fault.Refuse(fault.Invalid, fault.Request, fault.RequestTooLarge,
			"client, redirect URI, state and scopes are too long together")
	}
	return provider.SignInURL(client, a.Attempt), a.State, cookie, nil
}

// clientOf returns this server's client registration at the account's provider.
func (s *SignIn) clientOf(sign *sso.SignIn) (oidc.Client, error) {
	c := oidc.Client{ID: sign.ClientID, Redirect: s.Public + CallbackPath, Scopes: sign.Scopes}
	if len(sign.Sealed) > 0 {
		secret, err := s.Control.Ring.Unseal(sso.SignInPurpose(sign.Account), sign.Sealed)
		if err != nil {
			return c, fault.New(fault.Internal, fault.SignIn, "").Because(err)
		}
		hidden := credential.NewSecret(string(secret))
		c.Secret = hidden.Reveal
	}
	return c, nil
}

// Outcome is the result of a callback.
type Outcome struct {
	Redirect string // to the client; empty: a device was approved
}

// Callback ends the sign-in of a person who comes back from the provider. The cookie has the attempt that the browser
// began. A query whose state is not the cookie's belongs to another browser's attempt, and is refused. An error is for
// the person, unless it is a *RedirectError, which is for the client. call comes from BeginCallback.
func (s *SignIn) Callback(ctx context.Context, call *control.Call, cookie, query string) (*Outcome, error) {
	facts := &call.Facts
	var a attempt
	q, badQuery := parseQuery(query)
	switch {
	case badQuery != nil || len(q["state"]) != 1 || len(q["code"]) > 1 || len(q["iss"]) > 1 || len(q["error"]) > 1:
		return nil, fault.Refuse(fault.Invalid, fault.Request, fault.RequestMalformed,
			"the provider's answer cannot be read; start again")
	case s.unseal(attemptPurpose, cookie, &a) != nil:
		return nil, fault.Refuse(fault.Invalid, fault.Request, fault.AttemptUnknown,
			"this browser did not begin a sign-in here; start again")
	case !facts.Time.Before(a.Expires):
		return nil, fault.Refuse(fault.Invalid, fault.Request, fault.AttemptExpired, "the sign-in took too long; start again")
	case !equalSecrets(q.Get("state"), a.State):
		return nil, fault.Refuse(fault.Invalid, fault.Request, fault.StateMismatch,
			"this answer belongs to another sign-in; start again")
	}
	out, err := s.complete(ctx, call, &a, q)
	if err != nil && a.Authorization != nil {
		err = a.Authorization.ReturnError(err)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func equalSecrets(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// complete finds the person, and gives the client its code or the device its approval.
func (s *SignIn) complete(ctx context.Context, call *control.Call, a *attempt, q url.Values) (*Outcome, error) {
	who, err := s.recognise(ctx, call, a, q)
	if err != nil {
		return nil, err
	}
	call.ByRight(control.OpenIDProvider)
	call.Event.ResponseElements = map[string]any{"UserAuthentication": "Success", "userId": who.UserID}
	now := call.Facts.Time.UTC()
	if a.Authorization == nil {
		err := s.Control.Update(ctx, call, func(tx *store.Tx) error {
			return decide(ctx, tx, a.DeviceID, now, func(r *store.DeviceRequest) { r.Person = *who })
		})
		return &Outcome{}, err
	}
	code := rand.Text() + rand.Text()
	row := &store.SignInCode{
		ID:          Digest(OfCode, code),
		Account:     a.Account,
		ClientID:    a.Authorization.ClientID,
		Application: a.Application,
		RedirectURI: a.Authorization.Redirect,
		Challenge:   a.Authorization.Challenge,
		Scopes:      a.Authorization.Scopes,
		Person:      *who,
		Expires:     now.Add(CodeLife),
	}
	err = s.Control.Update(ctx, call, func(tx *store.Tx) error { return store.SignInCodes.Insert(tx, row) })
	if err != nil {
		return nil, err
	}
	return &Outcome{Redirect: a.Authorization.redirectURL(url.Values{"code": {code}})}, nil
}

// recognise redeems the provider's code and finds the person whom the identity token names. What the sign-in depends on
// is checked after the provider has answered, because the answer may take long.
func (s *SignIn) recognise(ctx context.Context, call *control.Call, a *attempt, q url.Values) (*store.SignedIn, error) {
	bad := func(reason fault.Reason, text string) *fault.Error {
		return fault.Refuse(fault.Invalid, fault.IdentityToken, reason, "%s", text)
	}
	sign, _, err := s.Exchange.SignInOf(call, a.Account, a.Application)
	if err != nil {
		return nil, err
	}
	if sign.IssuerURL != a.Issuer || sign.ClientID != a.Provider {
		return nil, bad(fault.SignInChanged, "people of this account sign in elsewhere now; start again")
	}
	provider, err := s.Exchange.Verifier.Provider(ctx, a.Issuer)
	if err != nil {
		return nil, providerError(err)
	}
	switch {
	case (q.Has("iss") || provider.SaysIssuer) && q.Get("iss") != a.Issuer:
		return nil, bad(fault.IssuerMismatch, "the answer came from another provider")
	case q.Has("error"):
		return nil, fault.Refuse(fault.Denied, "", fault.ProviderRefused, "the OpenID provider did not sign the person in")
	case q.Get("code") == "":
		return nil, bad(fault.CodeMissing, "the provider's answer has no code")
	}
	client, err := s.clientOf(sign)
	if err != nil {
		return nil, err
	}
	got, err := provider.Redeem(ctx, client, a.Attempt, q.Get("code"))
	if bad, ok := errors.AsType[*oidc.Error](err); err == nil || ok && bad.Reason == fault.TokenMalformed {
		// The provider signed somebody in, so from here on the call is recorded. An answer without a valid code of the
		// provider is not recorded: anybody can send one as often as they like.
		call.RecordFor(a.Account)
	}
	if err != nil {
		return nil, providerError(err)
	}
	from := caller.Network(call.Facts.SourceIP)
	claims, err := s.Exchange.Verifier.Verify(ctx, got.Identity, from, func(iss string) (oidc.Issuer, bool) {
		return oidc.Issuer{Audiences: []string{sign.ClientID}}, iss == a.Issuer
	})
	if err != nil {
		return nil, providerError(err)
	}
	nonce, _ := claims.All["nonce"].(string)
	party, named := claims.All["azp"]
	switch {
	case !equalSecrets(nonce, a.Nonce):
		return nil, bad(fault.NonceMismatch, "the identity token was made for another sign-in")
	case named && party != sign.ClientID || !named && len(claims.Audience) > 1:
		return nil, bad(fault.AzpMismatch, "the identity token was made for another client")
	}
	call.Event.AdditionalEventData["assertion"] = map[string]any{"issuer": claims.Issuer, "subject": claims.Subject}
	if i := call.Snapshot.IssuerByURL(a.Account, a.Issuer); i != nil {
		if incomplete(provider, claims, i, sign) {
			if err := s.Exchange.Verifier.AddUserInfo(ctx, provider, sign.ClientID, got.Access, claims); err != nil {
				return nil, providerError(err)
			}
		}
		if err := s.Exchange.ProvisionPerson(ctx, call, a.Account, i, claims); err != nil {
			return nil, err
		}
	}
	who, bearer, err := s.personOf(call, a, claims)
	if err == nil && bearer.New {
		if err = s.Exchange.bindNew(ctx, bearer); err == nil {
			who, _, err = s.personOf(call, a, claims)
		}
	}
	return who, err
}

// personOf finds the person of a verified identity token by what is known now, and checks that the person may sign in.
func (s *SignIn) personOf(call *control.Call, a *attempt, claims *oidc.Claims) (*store.SignedIn, *Bearer, error) {
	var err error
	if call.Snapshot, err = s.Control.Engine.Snapshot(); err != nil {
		return nil, nil, err
	}
	sign, _, err := s.Exchange.SignInOf(call, a.Account, a.Application)
	if err != nil {
		return nil, nil, err
	}
	snap := call.Snapshot
	center, issuer := snap.IdentityCenter(a.Account), snap.IssuerByURL(a.Account, a.Issuer)
	if center == nil || issuer == nil || issuer.InstanceID != center.ID || sign.IssuerURL != a.Issuer {
		return nil, nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.IssuerUnknown,
			"the provider is no trusted token issuer of the account")
	}
	u, err := bearerOf(call, snap, directory.StoreID(center.IdentityStoreID), issuer, claims)
	if err != nil {
		return nil, nil, err
	}
	who := &store.SignedIn{
		IdentityStoreID: center.IdentityStoreID, UserID: string(u.ID), InstanceARN: center.ARN(), IssuerARN: issuer.ARN(),
		Application: sign.Application, At: call.Facts.Time.UTC(), Settings: sign.ID,
		Subject: claims.Subject, Revision: uint64(snap.Rev()),
	}
	if app := snap.Application(sign.Application); app != nil {
		who.Grounds = personGrounds(app, app.Grant(sso.JWTBearer), u, claims)
	}
	if app := snap.Application(a.Application); app != nil && a.needsGrant(sign) {
		who.Grounds.Add(credential.OnApplicationGrant, credential.Joined(app.ID, string(sso.AuthorizationCode)))
	}
	call.Event.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{UserID: who.UserID, IdentityStoreARN: center.IdentityStoreARN()}
	d := DelegationOf(a.Application, *who)
	if err := caller.DelegationStands(snap, &d); err != nil {
		return nil, nil, asPlainDenial(err)
	}
	return who, u, nil
}

// needsGrant reports whether people may sign in only because the application has the grant authorization_code. A client
// that registered for no application needs none: it gets tokens of the account's sign-in.
func (a *attempt) needsGrant(sign *sso.SignIn) bool {
	return a.Application != sign.Application || a.Authorization != nil && !a.Authorization.Public
}

// providerError makes the error for a failure at the provider.
func providerError(err error) error {
	bad, ok := errors.AsType[*oidc.Error](err)
	if !ok {
		return err
	}
	return fault.Refuse(fault.Invalid, fault.IdentityToken, bad.Reason, "%s",
		strings.TrimSuffix(bad.Text, ".")).Because(err)
}
