package ldap

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// Listing is what a server has at one time.
type Listing struct {
	Users     []User
	Groups    []Group
	Conflicts []Conflict
	Foreign   int // members of groups that are neither among Users nor among Groups
}

// User is a person.
type User struct {
	ID       string // immutable in its server
	DN       string
	Problem  string // why the attributes cannot be taken; empty: they can. ID, DN and Disabled hold all the same
	Disabled bool

	UserName, DisplayName, GivenName, FamilyName                string
	Email, Title, Department, EmployeeNumber, PreferredLanguage string
}

// Group is a group with everybody who is in it, directly or through other groups.
type Group struct {
	ID      string
	DN      string
	Problem string // as User.Problem

	Name, Description string
	Members           []int32 // places in Listing.Users, ascending, each once
}

// Conflict is an entry that cannot be taken as it is.
type Conflict struct {
	DN   string
	Text string // why
}

// maxValue is how many bytes of a value are looked at; a longer one is a problem of its entry.
const maxValue = 4096

// taker reads single values of an entry and remembers the first that cannot be taken.
type taker struct {
	e       *ldap.Entry
	problem string
}

// one is the first value of an attribute without the white space around it; empty when there is none.
func (t *taker) one(attribute string) string {
	if attribute == "" {
		return ""
	}
	values := rawValues(t.e, attribute)
	if len(values) == 0 {
		return ""
	}
	v := string(values[0])
	switch {
	case len(v) > maxValue:
		t.fail("its %s is %d bytes long", attribute, len(v))
	case !utf8.ValidString(v):
		t.fail("its %s is not UTF-8", attribute)
	default:
		return strings.TrimSpace(v)
	}
	return ""
}

func (t *taker) fail(format string, args ...any) {
	if t.problem == "" {
		t.problem = fmt.Sprintf(format, args...)
	}
}

func (o Options) user(e *ldap.Entry, id string) User {
	a, t := o.Users.Attributes, taker{e: e}
	u := User{
		ID:                id,
		DN:                printable(e.DN),
		UserName:          t.one(a.UserName),
		DisplayName:       t.one(a.DisplayName),
		GivenName:         t.one(a.GivenName),
		FamilyName:        t.one(a.FamilyName),
		Email:             t.one(a.Email),
		Title:             t.one(a.Title),
		Department:        t.one(a.Department),
		EmployeeNumber:    t.one(a.EmployeeNumber),
		PreferredLanguage: t.one(a.Language),
	}
	if u.DisplayName == "" {
		u.DisplayName = t.one("cn")
	}
	if u.UserName == "" {
		t.fail("it has no %s", a.UserName)
	}
	if o.Vendor == ActiveDirectory && len(rawValues(e, "userAccountControl")) == 0 { // every account has one
		t.fail("it shows no userAccountControl to this bind DN, so nobody can say whether it is disabled")
	}
	u.Problem = t.problem
	off, problem := disabled(e, o.Now())
	u.Disabled = off
	if problem != "" {
		u.Problem = problem
	}
	return u
}

func (o Options) group(e *ldap.Entry, id string) Group {
	a, t := o.Groups.Attributes, taker{e: e}
	g := Group{ID: id, DN: printable(e.DN), Name: t.one(a.Name), Description: t.one(a.Description)}
	if g.Name == "" {
		t.fail("it has no %s", a.Name)
	}
	g.Problem = t.problem
	return g
}

// printable is a DN as a report may show it.
func printable(dn string) string {
	if len(dn) > 300 {
		dn = dn[:300] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || r == 0x7f {
			return '?'
		}
		return r
	}, dn)
}
