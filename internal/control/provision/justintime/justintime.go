// Package justintime provisions people into the directory when they present a token of the OpenID provider at which
// their account signs in. It is for teams that have no other source of a directory. A person without a user gets one,
// and the provider's groups claim says in which of the account's groups the person is.
//
// The package does nothing unless the account's sign-in asks for it. It ignores tokens that were issued to another
// client, because those may lack the groups claim. It creates no group, so that a provider with thousands of groups
// does not bring them all: an administrator creates those that are to have grants. It never changes what other sources
// manage. Package oidc has verified the token before, and package oauth decides afterwards whether the person gets what
// was asked for.
package justintime

import (
	"context"
	"slices"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/control"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Source is the event source of the records of this package.
const Source = "latchkey.local"

// Provisioner provisions people just in time.
type Provisioner struct{ Control *control.Control }

// bearer is a person who presented a token.
type bearer struct {
	call       *control.Call
	account    access.AccountID
	store      directory.StoreID
	signIn     *sso.SignIn
	issuer     *sso.Issuer
	claims     *oidc.Claims
	externalID directory.ExternalID // the person's id at the provider
}

// By is the name of the provider in the stamps of rows that its tokens brought.
func By(issuerURL string) string { return "oidc:" + issuerURL }

// Provision updates the directory from a verified token: it creates or updates the user that the token names, and adds
// the user to groups and removes it from groups. When it returns, its changes are committed, with a record of their
// own. It refuses a token that does not say enough, or whose values another user has, in the same way as package oauth.
func (a *Provisioner) Provision(
	ctx context.Context, call *control.Call, account access.AccountID, issuer *sso.Issuer, claims *oidc.Claims,
) error {
	snap, err := a.Control.Engine.Snapshot()
	if err != nil {
		return err
	}
	in, center := snap.SignIn(account), snap.IdentityCenter(account)
	if in == nil || center == nil || in.IssuerURL != issuer.URL || !slices.Contains(claims.Audience, in.ClientID) ||
		!in.CreateUsers && in.GroupsClaim == "" {
		return nil
	}
	p := &bearer{
		call:       call,
		account:    account,
		store:      directory.StoreID(center.IdentityStoreID),
		signIn:     in,
		issuer:     issuer,
		claims:     claims,
		externalID: directory.ExternalID{Issuer: issuer.URL, ID: claims.Subject},
	}
	names, err := p.groupNames()
	if err != nil {
		return err
	}
	// Usually there is nothing to change. Then there is no need to wait for the write lock.
	d := &plan{bearer: p, names: names}
	var seen store.Rev
	err = a.Control.DB.Snapshot(ctx, func(r *store.Reader) error {
		seen = r.Rev()
		return d.build(ctx, r)
	})
	if err != nil {
		return err
	}
	if d.empty() {
		// Another request of the same person may have made the user a moment ago. Whoever looks for the user next asks
		// the engine, which must know as much as the plan did.
		return a.Control.Engine.Await(ctx, seen)
	}
	err = a.commit(ctx, p, names)
	if userExists(err) { // a concurrent request of the same person has created the user
		err = a.commit(ctx, p, names)
	}
	if fault.Is(err, fault.Invalid, fault.Member) {
		return p.refuse(fault.UserInvalid, "no user can be made of what the token says: %s", fault.Of(err).Message())
	}
	if userExists(err) {
		return p.refuse(fault.UserConflict,
			"another user of the directory has the user name or the address that the token says")
	}
	return err
}

func userExists(err error) bool { return fault.Is(err, fault.AlreadyExists, fault.DirectoryUser) }

// commit makes the plan once more inside a transaction, and carries it out.
func (a *Provisioner) commit(ctx context.Context, p *bearer, names []string) error {
	snap, err := a.Control.Engine.Snapshot()
	if err != nil {
		return err
	}
	who := audit.Identity{
		Type:             "WebIdentityUser",
		PrincipalID:      p.externalID.Issuer + ":" + p.externalID.ID,
		UserName:         p.externalID.ID,
		IdentityProvider: p.externalID.Issuer,
	}
	facts := p.call.Facts
	if facts.Region == "" {
		facts.Region = a.Control.Region
	}
	record := a.Control.BeginFor(control.Outsider{Identity: who, Account: p.account, Snapshot: snap, Facts: facts},
		control.Opening{Source: Source, Operation: "UserArrival"})
	record.ByRight(control.OpenIDProvider)
	return a.Control.Update(ctx, record, func(tx *store.Tx) error {
		w, err := provision.Open(ctx, tx,
			provision.Source{Account: p.account, By: By(p.issuer.URL), Snapshot: snap, Quotas: a.Control.Quotas})
		if err != nil {
			return err
		}
		d := &plan{bearer: p, names: names}
		if err := d.build(ctx, tx); err != nil {
			return err
		}
		u, err := d.apply(w)
		if err != nil {
			return err
		}
		record.Event.RequestParameters["userId"], record.Event.RequestParameters["userName"] = string(u.ID), u.UserName
		record.Event.RequestParameters["groupsJoined"], record.Event.RequestParameters["groupsLeft"] = d.join, d.leave
		return nil
	})
}

// The limits of what a token may say.
const (
	maxGroups = 1000
	maxID     = 256 // of an external id (Identity Store API reference, ExternalId)
)

// groupNames returns the names in the groups claim. It refuses a token from which the provider left out the groups
// because there were too many. Otherwise chance would decide who loses access and who keeps it.
func (p *bearer) groupNames() ([]string, error) {
	if utf8.RuneCountInString(p.externalID.ID) > maxID || utf8.RuneCountInString(p.externalID.Issuer) > maxID {
		return nil, p.refuse(fault.ClaimTooLong, "the token's iss or sub has more than %d characters", maxID)
	}
	if p.signIn.GroupsClaim == "" {
		return nil, nil
	}
	if claimNames, ok := p.claims.All["_claim_names"].(map[string]any); ok && claimNames[p.signIn.GroupsClaim] != nil {
		return nil, p.refuse(fault.GroupsOverage,
			"the provider left the groups out because there are too many: "+
				"let it send only those that are assigned to this client")
	}
	var names []string
	switch v := p.claims.All[p.signIn.GroupsClaim].(type) {
	case nil: // many providers send no claim for a person who is in no group
	case string:
		names = []string{v}
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, p.refuse(fault.GroupsMalformed, "the claim %s is not a list of names", p.signIn.GroupsClaim)
			}
			names = append(names, s)
		}
	default:
		return nil, p.refuse(fault.GroupsMalformed, "the claim %s is not a list of names", p.signIn.GroupsClaim)
	}
	if len(names) > maxGroups {
		return nil, p.refuse(fault.GroupsTooMany, "the claim %s has more than %d names", p.signIn.GroupsClaim, maxGroups)
	}
	return names, nil
}

