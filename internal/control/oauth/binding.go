package oauth

import (
	"context"
	"unicode/utf8"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// maxSubject is how many characters a subject may have (OpenID Connect Core 1.0, section 2: 255).
const maxSubject = 256

// Bearer is who presented a token: the person of the directory, and the subject of the issuer to whom the person is, or
// is to be, bound.
type Bearer struct {
	*directory.User
	Issuer  *sso.Issuer
	Subject string
	New     bool // the person is not bound to a subject of the issuer yet
}

// SubjectOf returns the immutable id of a token's person at the issuer.
func SubjectOf(issuer *sso.Issuer, claims *oidc.Claims) (string, error) {
	for _, name := range issuer.SubjectClaims() {
		s := claims.Path(name)
		if name == "sub" {
			s = claims.Subject
		}
		if s == "" {
			continue
		}
		if utf8.RuneCountInString(s) > maxSubject || utf8.RuneCountInString(issuer.URL) > maxSubject {
			return "", fault.Refuse(fault.Invalid, fault.IdentityToken, fault.ClaimTooLong,
				"the token's iss or %s has more than %d characters", name, maxSubject)
		}
		return s, nil
	}
	return "", fault.Refuse(fault.Invalid, fault.IdentityToken, fault.ClaimMissing,
		"the token has no claim %s that is a text", issuer.SubjectClaims()[0])
}

// CheckBinding refuses a token whose issuer has bound the user to somebody else: the provider has given the user's name
// or address to another person. bound reports whether the user is bound to the token's subject already. A user whom the
// issuer's own tokens brought is bound to its external id there.
func CheckBinding(u *directory.User, issuer *sso.Issuer, claims *oidc.Claims) (bound bool, err error) {
	subject, err := SubjectOf(issuer, claims)
	if err != nil {
		return false, err
	}
	now := u.BoundSubject(issuer.URL)
	brought := u.ExternalID(issuer.URL)
	if now != "" && now != subject || now == "" && brought != "" && brought != claims.Subject {
		return false, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.SubjectMismatch,
			"the user with this %s is another person at the provider: it has given the name or address to somebody else",
			issuer.StorePath)
	}
	return now != "", nil
}

// CheckLimits refuses an issuer that may not speak of a user.
func CheckLimits(u *directory.User, issuer *sso.Issuer) error {
	switch issuer.Limits.Of(u) {
	case sso.LimitedByDomain:
		return fault.Refuse(fault.Invalid, fault.IdentityToken, fault.IssuerDomain,
			"the issuer may not speak of people with an e-mail address in this domain")
	case sso.LimitedBySource:
		return fault.Refuse(fault.Invalid, fault.IdentityToken, fault.IssuerSource,
			"the issuer may not speak of people whom this source brought")
	}
	return nil
}

// bearerOf finds the person whom a token names, and checks that the token's subject is that person.
func bearerOf(
	call *control.Call, snap *engine.Snapshot, in directory.StoreID, issuer *sso.Issuer, claims *oidc.Claims,
) (*Bearer, error) {
	u, err := PersonOf(snap, in, issuer, claims)
	if err != nil {
		return nil, err
	}
	if err := CheckLimits(u, issuer); err != nil {
		return nil, err
	}
	bound, err := CheckBinding(u, issuer, claims)
	if err != nil {
		return nil, err
	}
	b := &Bearer{User: u, Issuer: issuer, New: !bound}
	if b.Subject, err = SubjectOf(issuer, claims); err != nil {
		return nil, err
	}
	for _, k := range b.keys(claims) {
		if other := snap.PersonByKey(in, k); other != nil && other.ID != u.ID {
			return nil, subjectBound()
		}
	}
	if b.New {
		call.Event.AdditionalEventData["identityBound"] = map[string]any{
			"issuer": issuer.URL, "subject": b.Subject, "userId": string(u.ID),
		}
	}
	return b, nil
}

// keys are the keys of the user who is the token's subject.
func (b *Bearer) keys(claims *oidc.Claims) []directory.Key {
	return []directory.Key{
		directory.BindingKey(b.Issuer.URL, b.Subject),
		directory.ExternalKey(directory.ExternalID{Issuer: b.Issuer.URL, ID: claims.Subject}),
	}
}

func subjectBound() error {
	return fault.Refuse(fault.Invalid, fault.IdentityToken, fault.SubjectBound,
		"the person whom the token names is another user of the identity store")
}

// bindNew binds a person on the first use of a token, before anything is handed out for it. What is handed out hangs
// on the binding, and carries the revision of the snapshot that decided it: every node must see the binding at that
// revision. So the binding is a commit of its own, and whoever calls bindNew decides again, by a snapshot that shows
// it. The record of the call says that the person was bound, whether the call succeeds or not.
func (e *Exchange) bindNew(ctx context.Context, b *Bearer) error {
	return e.Control.Engine.Update(ctx, func(tx *store.Tx) error { return b.bind(ctx, tx) })
}

// bind binds a person. Of two subjects that come at the same time, the second one is refused.
func (b *Bearer) bind(ctx context.Context, tx *store.Tx) error {
	u, err := store.DirectoryUsers.Get(ctx, tx, string(b.ID))
	if fault.Is(err, fault.NotFound, fault.DirectoryUser) {
		return fault.Refuse(fault.Denied, fault.SessionToken, fault.UserDeleted, "the directory user is deleted")
	}
	if err != nil {
		return err
	}
	switch u.BoundSubject(b.Issuer.URL) {
	case b.Subject:
		return nil
	case "":
	default:
		return fault.Refuse(fault.Invalid, fault.IdentityToken, fault.SubjectMismatch,
			"another person at the provider was faster to be this user")
	}
	u.Bind(directory.Binding{Issuer: b.Issuer.URL, Subject: b.Subject, Bound: tx.Now()})
	err = store.DirectoryUsers.Update(tx, u)
	if fault.Is(err, fault.AlreadyExists, fault.DirectoryUser) {
		return subjectBound()
	}
	return err
}
