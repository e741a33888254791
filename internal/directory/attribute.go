package directory

// attribute is one attribute of an entity: its name in attribute paths, and the place of its value.
type attribute struct {
	name string
	at   any // *string, *bool, a pointer to a list, or parts
}

// parts is a value that consists of attributes.
type parts interface{ attributes() []attribute }

func (u *User) attributes() []attribute {
	all := []attribute{
		{"userName", &u.UserName}, {"name", &u.Name}, {"displayName", &u.DisplayName}, {"nickName", &u.NickName},
		{"profileUrl", &u.ProfileURL}, {"userType", &u.UserType}, {"title", &u.Title},
		{"preferredLanguage", &u.PreferredLanguage}, {"locale", &u.Locale}, {"timezone", &u.Timezone},
		{"website", &u.Website}, {"birthdate", &u.Birthdate}, {"emails", &u.Emails}, {"addresses", &u.Addresses},
		{"phoneNumbers", &u.PhoneNumbers}, {"roles", &u.Roles}, {"photos", &u.Photos},
	}
	if u.Enterprise != nil {
		all = append(all, attribute{EnterpriseKey, u.Enterprise})
	}
	return all
}

func (g *Group) attributes() []attribute {
	return []attribute{{"displayName", &g.DisplayName}, {"description", &g.Description}}
}

func (n *Name) attributes() []attribute {
	return []attribute{
		{"formatted", &n.Formatted}, {"familyName", &n.FamilyName},
		{"givenName", &n.GivenName}, {"middleName", &n.MiddleName},
		{"honorificPrefix", &n.HonorificPrefix}, {"honorificSuffix", &n.HonorificSuffix},
	}
}

func (e *Email) attributes() []attribute {
	return []attribute{{"value", &e.Value}, {"type", &e.Type}, {"primary", &e.Primary}}
}

func (p *PhoneNumber) attributes() []attribute {
	return []attribute{{"value", &p.Value}, {"type", &p.Type}, {"primary", &p.Primary}}
}

func (r *Role) attributes() []attribute {
	return []attribute{{"value", &r.Value}, {"type", &r.Type}, {"primary", &r.Primary}}
}

func (p *Photo) attributes() []attribute {
	return []attribute{{"value", &p.Value}, {"type", &p.Type}, {"display", &p.Display}, {"primary", &p.Primary}}
}

func (a *Address) attributes() []attribute {
	return []attribute{
		{"streetAddress", &a.StreetAddress}, {"locality", &a.Locality}, {"region", &a.Region}, {"postalCode", &a.PostalCode},
		{"country", &a.Country}, {"formatted", &a.Formatted}, {"type", &a.Type}, {"primary", &a.Primary},
	}
}

func (e *Enterprise) attributes() []attribute {
	return []attribute{
		{"employeeNumber", &e.EmployeeNumber}, {"costCenter", &e.CostCenter}, {"organization", &e.Organization},
		{"division", &e.Division}, {"department", &e.Department}, {"manager", &e.Manager},
	}
}

func (m *Manager) attributes() []attribute { return []attribute{{"value", &m.Value}} }

// elements are the elements of a list of parts. ok is false if at is not such a list.
func elements(at any) (all []parts, ok bool) {
	switch l := at.(type) {
	case *[]Email:
		return each(*l), true
	case *[]PhoneNumber:
		return each(*l), true
	case *[]Role:
		return each(*l), true
	case *[]Photo:
		return each(*l), true
	case *[]Address:
		return each(*l), true
	}
	return nil, false
}

func each[T any, P interface {
	*T
	parts
}](list []T) []parts {
	all := make([]parts, len(list))
	for i := range list {
		all[i] = P(&list[i])
	}
	return all
}
