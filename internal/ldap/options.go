package ldap

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Vendor is a kind of server. It determines the defaults of Options.
type Vendor string

// The vendors with defaults.
const (
	OpenLDAP        Vendor = "openldap"
	ActiveDirectory Vendor = "ad"
	FreeIPA         Vendor = "freeipa"
)

// Options say which server is read, and which of its entries. Defaults sets the fields that are empty.
type Options struct {
	Vendor   Vendor
	URLs     []string       // ldaps://host[:port] or ldap://host[:port], tried in order
	StartTLS bool           // use StartTLS with ldap:// URLs
	RootCAs  *x509.CertPool // nil: the system's
	Insecure bool           // allow ldap:// without StartTLS to other machines

	BindDN   string                 // empty: anonymous
	Password func() (string, error) // of BindDN; it is called for each connection, and its result is not kept

	Users  Users
	Groups Groups

	Timeout  time.Duration // of connecting, and of each request; 0: 30 s
	PageSize int           // entries a page; 0: 500
	Now      func() time.Time

	MaxEntries int // bound on users and groups; 0: 2,000,000
	MaxMembers int // bound on memberships, including those through nested groups; 0: 10,000,000
}

// Users say which entries are people.
type Users struct {
	Bases      []string // DNs under which people are searched
	Filter     string
	Attributes UserAttributes
}

// UserAttributes name the LDAP attribute of each value. A value without a name is not read.
type UserAttributes struct {
	ID             string // immutable: neither a DN nor a name
	UserName       string
	DisplayName    string
	GivenName      string
	FamilyName     string
	Email          string
	Title          string
	Department     string
	EmployeeNumber string
	Language       string
	UID            string // the value by which a group's MemberUID names people
}

// Groups say which entries are groups, and how they name their members.
type Groups struct {
	Bases      []string // empty: no groups are read
	Filter     string
	Flat       bool // members of nested groups are not members of the group
	Attributes GroupAttributes
}

// GroupAttributes name the attributes of a group.
type GroupAttributes struct {
	ID          string
	Name        string
	Description string
	Members     []string // attributes whose values are DNs
	MemberUID   string   // attribute whose values are those of UserAttributes.UID
}

// Defaults returns the options with each empty field set to the default of the vendor.
func (o Options) Defaults() Options {
	user, group := &o.Users.Attributes, &o.Groups.Attributes
	userFilter := "(objectClass=person)"
	groupFilter := "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"
	id, name, groupName, members, memberUID := "entryUUID", "uid", "cn", []string{"member", "uniqueMember"}, "memberUid"
	switch o.Vendor {
	case ActiveDirectory:
		userFilter, groupFilter = "(&(objectCategory=person)(objectClass=user))", "(objectClass=group)"
		id, name, groupName, members, memberUID = "objectGUID", "sAMAccountName", "sAMAccountName", []string{"member"}, ""
		setDefault(&user.Department, "department")
		setDefault(&user.EmployeeNumber, "employeeID")
	case FreeIPA:
		groupFilter = "(|(objectClass=ipausergroup)(objectClass=groupOfNames))"
		id, members, memberUID = "ipaUniqueID", []string{"member"}, ""
	}
	setDefault(&o.Users.Filter, userFilter)
	setDefault(&o.Groups.Filter, groupFilter)
	setDefault(&user.ID, id)
	setDefault(&user.UserName, name)
	setDefault(&user.DisplayName, "displayName")
	setDefault(&user.GivenName, "givenName")
	setDefault(&user.FamilyName, "sn")
	setDefault(&user.Email, "mail")
	setDefault(&user.Title, "title")
	setDefault(&user.Department, "departmentNumber")
	setDefault(&user.EmployeeNumber, "employeeNumber")
	setDefault(&user.Language, "preferredLanguage")
	setDefault(&user.UID, "uid")
	setDefault(&group.ID, id)
	setDefault(&group.Name, groupName)
	setDefault(&group.Description, "description")
	setDefault(&group.MemberUID, memberUID)
	if group.Members == nil {
		group.Members = members
	}
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.PageSize, 500)
	setDefault(&o.MaxEntries, 2_000_000)
	setDefault(&o.MaxMembers, 10_000_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Check reports the first mistake in options that Defaults returned.
func (o Options) Check() error {
	if !slices.Contains([]Vendor{OpenLDAP, ActiveDirectory, FreeIPA}, o.Vendor) {
		return fmt.Errorf("vendor %q: it must be openldap, ad or freeipa", o.Vendor)
	}
	if len(o.URLs) == 0 {
		return errors.New("urls: at least one is needed")
	}
	for _, text := range o.URLs {
		if err := o.checkURL(text); err != nil {
			return err
		}
	}
	if (o.BindDN == "") != (o.Password == nil) {
		return errors.New("bindDN and a bind password belong together")
	}
	if len(o.Users.Bases) == 0 {
		return errors.New("users: a base is needed")
	}
	for _, dn := range slices.Concat(o.Users.Bases, o.Groups.Bases, []string{o.BindDN}) {
		// Active Directory accepts a user principal name in the place of a bind DN.
		if _, err := ldap.ParseDN(dn); err != nil && !(dn == o.BindDN && strings.Contains(dn, "@")) {
			return fmt.Errorf("%q is no DN: %w", dn, err)
		}
	}
	for _, f := range []string{o.Users.Filter, o.Groups.Filter} {
		if _, err := ldap.CompileFilter(f); err != nil {
			return fmt.Errorf("filter %q: %w", f, err)
		}
	}
	for _, a := range []string{o.Users.Attributes.ID, o.Groups.Attributes.ID} {
		if slices.Contains([]string{
			"dn", "entrydn", "distinguishedname", "cn", "uid", "samaccountname", "mail", "userprincipalname",
		}, strings.ToLower(a)) {
			return fmt.Errorf("id attribute %q: it must be one that a rename leaves as it is, such as entryUUID", a)
		}
	}
	if o.Timeout < 0 || o.PageSize < 1 || o.PageSize > 10_000 {
		return errors.New("timeout must be more than 0s, and pageSize from 1 to 10000")
	}
	return nil
}

// checkURL refuses a URL with which somebody on the network could read the password or change the answer. Whoever
// changes the answer decides who is in which group.
func (o Options) checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "ldap" && u.Scheme != "ldaps" {
		return fmt.Errorf("url %q: it must be ldaps://host[:port] or ldap://host[:port]", text)
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("url of host %q: it must be host and port alone", u.Host)
	}
	if u.Scheme == "ldaps" {
		if o.StartTLS {
			return fmt.Errorf("url %q: startTLS is for ldap:// URLs", text)
		}
		return nil
	}
	if !o.StartTLS && !o.Insecure && !loopback(u.Hostname()) {
		return fmt.Errorf("url %q would be read without encryption: use ldaps://, set startTLS, "+
			"or set insecure if the way there is safe", text)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
