package ldap

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// Listing is everything that was read from a server.
type Listing struct {
	Users     []User
	Groups    []Group
	Conflicts []Conflict
	Foreign   int // members of groups that are neither in Users nor in Groups
}

// User is a person.
type User struct {
	ID string // immutable in its server
	DN string

	// Problem says why the attributes cannot be used. It is empty if they can. ID, DN and Disabled are valid in both
	// cases.
	Problem  string
	Disabled bool

	UserName, DisplayName, GivenName, FamilyName                string
	Email, Title, Department, EmployeeNumber, PreferredLanguage string
}

// Group is a group with all its members, direct ones and those of nested groups.
type Group struct {
	ID      string
	DN      string
	Problem string // see User.Problem

	Name, Description string
	Members           []int32 // indexes of Listing.Users, ascending, without repetition
}

// Conflict is an entry that cannot be used.
type Conflict struct {
	DN   string
	Text string // the reason
}

// maxValue bounds the bytes of a value. An entry with a longer value has a Problem.
const maxValue = 4096

// valueReader reads single values of an entry and keeps the first problem.
type valueReader struct {
	e       *ldap.Entry
	problem string
}

// first is the first value of an attribute without the white space around it, or the empty text if there is none.
func (t *valueReader) first(attribute string) string {
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

func (t *valueReader) fail(format string, args ...any) {
	if t.problem == "" {
		t.problem = fmt.Sprintf(format, args...)
	}
}

func (o Options) user(e *ldap.Entry, id string) User {
	a, t := o.Users.Attributes, valueReader{e: e}
	u := User{
		ID:                id,
		DN:                printable(e.DN),
		UserName:          t.first(a.UserName),
		DisplayName:       t.first(a.DisplayName),
		GivenName:         t.first(a.GivenName),
		FamilyName:        t.first(a.FamilyName),
		Email:             t.first(a.Email),
		Title:             t.first(a.Title),
		Department:        t.first(a.Department),
		EmployeeNumber:    t.first(a.EmployeeNumber),
		PreferredLanguage: t.first(a.Language),
	}
	if u.DisplayName == "" {
		u.DisplayName = t.first("cn")
	}
	if u.UserName == "" {
		t.fail("it has no %s", a.UserName)
	}
	if o.Vendor == ActiveDirectory && len(rawValues(e, "userAccountControl")) == 0 {
		// Every account has this attribute, so the bind DN may not read it.
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
	a, t := o.Groups.Attributes, valueReader{e: e}
	g := Group{ID: id, DN: printable(e.DN), Name: t.first(a.Name), Description: t.first(a.Description)}
	if g.Name == "" {
		t.fail("it has no %s", a.Name)
	}
	g.Problem = t.problem
	return g
}

// printable is a DN in a form that a report can show.
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
