package scim

import (
	"slices"
	"strings"
	"time"

	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
)

// Issuer is the issuer of the external ids that provisioning clients give. GetUserId and GetGroupId take it as
// ExternalId.Issuer. On AWS it is the address of the SCIM endpoint. Here that address names no account.
const Issuer = directory.SCIM

// view renders resources as of one snapshot, for one request.
type view struct {
	snap   *engine.Snapshot
	base   string // address of the endpoints: https://host/scim/v2
	strict bool   // as AWS answers
}

// userTexts returns the single-valued text attributes of a user, by their SCIM names.
func userTexts(u *directory.User) map[string]*string {
	return map[string]*string{
		"userName":          &u.UserName,
		"displayName":       &u.DisplayName,
		"nickName":          &u.NickName,
		"profileUrl":        &u.ProfileURL,
		"title":             &u.Title,
		"userType":          &u.UserType,
		"preferredLanguage": &u.PreferredLanguage,
		"locale":            &u.Locale,
		"timezone":          &u.Timezone,
	}
}

func nameTexts(n *directory.Name) map[string]*string {
	return map[string]*string{
		"formatted": &n.Formatted, "familyName": &n.FamilyName, "givenName": &n.GivenName, "middleName": &n.MiddleName,
		"honorificPrefix": &n.HonorificPrefix, "honorificSuffix": &n.HonorificSuffix,
	}
}

func enterpriseTexts(e *directory.Enterprise) map[string]*string {
	return map[string]*string{
		"employeeNumber": &e.EmployeeNumber, "costCenter": &e.CostCenter, "organization": &e.Organization,
		"division": &e.Division, "department": &e.Department,
	}
}

func addressTexts(a *directory.Address) map[string]*string {
	return map[string]*string{
		"formatted": &a.Formatted, "streetAddress": &a.StreetAddress, "locality": &a.Locality, "region": &a.Region,
		"postalCode": &a.PostalCode, "country": &a.Country, "type": &a.Type,
	}
}

// addTexts adds the texts that are not empty to an object.
func addTexts(m map[string]any, texts map[string]*string) map[string]any {
	for name, s := range texts {
		if *s != "" {
			m[name] = *s
		}
	}
	return m
}

// setTexts sets texts from an object. A text that the object does not have becomes empty.
func setTexts(m map[string]any, texts map[string]*string) {
	for name, s := range texts {
		*s = textOf(m, name)
	}
}

// user renders a user as a document, without attributes that come from other rows of the snapshot. active is what
// provisioning clients said themselves. A client reads back what it wrote, even while an administrator or another
// source keeps the user out.
func (v *view) user(u *directory.User) document {
	d := document{
		"schemas": []any{userSchema}, "id": string(u.ID), "active": !u.Blocked(Issuer),
		"meta": v.meta("User", "Users/"+string(u.ID), u.Stamp),
	}
	addTexts(d, userTexts(u))
	d.put("externalId", provision.ExternalID(u.ExternalIDs, Issuer))
	if n := addTexts(map[string]any{}, nameTexts(&u.Name)); len(n) > 0 {
		d["name"] = n
	}
	var emails, phones, roles, photos, addresses []any
	for _, e := range u.Emails {
		emails = append(emails, value(e.Value, e.Type, "", e.Primary))
	}
	for _, e := range u.PhoneNumbers {
		phones = append(phones, value(e.Value, e.Type, "", e.Primary))
	}
	for _, e := range u.Roles {
		roles = append(roles, value(e.Value, e.Type, "", e.Primary))
	}
	for _, e := range u.Photos {
		photos = append(photos, value(e.Value, e.Type, e.Display, e.Primary))
	}
	for _, a := range u.Addresses {
		addresses = append(addresses, primary(addTexts(map[string]any{}, addressTexts(&a)), a.Primary))
	}
	for name, all := range map[string][]any{
		"emails":       emails,
		"phoneNumbers": phones,
		"roles":        roles,
		"photos":       photos,
		"addresses":    addresses,
	} {
		if len(all) > 0 {
			d[name] = all
		}
	}
	if u.Enterprise != nil {
		e := addTexts(d.inExtension(), enterpriseTexts(u.Enterprise))
		if u.Enterprise.Manager.Value != "" {
			e["manager"] = map[string]any{"value": u.Enterprise.Manager.Value}
		}
		d["schemas"] = []any{userSchema, enterpriseSchema}
	}
	return d
}

