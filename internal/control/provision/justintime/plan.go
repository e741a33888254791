package justintime

import (
	"cmp"
	"context"
	"reflect"

	"latchkey/internal/control/oauth"
	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// plan is what a token changes in the directory.
type plan struct {
	*bearer
	names []string // of the groups claim

	user             *directory.User // the user after the change; nil: there is none, and none is to be created
	created, changed bool            // whether the user is to be created; to be changed
	join, leave      []directory.GroupID
}

func (d *plan) empty() bool { return !d.created && !d.changed && len(d.join) == 0 && len(d.leave) == 0 }

// build compares the token with the directory.
func (d *plan) build(ctx context.Context, q store.Querier) error {
	if d.claims.Path(d.issuer.ClaimPath) == "" || d.issuer.ClaimPath == "email" && oauth.Unverified(d.claims) {
		return nil // package oauth refuses a person who cannot be identified, so none is created
	}
	now, err := d.findUser(ctx, q)
	if err != nil {
		return err
	}
	switch {
	case now == nil && d.signIn.CreateUsers:
		u := directory.User{ExternalIDs: []directory.ExternalID{d.externalID}}
		u.CreatedBy = By(d.issuer.URL) // which a limit to sources asks for
		d.user, d.created = d.attributes(u), true
	case now == nil:
		return nil // package oauth refuses a person who has no user
	case d.signIn.CreateUsers && now.CreatedBy == By(d.issuer.URL):
		d.user = d.attributes(*now)
		d.changed = !reflect.DeepEqual(d.user, now)
	default:
		d.user = now
	}
	if err := oauth.CheckLimits(d.user, d.issuer); err != nil {
		return err
	}
	if d.signIn.GroupsClaim == "" {
		return nil
	}
	return d.compare(ctx, q)
}

// compare finds the groups to join and to leave. A token can only end memberships that tokens of the same provider
// brought.
func (d *plan) compare(ctx context.Context, q store.Querier) error {
	want, in := map[directory.GroupID]bool{}, map[directory.GroupID]bool{}
	var order []directory.GroupID
	for _, name := range d.names {
		g, err := store.DirectoryGroupByKey(ctx, q, d.store, directory.NameKey(name))
		if fault.Is(err, fault.NotFound, fault.DirectoryGroup) {
			continue
		}
		if err != nil {
			return err
		}
		if d.claimDecides(g) && oauth.SameName(g.DisplayName, name) && !want[g.ID] {
			want[g.ID], order = true, append(order, g.ID)
		}
	}
	const page = 1000
	for after, more := int64(0), d.user.ID != ""; more; {
		some, err := store.MembershipsOfUser(ctx, q, d.user.ID, after, page)
		if err != nil {
			return err
		}
		for _, m := range some {
			in[m.Group], after = true, m.Seq
			if m.CreatedBy == By(d.issuer.URL) && !want[m.Group] {
				d.leave = append(d.leave, m.Group)
			}
		}
		more = len(some) == page
	}
	for _, g := range order {
		if !in[g] {
			d.join = append(d.join, g)
		}
	}
	return nil
}

// claimDecides reports whether a provider's claim may set who is in a group. It may if the group was created by hand
// and has no other source. Not every provisioning client gives its groups an external id, so the stamp is checked, too.
func (d *plan) claimDecides(g *directory.Group) bool {
	if provision.IsToken(g.CreatedBy) {
		return false
	}
	for _, e := range g.ExternalIDs {
		if e.Issuer != d.issuer.URL {
			return false
		}
	}
	return true
}

// apply carries out the plan. It removes memberships before it adds others.
func (d *plan) apply(w *provision.Writer) (u *directory.User, err error) {
	u = d.user
	switch {
	case d.created:
		u, err = w.CreateUser(*u, directory.SaysNothing)
	case d.changed:
		u, err = w.ReplaceUser(*u, directory.SaysNothing)
	}
	for _, g := range d.leave {
		if err == nil {
			_, err = w.RemoveMembers(g, []directory.UserID{u.ID})
		}
	}
	for _, g := range d.join {
		if err == nil {
			_, err = w.AddMembers(g, []directory.UserID{u.ID})
		}
	}
	return u, err
}

// attributes returns a user with the attributes in the token (OpenID Connect Core 1.0, 5.1). Attributes that the token
// does not have stay. Of the attributes by which others may find the user, only those count that the provider has
// verified, or that the administrator chose to identify people by.
func (d *plan) attributes(u directory.User) *directory.User {
	email, name := "", cmp.Or(u.UserName, d.claims.Subject)
	if verified, _ := d.claims.EmailVerified(); verified {
		email = d.claims.Path("email")
	}
	mapped := d.claims.Path(d.issuer.ClaimPath)
	switch d.issuer.StorePath {
	case sso.ByUserName:
		name = mapped
	case sso.ByEmail:
		email, name = mapped, mapped
	default:
		name = cmp.Or(email, name)
	}
	u.UserName = name
	if email != "" {
		u.Emails = []directory.Email{{Value: email, Type: "work", Primary: true}}
	}
	u.Name.GivenName = cmp.Or(d.claims.Path("given_name"), u.Name.GivenName)
	u.Name.FamilyName = cmp.Or(d.claims.Path("family_name"), u.Name.FamilyName)
	u.DisplayName = cmp.Or(d.claims.Path("name"), u.DisplayName, u.UserName)
	return &u
}
