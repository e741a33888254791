package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// issue seals and signs the tokens. It commits the record, together with the use of the presented token or code, before
// it returns any of them. The tokens have the scopes in who.scopes. requestedType is empty unless the client asked for
// a token type.
func (e *Exchange) issue(
	ctx context.Context, call *control.Call, app *sso.Application, who *tokenSubject, requestedType string,
) (*Tokens, error) {
	now := call.Facts.Time.UTC().Truncate(time.Second)
	signedIn := who.signedIn.UTC().Truncate(time.Second)
	end := e.session(signedIn)
	life := min(TokenLife, end.Sub(now))
	if life <= 0 {
		return nil, fault.Refuse(fault.Expired, fault.IdentityToken, fault.TokenExpired, "the person signed in too long ago")
	}
	d := credential.SealedDelegation{Delegation: who.Delegation, SignedIn: signedIn, Expires: now.Add(life)}
	d.ApplicationARN, d.Scopes = app.ARN(), strings.Join(who.scopes, " ")
	if d.OriginARN == app.ARN() {
		d.OriginARN = ""
	}
	if d.CredentialID == "" {
		d.CredentialID = uuid.NewString()
	}
	if who.signIn != nil {
		who.signIn.Source, who.signIn.Expires = call.Facts.SourceIP.String(), end
		d.SignInID = who.signIn.ID
	}
	if who.client != nil {
		d.Client = who.client.ID
	}
	// The asker was judged by the call's own snapshot, and the person perhaps by a later one. The older of the two counts.
	d.Revision = uint64(min(who.snapshot.Rev(), call.Snapshot.Rev()))
	d.Issued, d.Grounds = now, tokenGrounds(call, app, who, &d.Delegation)
	d.Actors = tokenActors(call, app, who)
	out := &Tokens{Type: AccessTokenType, Scopes: who.scopes, Life: life}
	var err error
	if out.Access, err = e.Control.Ring.SealDelegation(credential.AccessToken, d); err != nil {
		return nil, err
	}
	if out.Context, err = e.Control.Ring.SealDelegation(credential.IdentityContext, d); err != nil {
		return nil, err
	}
	if out.ID, err = e.identityToken(app, d, now, out.Context); err != nil {
		return nil, err
	}
	if app.Grant(sso.RefreshToken) != nil && !who.noRefresh {
		if out.Refresh, err = e.refreshToken(app, who, d, end); err != nil {
			return nil, err
		}
		if requestedType == RefreshTokenType {
			out.Type = RefreshTokenType
		}
	}
	call.Event.ResponseElements = map[string]any{
		"scope":           who.scopes,
		"expiresIn":       int(life.Seconds()),
		"credentialId":    d.CredentialID,
		"userId":          d.UserID,
		"issuedTokenType": out.Type,
	}
	if d.SignInID != "" {
		call.Event.ResponseElements["signInId"] = d.SignInID
	}
	if err := e.commit(ctx, call, who); err != nil {
		return nil, err
	}
	return out, nil
}

// refreshToken seals what a client gets new tokens for, until end. It hangs on the application's grant for such tokens,
// too, and so does what it leads to.
func (e *Exchange) refreshToken(
	app *sso.Application, who *tokenSubject, d credential.SealedDelegation, end time.Time,
) (credential.Secret, error) {
	if !who.refresh.IsZero() { // or it would hang on everybody who ever used it, and grow
		return who.refresh, nil
	}
	use := credential.RefreshToken
	if who.client != nil {
		use, d.Number = refreshOf(who.client), who.number+1
	}
	d.Expires, d.Grounds = end, slices.Clone(d.Grounds)
	d.Grounds.Add(credential.OnApplicationGrant, credential.Joined(app.ID, string(sso.RefreshToken)))
	return e.Control.Ring.SealDelegation(use, d)
}

// commit records the exchange. When two requests present the same token or code at once, on any nodes, the second one
// is refused: its row exists already, or is deleted.
func (e *Exchange) commit(ctx context.Context, call *control.Call, who *tokenSubject) error {
	switch {
	case who.tokenUse == nil && who.client == nil:
		return e.Control.Record(ctx, call)
	case who.tokenUse == nil:
		return e.rotate(ctx, call, who)
	}
	err := e.Control.Update(ctx, call, func(tx *store.Tx) error {
		if who.deleteRow != nil {
			if err := who.deleteRow(tx); err != nil {
				return err
			}
		}
		if who.signIn != nil {
			who.tokenUse.SignIn = who.signIn.ID
			if err := store.InsertPersonSignIn(ctx, tx, who.signIn); err != nil {
				return err
			}
		}
		return store.TokenUses.Insert(tx, who.tokenUse)
	})
	switch {
	case who.deleteRow != nil &&
		(fault.Is(err, fault.AlreadyExists, fault.IdentityToken) || fault.Is(err, fault.NotFound, fault.IdentityToken)):
		call.Event.ResponseElements = nil
		return e.unknownCode(ctx, call, who.tokenUse.ID)
	case fault.Is(err, fault.AlreadyExists, fault.IdentityToken):
		return replayed()
	}
	return err
}

// tokenIssuer is the part before the instance id in the issuer of AWS's identity tokens.
const tokenIssuer = "https://identitycenter.amazonaws.com/"

const keyPurpose = "identity tokens"

// identityToken makes a JWT with the claims of AWS's identity tokens. Clients read it without verifying it. Keys has
// the keys that verify it.
func (e *Exchange) identityToken(
	app *sso.Application, d credential.SealedDelegation, now time.Time, identity credential.Secret,
) (credential.Secret, error) {
	audit, err := e.Control.Ring.SealDelegation(credential.AuditContext, d)
	if err != nil {
		return credential.Secret{}, err
	}
	claims := map[string]any{
		"iss":                    tokenIssuer + app.InstanceID,
		"sub":                    d.UserID,
		"aud":                    app.ID,
		"iat":                    now.Unix(),
		"exp":                    d.Expires.Unix(),
		"auth_time":              d.SignedIn.Format(time.RFC3339),
		"sts:identity_context":   identity.Reveal(),
		"sts:audit_context":      audit.Reveal(),
		"aws:identity_store_id":  d.IdentityStoreID,
		"aws:identity_store_arn": sso.IdentityStoreARN(app.Account, d.IdentityStoreID),
		"aws:instance_account":   string(app.Account),
		"aws:instance_arn":       d.IdentityCenterInstance,
		"aws:application_arn":    d.ApplicationARN,
		"aws:credential_id":      d.CredentialID,
	}
	if d.SignInID != "" { // OpenID Connect Front-Channel Logout 1.0, 3
		claims["sid"] = d.SignInID
	}
	if d.IssuerARN != "" {
		claims["act"] = map[string]any{"sub": d.IssuerARN}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return credential.Secret{}, err
	}
	key := e.Control.Ring.SigningKeys(keyPurpose)[0]
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", key.ID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key.Key()}, options)
	if err != nil {
		return credential.Secret{}, fmt.Errorf("sign an identity token: %w", err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		return credential.Secret{}, fmt.Errorf("sign an identity token: %w", err)
	}
	text, err := signed.CompactSerialize()
	return credential.NewSecret(text), err
}

// Keys are the public keys that verify identity tokens, as a JWK set (RFC 7517).
func (e *Exchange) Keys() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, k := range e.Control.Ring.SigningKeys(keyPurpose) {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Key().Public(), KeyID: k.ID, Use: "sig", Algorithm: "ES256"})
	}
	return set
}