func (d document) put(name, s string) {
	if s != "" {
		d[name] = s
	}
}

func value(s, kind, display string, first bool) map[string]any {
	return primary(addTexts(map[string]any{}, map[string]*string{"value": &s, "type": &kind, "display": &display}), first)
}

func primary(m map[string]any, first bool) map[string]any {
	if first {
		m["primary"] = true
	}
	return m
}

func (v *view) meta(kind, at string, s directory.Stamp) map[string]any {
	m := map[string]any{"resourceType": kind, "location": v.base + "/" + at}
	if !s.Created.IsZero() {
		m["created"], m["lastModified"] = s.Created.UTC().Format(time.RFC3339), s.Updated.UTC().Format(time.RFC3339)
	}
	return m
}

// parseUser makes a user from a document. Attributes that SCIM does not have stay as they are in base, and so does the
// status.
func parseUser(d document, base directory.User) (directory.User, error) {
	u := base
	setTexts(d, userTexts(&u))
	name, _ := d["name"].(map[string]any)
	setTexts(name, nameTexts(&u.Name))
	u.ExternalIDs = provision.WithExternalID(base.ExternalIDs, Issuer, textOf(d, "externalId"))
	u.Emails, u.PhoneNumbers, u.Roles, u.Photos, u.Addresses = nil, nil, nil, nil, nil
	for _, m := range mainFirst(valuesOf(d, "emails")) {
		u.Emails = append(u.Emails,
			directory.Email{Value: textOf(m, "value"), Type: textOf(m, "type"), Primary: boolOf(m, "primary")})
	}
	for _, m := range valuesOf(d, "phoneNumbers") {
		u.PhoneNumbers = append(u.PhoneNumbers,
			directory.PhoneNumber{Value: textOf(m, "value"), Type: textOf(m, "type"), Primary: boolOf(m, "primary")})
	}
	for _, m := range valuesOf(d, "roles") {
		u.Roles = append(u.Roles,
			directory.Role{Value: textOf(m, "value"), Type: textOf(m, "type"), Primary: boolOf(m, "primary")})
	}
	for _, m := range valuesOf(d, "photos") {
		u.Photos = append(u.Photos,
			directory.Photo{
				Value:   textOf(m, "value"),
				Type:    textOf(m, "type"),
				Display: textOf(m, "display"),
				Primary: boolOf(m, "primary"),
			})
	}
	for _, m := range valuesOf(d, "addresses") {
		a := directory.Address{Primary: boolOf(m, "primary")}
		setTexts(m, addressTexts(&a))
		u.Addresses = append(u.Addresses, a)
	}
	u.Enterprise = nil
	if e, _ := d[enterpriseSchema].(map[string]any); len(e) > 0 {
		u.Enterprise = &directory.Enterprise{}
		setTexts(e, enterpriseTexts(u.Enterprise))
		manager, _ := e["manager"].(map[string]any)
		u.Enterprise.Manager.Value = textOf(manager, "value")
		if *u.Enterprise == (directory.Enterprise{}) {
			u.Enterprise = nil
		}
	}
	return u, nil
}

// valuesOf returns the values of an attribute.
func valuesOf(d document, name string) []map[string]any {
	list, _ := d[name].([]any)
	var all []map[string]any
	for _, v := range list {
		if m, ok := v.(map[string]any); ok && !empty(m) {
			all = append(all, m)
		}
	}
	return all
}

// mainFirst moves the e-mail address that identifies the person to the front: the primary one, or else the one for
// work, or else the first (see directory.User.Email).
func mainFirst(all []map[string]any) []map[string]any {
	i := slices.IndexFunc(all, func(m map[string]any) bool { return boolOf(m, "primary") })
	if i < 0 {
		i = slices.IndexFunc(all, func(m map[string]any) bool { return strings.EqualFold(textOf(m, "type"), "work") })
	}
	if i <= 0 {
		return all
	}
	return slices.Concat(all[i:i+1], all[:i], all[i+1:])
}

// groupsOf renders the groups of a user, ordered by their ids.
func (v *view) groupsOf(id directory.UserID) []any {
	var all []any
	for _, g := range v.snap.GroupsOf(id) {
		if row := v.snap.Group(g); row != nil {
			all = append(all, map[string]any{
				"value":   string(g),
				"display": row.DisplayName,
				"$ref":    v.base + "/Groups/" + string(g),
				"type":    "direct",
			})
		}
	}
	return all
}