func (p *bearer) refuse(r fault.Reason, format string, args ...any) error {
	return fault.Refuse(fault.Invalid, fault.IdentityToken, r, format, args...)
}

// findUser finds the user for the token's subject: by the provider's own id or, failing that, by the attribute that the
// issuer is configured with. It refuses a user who is another person at the provider.
func (p *bearer) findUser(ctx context.Context, q store.Querier) (*directory.User, error) {
	find := func(k directory.Key) (*directory.User, error) {
		u, err := store.DirectoryUserByKey(ctx, q, p.store, k)
		if fault.Is(err, fault.NotFound, fault.DirectoryUser) {
			return nil, nil
		}
		return u, err
	}
	subject, err := oauth.SubjectOf(p.issuer, p.claims)
	if err != nil {
		return nil, err
	}
	for _, k := range []directory.Key{
		directory.ExternalKey(p.externalID), directory.BindingKey(p.issuer.URL, subject),
	} {
		if u, err := find(k); u != nil || err != nil {
			return u, err
		}
	}
	var u *directory.User
	switch value := p.claims.Path(p.issuer.ClaimPath); p.issuer.StorePath {
	case sso.ByUserName:
		u, err = find(directory.NameKey(value))
	case sso.ByEmail:
		u, err = find(directory.EmailKey(value))
	}
	if u == nil || err != nil || !oauth.Means(u, p.issuer.StorePath, p.claims.Path(p.issuer.ClaimPath)) {
		return nil, err
	}
	if _, err := oauth.CheckBinding(u, p.issuer, p.claims); err != nil {
		return nil, err
	}
	return u, nil
}
