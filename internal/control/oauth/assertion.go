package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// byAssertion finds the person whom an external identity token names.
func (e *Exchange) byAssertion(
	ctx context.Context, call *control.Call, app *sso.Application, grant *sso.Grant, in Request,
) (*tokenSubject, error) {
	if in.Assertion.IsZero() {
		return nil, missing("assertion")
	}
	var issuer *sso.Issuer
	from := caller.Network(call.Facts.SourceIP)
	claims, err := e.Verifier.Verify(ctx, in.Assertion.Reveal(), from, func(iss string) (known oidc.Issuer, ok bool) {
		for _, a := range grant.Issuers {
			if i := call.Snapshot.Issuer(a.IssuerARN); i != nil && i.InstanceID == app.InstanceID && i.URL == iss {
				issuer, ok = i, true
				known.Audiences = slices.Concat(known.Audiences, a.Audiences)
			}
		}
		return known, ok
	})
	if bad, ok := errors.AsType[*oidc.Error](err); ok {
		kind := fault.Invalid
		if bad.Reason == fault.KeysNotRefetched { // a client may try again later
			kind = fault.Throttled
		}
		return nil, fault.Refuse(kind, fault.IdentityToken, bad.Reason, "%s", bad.Text).Because(err)
	}
	if err != nil {
		return nil, err
	}
	call.Event.AdditionalEventData["assertion"] = map[string]any{
		"issuer":  claims.Issuer,
		"subject": claims.Subject,
		"jti":     claims.ID,
	}
	use, err := e.checkUnused(ctx, call, app, claims)
	if err != nil {
		return nil, err
	}
	if err := e.ProvisionPerson(ctx, call, app.Account, issuer, claims); err != nil {
		return nil, err
	}
	who, bearer, err := e.bearerSubject(call, app, grant, issuer, claims)
	if err == nil && bearer.New {
		if err = e.bindNew(ctx, bearer); err == nil {
			who, _, err = e.bearerSubject(call, app, grant, issuer, claims)
		}
	}
	if err != nil {
		return nil, err
	}
	who.tokenUse = use
	return who, nil
}

// bearerSubject finds the person of a verified token by what is known now: the issuer may have taken seconds to answer.
// Only a person who may use the application is returned.
func (e *Exchange) bearerSubject(
	call *control.Call, app *sso.Application, grant *sso.Grant, issuer *sso.Issuer, claims *oidc.Claims,
) (*tokenSubject, *Bearer, error) {
	snap, err := e.Control.Engine.Snapshot()
	if err != nil {
		return nil, nil, err
	}
	center := snap.IdentityCenter(app.Account)
	if center == nil || center.ID != app.InstanceID {
		return nil, nil, fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientUnknown,
			"the application's Identity Center instance is deleted")
	}
	u, err := bearerOf(call, snap, directory.StoreID(center.IdentityStoreID), issuer, claims)
	if err != nil {
		return nil, nil, err
	}
	if err := caller.PersonStands(snap, app.ARN(), center.IdentityStoreID, u.ID); err != nil {
		return nil, nil, asPlainDenial(err)
	}
	return &tokenSubject{
		Delegation: credential.Delegation{
			IdentityStoreID:        center.IdentityStoreID,
			UserID:                 string(u.ID),
			IdentityCenterInstance: center.ARN(),
			IssuerARN:              issuer.ARN(),
		},
		snapshot: snap,
		signedIn: call.Facts.Time,
		grounds:  personGrounds(app, grant, u, claims),
	}, u, nil
}

// checkUnused checks that a token with an id was not exchanged before. It returns the row that will mark the token as
// used. A token without an id may be exchanged until it expires, as on AWS.
func (e *Exchange) checkUnused(
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

// PersonOf finds the one person whom a token names, by the claim and the attribute that are configured for its issuer.
func PersonOf(
	snap *engine.Snapshot, in directory.StoreID, issuer *sso.Issuer, claims *oidc.Claims,
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
			return !issuerKnows(u, issuer, value)
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

// Means reports whether a claim's value is a user's name or address. It compares as a provider does that stores them in
// lower case. The directory compares more loosely, so that nobody can register a name that looks like another's: the
// directory takes a long s for an s. To a provider those may be two people.
func Means(u *directory.User, path, value string) bool {
	switch path {
	case sso.ByUserName:
		return SameName(u.UserName, value)
	case sso.ByEmail:
		return SameName(u.Email(), value)
	}
	return true
}

// SameName reports whether two names are equal in lower case.
func SameName(a, b string) bool {
	//lint:ignore SA6005 EqualFold takes a long s for an s, see Means
	return strings.ToLower(a) == strings.ToLower(b)
}

// issuerKnows reports whether an external id of a user counts for an issuer. It does if the issuer itself gave it, or
// if a source of the directory did. Two issuers may use the same id for different people.
func issuerKnows(u *directory.User, issuer *sso.Issuer, id string) bool {
	return slices.ContainsFunc(u.ExternalIDs, func(e directory.ExternalID) bool {
		return e.ID == id && (e.Issuer == issuer.URL ||
			!strings.HasPrefix(e.Issuer, "https://") && !strings.HasPrefix(e.Issuer, "http://"))
	})
}

// Unverified reports whether an issuer says that the address in a token is not verified.
func Unverified(claims *oidc.Claims) bool {
	verified, said := claims.EmailVerified()
	return said && !verified
}
