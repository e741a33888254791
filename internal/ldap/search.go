package ldap

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// errTooMany says that the server lists more entries than Options.MaxEntries.
var errTooMany = errors.New("the server lists more entries than are read at most")

// query is one search of a subtree (RFC 4511, 4.5.1).
type query struct {
	base, filter string
	attributes   []string
}

// search reads the entries that a query finds, page by page (RFC 2696), and calls visit for each.
func (c *conn) search(ctx context.Context, o Options, q query, visit func(*ldap.Entry) error) error {
	page := ldap.NewControlPaging(uint32(o.PageSize))
	for pages := 0; ; pages++ {
		if pages > o.MaxEntries { // the server sends cookies for ever
			return errTooMany
		}
		c.wire.reset()
		r, err := c.Search(ldap.NewSearchRequest(q.base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			q.filter, q.attributes, []ldap.Control{page}))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return c.explain(err, q.base)
		}
		for _, e := range r.Entries {
			if err := visit(e); err != nil {
				return err
			}
		}
		next, ok := ldap.FindControl(r.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return nil
		}
		page.SetCookie(next.Cookie)
	}
}

// explain adds to the error of a search what an administrator can do about it.
func (c *conn) explain(err error, base string) error {
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded),
		ldap.IsErrorWithCode(err, ldap.LDAPResultAdminLimitExceeded):
		return fmt.Errorf("%s lists only a part of %q to this bind DN: raise its size limit "+
			"(OpenLDAP: limits ... size.prtotal=unlimited): %w", c.url, base, err)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return fmt.Errorf("%s has no %q, or does not show it to this bind DN: %w", c.url, base, err)
	}
	return fmt.Errorf("search %q at %s: %w", base, c.url, err)
}

// values are all values of an attribute of an entry. If the server returns them in ranges (Active Directory,
// "member;range=0-1499"), values reads all ranges.
func (c *conn) values(ctx context.Context, o Options, e *ldap.Entry, attribute string) ([]string, error) {
	all, next, err := attributeRange(e, attribute)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", e.DN, err)
	}
	for next > 0 {
		c.wire.reset()
		r, err := c.Search(ldap.NewSearchRequest(e.DN, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
			"(objectClass=*)", []string{fmt.Sprintf("%s;range=%d-*", attribute, next)}, nil))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, c.explain(err, e.DN)
		}
		if len(r.Entries) != 1 {
			return nil, fmt.Errorf("%q went away while it was read", e.DN)
		}
		more, after, err := attributeRange(r.Entries[0], attribute)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q: %w", e.DN, err)
		case after > 0 && (after != next+len(more) || len(more) == 0), after == 0 && len(more) == 0:
			return nil, fmt.Errorf("%q: the server gives no values of %s from %d on", e.DN, attribute, next)
		case len(all)+len(more) > o.MaxMembers:
			return nil, fmt.Errorf("%q has more than %d values of %s", e.DN, o.MaxMembers, attribute)
		}
		all, next = append(all, more...), after
	}
	return all, nil
}

// attributeRange are the values of an attribute that an entry contains, and the index of the next value to ask for.
// next is 0 if there are no more values.
func attributeRange(e *ldap.Entry, attribute string) (values []string, next int, err error) {
	for _, a := range e.Attributes {
		name, option, ranged := strings.Cut(a.Name, ";")
		if !strings.EqualFold(name, attribute) {
			continue
		}
		if !ranged || !strings.HasPrefix(strings.ToLower(option), "range=") {
			values = append(values, a.Values...)
			continue
		}
		_, last, ok := strings.Cut(option[len("range="):], "-")
		if !ok {
			return nil, 0, fmt.Errorf("the range of %s cannot be read", a.Name)
		}
		values = append(values, a.Values...)
		if last == "*" {
			return values, 0, nil
		}
		n, err := strconv.Atoi(last)
		if err != nil || n < 0 || n >= 1<<31 {
			return nil, 0, fmt.Errorf("the range of %s cannot be read", a.Name)
		}
		next = n + 1
	}
	return values, next, nil
}
