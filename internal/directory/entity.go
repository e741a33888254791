package directory

import "time"

// Stamp says when and by whom an entity was created and last changed.
type Stamp struct {
	Created   time.Time
	CreatedBy string
	Updated   time.Time
	UpdatedBy string
}

// User is a person in the directory. An empty attribute is absent.
type User struct {
	ID    UserID
	Store StoreID
	Seq   int64 `json:"-"` // orders users by creation; given by the store

	UserName    string
	Name        Name   `json:",omitzero"`
	DisplayName string `json:",omitempty"`

	NickName          string `json:",omitempty"`
	ProfileURL        string `json:",omitempty"`
	UserType          string `json:",omitempty"`
	Title             string `json:",omitempty"`
	PreferredLanguage string `json:",omitempty"`
	Locale            string `json:",omitempty"`
	Timezone          string `json:",omitempty"`
	Website           string `json:",omitempty"`
	Birthdate         string `json:",omitempty"` // YYYY-MM-DD

	Emails       []Email       `json:",omitempty"` // the first one identifies the person, see Email
	Addresses    []Address     `json:",omitempty"`
	PhoneNumbers []PhoneNumber `json:",omitempty"`
	Roles        []Role        `json:",omitempty"`
	Photos       []Photo       `json:",omitempty"`
	Enterprise   *Enterprise   `json:",omitempty"`

	ExternalIDs []ExternalID `json:",omitempty"` // ids in the sources of the directory; set by SCIM and LDAP syncs
	Blocks      []Block      `json:",omitempty"` // the sources that say that the user is out; only SetSay changes it
	Disabled    bool         `json:",omitempty"` // there is a block; only SetSay changes it
	Bindings    []Binding    `json:",omitempty"` // who the user is at OpenID providers; see Binding
	Stamp
}

// Email is the address that identifies the person to the issuers of tokens. The other addresses of a user are kept, and
// are unique, too: but an address at home, say, does not stand for the person at work.
func (u *User) Email() string {
	if len(u.Emails) == 0 {
		return ""
	}
	return u.Emails[0].Value
}

// Name is the parts of a person's name.
type Name struct {
	Formatted       string `json:",omitempty"`
	FamilyName      string `json:",omitempty"`
	GivenName       string `json:",omitempty"`
	MiddleName      string `json:",omitempty"`
	HonorificPrefix string `json:",omitempty"`
	HonorificSuffix string `json:",omitempty"`
}

// Email is an email address.
type Email struct {
	Value   string `json:",omitempty"`
	Type    string `json:",omitempty"`
	Primary bool   `json:",omitempty"`
}

// PhoneNumber is a telephone number in any form.
type PhoneNumber struct {
	Value   string `json:",omitempty"`
	Type    string `json:",omitempty"`
	Primary bool   `json:",omitempty"`
}

// Role is a role that a person has in their organisation. It gives no permissions.
type Role struct {
	Value   string `json:",omitempty"`
	Type    string `json:",omitempty"`
	Primary bool   `json:",omitempty"`
}

// Photo is the place of a picture of a person.
type Photo struct {
	Value   string `json:",omitempty"`
	Type    string `json:",omitempty"`
	Display string `json:",omitempty"`
	Primary bool   `json:",omitempty"`
}

// Address is a postal address.
type Address struct {
	StreetAddress string `json:",omitempty"`
	Locality      string `json:",omitempty"`
	Region        string `json:",omitempty"`
	PostalCode    string `json:",omitempty"`
	Country       string `json:",omitempty"`
	Formatted     string `json:",omitempty"`
	Type          string `json:",omitempty"`
	Primary       bool   `json:",omitempty"`
}

// EnterpriseKey is the name of the only extension that a user can have.
const EnterpriseKey = "aws:identitystore:enterprise"

// Enterprise is the enterprise extension of a user.
type Enterprise struct {
	EmployeeNumber string  `json:",omitempty"`
	CostCenter     string  `json:",omitempty"`
	Organization   string  `json:",omitempty"`
	Division       string  `json:",omitempty"`
	Department     string  `json:",omitempty"`
	Manager        Manager `json:",omitzero"`
}

// Manager is the person to whom a user reports.
type Manager struct {
	Value string `json:",omitempty"`
}

// ExternalID is the id that a user or group has in a source of the directory.
type ExternalID struct {
	Issuer string
	ID     string
}

// Group is a set of users.
type Group struct {
	ID          GroupID
	Store       StoreID
	Seq         int64 `json:"-"` // orders groups by creation; given by the store
	DisplayName string
	Description string       `json:",omitempty"`
	ExternalIDs []ExternalID `json:",omitempty"`
	Stamp
}

// Membership says that a user is in a group. A group cannot be a member of a group (Identity Store API reference,
// MemberId).
type Membership struct {
	ID        MembershipID
	Store     StoreID
	Group     GroupID
	User      UserID
	Seq       int64 // orders memberships by creation; given by the store
	Created   time.Time
	CreatedBy string
}
