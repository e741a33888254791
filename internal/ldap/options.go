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

// Vendor is a kind of server; it chooses defaults, each of which can be set.
type Vendor string

// The vendors that there are defaults for.
const (
	OpenLDAP        Vendor = "openldap"
	ActiveDirectory Vendor = "ad"
	FreeIPA         Vendor = "freeipa"
)

// Options say which server is read, and what of it. Defaults fills what is left open.
type Options struct {
	Vendor   Vendor
	URLs     []string       // ldaps://host[:port] or ldap://host[:port], tried in order
	StartTLS bool           // on ldap:// URLs
	RootCAs  *x509.CertPool // nil: the system's
	Insecure bool           // ldap:// without StartTLS to other machines is let through

	BindDN   string                 // empty: anonymous
	Password func() (string, error) // of BindDN, asked for at every connection; its value is never kept

	Users  Users
	Groups Groups

	Timeout  time.Duration // of connecting, and of each request; 0: 30 s
	PageSize int           // entries a page; 0: 500
	Now      func() time.Time

	MostEntries int // users and groups that are read at most; 0: 2,000,000
	MostMembers int // memberships that may come of them, nesting included; 0: 10,000,000
}

// Users say which entries are people.
type Users struct {
	Bases      []string // DNs under which people are looked for
	Filter     string
	Attributes UserAttributes
}

// UserAttributes name the attribute of an entry that each value comes from. Empty ones are not read.
type UserAttributes struct {
	ID             string // immutable: never a DN, never a name
	UserName       string
	DisplayName    string
	GivenName      string
	FamilyName     string
	Email          string
	Title          string
	Department     string
	EmployeeNumber string
	Language       string
	UID            string // what a group's MemberUID names people by
}

// Groups say which entries are groups, and how they name who is in them.
type Groups struct {
	Bases      []string // empty: no groups are read
	Filter     string
	Flat       bool // who is in a group is not in the groups that this group is in
	Attributes GroupAttributes
}

// GroupAttributes name the attributes of a group.
type GroupAttributes struct {
	ID          string
	Name        string
	Description string
	Members     []string // of DNs
	MemberUID   string   // of values of UserAttributes.UID
}

// Defaults are the options with what was left open filled in the way of the vendor.
func (o Options) Defaults() Options {
	user, group := &o.Users.Attributes, &o.Groups.Attributes
	userFilter := "(objectClass=person)"
	groupFilter := "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"
	id, name, groupName, members, memberUID := "entryUUID", "uid", "cn", []string{"member", "uniqueMember"}, "memberUid"
	switch o.Vendor {
	case ActiveDirectory:
		userFilter, groupFilter = "(&(objectCategory=person)(objectClass=user))", "(objectClass=group)"
		id, name, groupName, members, memberUID = "objectGUID", "sAMAccountName", "sAMAccountName", []string{"member"}, ""
		or(&user.Department, "department")
		or(&user.EmployeeNumber, "employeeID")
	case FreeIPA:
		groupFilter = "(|(objectClass=ipausergroup)(objectClass=groupOfNames))"
		id, members, memberUID = "ipaUniqueID", []string{"member"}, ""
	}
	or(&o.Users.Filter, userFilter)
	or(&o.Groups.Filter, groupFilter)
	or(&user.ID, id)
	or(&user.UserName, name)
	or(&user.DisplayName, "displayName")
	or(&user.GivenName, "givenName")
	or(&user.FamilyName, "sn")
	or(&user.Email, "mail")
	or(&user.Title, "title")
	or(&user.Department, "departmentNumber")
	or(&user.EmployeeNumber, "employeeNumber")
	or(&user.Language, "preferredLanguage")
	or(&user.UID, "uid")
	or(&group.ID, id)
	or(&group.Name, groupName)
	or(&group.Description, "description")
	or(&group.MemberUID, memberUID)
	if group.Members == nil {
		group.Members = members
	}
	or(&o.Timeout, 30*time.Second)
	or(&o.PageSize, 500)
	or(&o.MostEntries, 2_000_000)
	or(&o.MostMembers, 10_000_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func or[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Check reports the first thing that is wrong with options that Defaults has filled.
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

// checkURL refuses what would let somebody on the way read the password, or write the answer: who can do that decides
// who is in which group.
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
