package api

import (
	"slices"

	wire "latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awswire"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// personIn reads the attributes of a new user.
func personIn(in *wire.CreateUserRequest) (directory.User, error) {
	u := directory.User{
		UserName: text(in.UserName), DisplayName: text(in.DisplayName), NickName: text(in.NickName), ProfileURL: text(in.ProfileUrl),
		UserType: text(in.UserType), Title: text(in.Title), PreferredLanguage: text(in.PreferredLanguage), Locale: text(in.Locale),
		Timezone: text(in.Timezone), Website: text(in.Website), Birthdate: text(in.Birthdate),
	}
	if n := in.Name; n != nil {
		u.Name = directory.Name{
			Formatted: text(n.Formatted), FamilyName: text(n.FamilyName), GivenName: text(n.GivenName), MiddleName: text(n.MiddleName),
			HonorificPrefix: text(n.HonorificPrefix), HonorificSuffix: text(n.HonorificSuffix),
		}
	}
	for _, e := range in.Emails {
		u.Emails = append(u.Emails, directory.Email{Value: text(e.Value), Type: text(e.Type), Primary: yes(e.Primary)})
	}
	for _, p := range in.PhoneNumbers {
		u.PhoneNumbers = append(u.PhoneNumbers, directory.PhoneNumber{Value: text(p.Value), Type: text(p.Type), Primary: yes(p.Primary)})
	}
	for _, r := range in.Roles {
		u.Roles = append(u.Roles, directory.Role{Value: text(r.Value), Type: text(r.Type), Primary: yes(r.Primary)})
	}
	for _, p := range in.Photos {
		u.Photos = append(u.Photos, directory.Photo{Value: text(p.Value), Type: text(p.Type), Display: text(p.Display), Primary: yes(p.Primary)})
	}
	for _, a := range in.Addresses {
		u.Addresses = append(u.Addresses, directory.Address{
			StreetAddress: text(a.StreetAddress), Locality: text(a.Locality), Region: text(a.Region), PostalCode: text(a.PostalCode),
			Country: text(a.Country), Formatted: text(a.Formatted), Type: text(a.Type), Primary: yes(a.Primary),
		})
	}
	for k, doc := range in.Extensions {
		if k != directory.EnterpriseKey {
			return u, fault.New(fault.Invalid, fault.Member, "There is no extension %s", k)
		}
		e, err := directory.ParseEnterprise(doc)
		if err != nil {
			return u, fault.New(fault.Invalid, fault.Member, "%s", err.Error())
		}
		u.Enterprise = e
	}
	return u, nil
}

// personOut is a user as the lists give it, and DescribeUser too. Extensions show only when they were asked for.
func personOut(u *directory.User, extensions []string) wire.User {
	w := wire.User{
		IdentityStoreId: new(string(u.Store)), UserId: new(string(u.ID)), UserName: optional(u.UserName), ExternalIds: externalOut(u.ExternalIDs),
		DisplayName: optional(u.DisplayName), NickName: optional(u.NickName), ProfileUrl: optional(u.ProfileURL), UserType: optional(u.UserType),
		Title: optional(u.Title), PreferredLanguage: optional(u.PreferredLanguage), Locale: optional(u.Locale), Timezone: optional(u.Timezone),
		Website: optional(u.Website), Birthdate: optional(u.Birthdate), UserStatus: new("ENABLED"),
		CreatedAt: new(u.Created), CreatedBy: optional(u.CreatedBy), UpdatedAt: new(u.Updated), UpdatedBy: optional(u.UpdatedBy),
	}
	if u.Disabled {
		w.UserStatus = new("DISABLED")
	}
	if n := u.Name; n != (directory.Name{}) {
		w.Name = &wire.Name{
			Formatted: optional(n.Formatted), FamilyName: optional(n.FamilyName), GivenName: optional(n.GivenName), MiddleName: optional(n.MiddleName),
			HonorificPrefix: optional(n.HonorificPrefix), HonorificSuffix: optional(n.HonorificSuffix),
		}
	}
	for _, e := range u.Emails {
		w.Emails = append(w.Emails, wire.Email{Value: optional(e.Value), Type: optional(e.Type), Primary: ifYes(e.Primary)})
	}
	for _, p := range u.PhoneNumbers {
		w.PhoneNumbers = append(w.PhoneNumbers, wire.PhoneNumber{Value: optional(p.Value), Type: optional(p.Type), Primary: ifYes(p.Primary)})
	}
	for _, r := range u.Roles {
		w.Roles = append(w.Roles, wire.Role{Value: optional(r.Value), Type: optional(r.Type), Primary: ifYes(r.Primary)})
	}
	for _, p := range u.Photos {
		w.Photos = append(w.Photos, wire.Photo{Value: optional(p.Value), Type: optional(p.Type), Display: optional(p.Display), Primary: ifYes(p.Primary)})
	}
	for _, a := range u.Addresses {
		w.Addresses = append(w.Addresses, wire.Address{
			StreetAddress: optional(a.StreetAddress), Locality: optional(a.Locality), Region: optional(a.Region), PostalCode: optional(a.PostalCode),
			Country: optional(a.Country), Formatted: optional(a.Formatted), Type: optional(a.Type), Primary: ifYes(a.Primary),
		})
	}
	if u.Enterprise != nil && slices.Contains(extensions, directory.EnterpriseKey) {
		w.Extensions = map[string]any{directory.EnterpriseKey: u.Enterprise.Document()}
	}
	return w
}

func groupOut(g *directory.Group) wire.Group {
	return wire.Group{
		GroupId: new(string(g.ID)), DisplayName: optional(g.DisplayName), ExternalIds: externalOut(g.ExternalIDs), Description: optional(g.Description),
		CreatedAt: new(g.Created), CreatedBy: optional(g.CreatedBy), UpdatedAt: new(g.Updated), UpdatedBy: optional(g.UpdatedBy),
		IdentityStoreId: new(string(g.Store)),
	}
}

// membershipOut is a membership, which never changes: it was updated when it was made.
func membershipOut(m *directory.Membership) wire.GroupMembership {
	return wire.GroupMembership{
		IdentityStoreId: new(string(m.Store)), MembershipId: new(string(m.ID)), GroupId: new(string(m.Group)),
		MemberId: &wire.MemberId{UserId: new(string(m.User))}, CreatedAt: new(m.Created), CreatedBy: optional(m.CreatedBy),
		UpdatedAt: new(m.Created), UpdatedBy: optional(m.CreatedBy),
	}
}

func membershipsOut(in []directory.Membership) []wire.GroupMembership {
	all := make([]wire.GroupMembership, len(in))
	for i := range in {
		all[i] = membershipOut(&in[i])
	}
	return all
}

func externalOut(in []directory.ExternalID) (all []wire.ExternalId) {
	for _, e := range in {
		all = append(all, wire.ExternalId{Issuer: new(e.Issuer), Id: new(e.ID)})
	}
	return all
}

func yes(p *bool) bool { return awswire.Value(p) }

// ifYes leaves out what is false.
func ifYes(b bool) *bool { return awswire.Optional(b) }
