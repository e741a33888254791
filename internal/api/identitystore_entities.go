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
		UserName:          awswire.Value(in.UserName),
		DisplayName:       awswire.Value(in.DisplayName),
		NickName:          awswire.Value(in.NickName),
		ProfileURL:        awswire.Value(in.ProfileUrl),
		UserType:          awswire.Value(in.UserType),
		Title:             awswire.Value(in.Title),
		PreferredLanguage: awswire.Value(in.PreferredLanguage),
		Locale:            awswire.Value(in.Locale),
		Timezone:          awswire.Value(in.Timezone),
		Website:           awswire.Value(in.Website),
		Birthdate:         awswire.Value(in.Birthdate),
	}
	if n := in.Name; n != nil {
		u.Name = directory.Name{
			Formatted:       awswire.Value(n.Formatted),
			FamilyName:      awswire.Value(n.FamilyName),
			GivenName:       awswire.Value(n.GivenName),
			MiddleName:      awswire.Value(n.MiddleName),
			HonorificPrefix: awswire.Value(n.HonorificPrefix),
			HonorificSuffix: awswire.Value(n.HonorificSuffix),
		}
	}
	for _, e := range in.Emails {
		u.Emails = append(u.Emails,
			directory.Email{Value: awswire.Value(e.Value), Type: awswire.Value(e.Type), Primary: awswire.Value(e.Primary)})
	}
	for _, p := range in.PhoneNumbers {
		u.PhoneNumbers = append(u.PhoneNumbers,
			directory.PhoneNumber{Value: awswire.Value(p.Value), Type: awswire.Value(p.Type), Primary: awswire.Value(p.Primary)})
	}
	for _, r := range in.Roles {
		u.Roles = append(u.Roles,
			directory.Role{Value: awswire.Value(r.Value), Type: awswire.Value(r.Type), Primary: awswire.Value(r.Primary)})
	}
	for _, p := range in.Photos {
		u.Photos = append(u.Photos,
			directory.Photo{
				Value:   awswire.Value(p.Value),
				Type:    awswire.Value(p.Type),
				Display: awswire.Value(p.Display),
				Primary: awswire.Value(p.Primary),
			})
	}
	for _, a := range in.Addresses {
		u.Addresses = append(u.Addresses, directory.Address{
			StreetAddress: awswire.Value(a.StreetAddress),
			Locality:      awswire.Value(a.Locality),
			Region:        awswire.Value(a.Region),
			PostalCode:    awswire.Value(a.PostalCode),
			Country:       awswire.Value(a.Country),
			Formatted:     awswire.Value(a.Formatted),
			Type:          awswire.Value(a.Type),
			Primary:       awswire.Value(a.Primary),
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

// personOut is a user as the lists and DescribeUser give it. It has extensions only if the request asked for them.
func personOut(u *directory.User, extensions []string) wire.User {
	w := wire.User{
		IdentityStoreId:   new(string(u.Store)),
		UserId:            new(string(u.ID)),
		UserName:          awswire.Optional(u.UserName),
		ExternalIds:       externalOut(u.ExternalIDs),
		DisplayName:       awswire.Optional(u.DisplayName),
		NickName:          awswire.Optional(u.NickName),
		ProfileUrl:        awswire.Optional(u.ProfileURL),
		UserType:          awswire.Optional(u.UserType),
		Title:             awswire.Optional(u.Title),
		PreferredLanguage: awswire.Optional(u.PreferredLanguage),
		Locale:            awswire.Optional(u.Locale),
		Timezone:          awswire.Optional(u.Timezone),
		Website:           awswire.Optional(u.Website),
		Birthdate:         awswire.Optional(u.Birthdate),
		UserStatus:        new("ENABLED"),
		CreatedAt:         new(u.Created),
		CreatedBy:         awswire.Optional(u.CreatedBy),
		UpdatedAt:         new(u.Updated),
		UpdatedBy:         awswire.Optional(u.UpdatedBy),
	}
	if u.Disabled {
		w.UserStatus = new("DISABLED")
	}
	if n := u.Name; n != (directory.Name{}) {
		w.Name = &wire.Name{
			Formatted:       awswire.Optional(n.Formatted),
			FamilyName:      awswire.Optional(n.FamilyName),
			GivenName:       awswire.Optional(n.GivenName),
			MiddleName:      awswire.Optional(n.MiddleName),
			HonorificPrefix: awswire.Optional(n.HonorificPrefix),
			HonorificSuffix: awswire.Optional(n.HonorificSuffix),
		}
	}
	for _, e := range u.Emails {
		w.Emails = append(w.Emails,
			wire.Email{Value: awswire.Optional(e.Value), Type: awswire.Optional(e.Type), Primary: awswire.Optional(e.Primary)})
	}
	for _, p := range u.PhoneNumbers {
		w.PhoneNumbers = append(w.PhoneNumbers,
			wire.PhoneNumber{
				Value:   awswire.Optional(p.Value),
				Type:    awswire.Optional(p.Type),
				Primary: awswire.Optional(p.Primary),
			})
	}
	for _, r := range u.Roles {
		w.Roles = append(w.Roles,
			wire.Role{Value: awswire.Optional(r.Value), Type: awswire.Optional(r.Type), Primary: awswire.Optional(r.Primary)})
	}
	for _, p := range u.Photos {
		w.Photos = append(w.Photos,
			wire.Photo{
				Value:   awswire.Optional(p.Value),
				Type:    awswire.Optional(p.Type),
				Display: awswire.Optional(p.Display),
				Primary: awswire.Optional(p.Primary),
			})
	}
	for _, a := range u.Addresses {
		w.Addresses = append(w.Addresses, wire.Address{
			StreetAddress: awswire.Optional(a.StreetAddress),
			Locality:      awswire.Optional(a.Locality),
			Region:        awswire.Optional(a.Region),
			PostalCode:    awswire.Optional(a.PostalCode),
			Country:       awswire.Optional(a.Country),
			Formatted:     awswire.Optional(a.Formatted),
			Type:          awswire.Optional(a.Type),
			Primary:       awswire.Optional(a.Primary),
		})
	}
	if u.Enterprise != nil && slices.Contains(extensions, directory.EnterpriseKey) {
		w.Extensions = map[string]any{directory.EnterpriseKey: u.Enterprise.Document()}
	}
	return w
}

func groupOut(g *directory.Group) wire.Group {
	return wire.Group{
		GroupId:         new(string(g.ID)),
		DisplayName:     awswire.Optional(g.DisplayName),
		ExternalIds:     externalOut(g.ExternalIDs),
		Description:     awswire.Optional(g.Description),
		CreatedAt:       new(g.Created),
		CreatedBy:       awswire.Optional(g.CreatedBy),
		UpdatedAt:       new(g.Updated),
		UpdatedBy:       awswire.Optional(g.UpdatedBy),
		IdentityStoreId: new(string(g.Store)),
	}
}

// membershipOut is a membership. A membership never changes, so its time of update is its time of creation.
func membershipOut(m *directory.Membership) wire.GroupMembership {
	return wire.GroupMembership{
		IdentityStoreId: new(string(m.Store)),
		MembershipId:    new(string(m.ID)),
		GroupId:         new(string(m.Group)),
		MemberId:        &wire.MemberId{UserId: new(string(m.User))},
		CreatedAt:       new(m.Created),
		CreatedBy:       awswire.Optional(m.CreatedBy),
		UpdatedAt:       new(m.Created),
		UpdatedBy:       awswire.Optional(m.CreatedBy),
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
