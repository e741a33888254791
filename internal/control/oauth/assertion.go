package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// byAssertion recognises the person of a foreign identity token.
func (e *Exchange) byAssertion(
	ctx context.Context, call *control.Call, app *sso.Application, grant *sso.Grant, in Request,
) (*admitted, error) {
	if in.Assertion.IsZero() {
		return nil, missing("assertion")
	}
	var issuer *sso.Issuer
	claims, err := e.Verifier.Verify(ctx, in.Assertion.Reveal(), func(iss string) (known oidc.Issuer, ok bool) {
		for _, a := range grant.Issuers {
			if i := call.Snapshot.Issuer(a.IssuerARN); i != nil && i.InstanceID == app.InstanceID && i.URL == iss {
				issuer, ok = i, true
				known.Audiences = slices.Concat(known.Audiences, a.Audiences)
			}
		}
		return known, ok
	})
	if bad, ok := errors.AsType[*oidc.Error](err); ok {
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, bad.Reason, "%s", bad.Text).Because(err)
	}
	if err != nil {
		return nil, err
	}
	call.Event.AdditionalEventData["assertion"] = map[string]any{
		"issuer":  claims.Issuer,
		"subject": claims.Subject,
		"jti":     claims.ID,
	}
	who := &admitted{signedIn: call.Facts.Time}
	if who.use, err = e.unused(ctx, call, app, claims); err != nil {
		return nil, err
	}
	if err := e.Arrived(ctx, call, app.Account, issuer, claims); err != nil {
		return nil, err
	}
	// The issuer may have taken seconds to answer. The person is judged by what is true now.
	if who.snapshot, err = e.Control.Engine.Snapshot(); err != nil {
		return nil, err
	}
	center := who.snapshot.IdentityCenter(app.Account)
	if center == nil || center.ID != app.InstanceID {
		return nil, fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientUnknown,
			"the application's Identity Center instance is deleted")
	}
	u, err := PersonOf(call, who.snapshot, directory.StoreID(center.IdentityStoreID), issuer, claims)
	if err != nil {
		return nil, err
	}
	who.Delegation = credential.Delegation{
		IdentityStoreID:        center.IdentityStoreID,
		UserID:                 string(u.ID),
		IdentityCenterInstance: center.ARN(),
		IssuerARN:              issuer.ARN(),
	}
	return who, nil
}

// unused checks that a token with an id was not exchanged before, and gives the row that says that it now is. A
// token without one may be exchanged until it expires, as on AWS.
func (e *Exchange) unused(
	ctx context.Context, call *control.Call, app *sso.Application, claims *oidc.Claims,
) (*store.TokenUse, error) {
	if claims.ID == "" {
		return nil, nil
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{string(app.Account), claims.Issuer, claims.ID}, "\x00")))
	use := &store.TokenUse{ID: hex.EncodeToString(sum[:]), Expires: claims.Expires.Add(2 * oidc.MaxSkew)}
	_, err := store.TokenUses.Get(ctx, e.Control.DB, use.ID)
	if fault.Is(err, fault.NotFound, fault.IdentityToken) {
		return use, nil
	}
	if err != nil {
		return nil, err
	}
	return nil, replayed()
}

func replayed() error {
	return fault.Refuse(fault.Invalid, fault.IdentityToken, fault.TokenReplayed,
		"the token was exchanged before; get a fresh one, or one without a jti claim")
}

// PersonOf finds the one person whom a token names, by the claim and the attribute that its issuer is set up with.
func PersonOf(
	call *control.Call, snap *engine.Snapshot, in directory.StoreID, issuer *sso.Issuer, claims *oidc.Claims,
) (*directory.User, error) {
	value := claims.Path(issuer.ClaimPath)
	if value == "" {
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.ClaimMissing,
			"the token has no claim %s that is a text", issuer.ClaimPath)
	}
	if issuer.ClaimPath == "email" && Unverified(claims) {
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.ClaimUnverified,
			"the issuer says that the email address is not verified")
	}
	var found []*directory.User
	switch issuer.StorePath {
	case sso.ByUserName:
		found = append(found, snap.PersonByKey(in, directory.NameKey(value)))
	case sso.ByEmail:
		found = append(found, snap.PersonByKey(in, directory.EmailKey(value)))
	case sso.ByExternalID:
		found = slices.DeleteFunc(snap.PeopleByExternalID(in, value), func(u *directory.User) bool {
			return !known(u, issuer, value)
		})
	}
	found = slices.DeleteFunc(found, func(u *directory.User) bool {
		return u == nil || !Means(u, issuer.StorePath, value)
	})
	switch len(found) {
	case 0:
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.UserNotFound,
			"no user of the identity store has the claim's value as %s", issuer.StorePath)
	case 1:
		return found[0], nil
	}
	return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.UserAmbiguous,
		"several users of the identity store have the claim's value as %s", issuer.StorePath)
}

// Means reports whether a claim's value is a user's name or address, as a provider compares them that keeps them in
// lower case. The directory compares more loosely, so that nobody takes a name that looks like another's: to it a long
// s is an s. To a provider those may be two people.
func Means(u *directory.User, path, value string) bool {
	switch path {
	case sso.ByUserName:
		return SameName(u.UserName, value)
	case sso.ByEmail:
		return slices.ContainsFunc(u.Emails, func(e directory.Email) bool { return SameName(e.Value, value) })
	}
	return true
}

// SameName reports whether two names are one in lower case.
func SameName(a, b string) bool {
	//lint:ignore SA6005 EqualFold takes a long s for an s, see Means
	return strings.ToLower(a) == strings.ToLower(b)
}

// known reports whether an external id of a user counts for an issuer: one that the issuer itself gave, or one of a
// source of the directory. Two issuers may call different people by the same id.
func known(u *directory.User, issuer *sso.Issuer, id string) bool {
	return slices.ContainsFunc(u.ExternalIDs, func(e directory.ExternalID) bool {
		return e.ID == id && (e.Issuer == issuer.URL ||
			!strings.HasPrefix(e.Issuer, "https://") && !strings.HasPrefix(e.Issuer, "http://"))
	})
}

// Unverified reports that an issuer says in so many words that the address in a token is not the user's. Some write it
// as text.
func Unverified(claims *oidc.Claims) bool {
	v := claims.All["email_verified"]
	text, _ := v.(string)
	return v == false || strings.EqualFold(text, "false")
}
