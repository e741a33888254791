package ldap

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"
)

// Read reads everything that the options describe from one server. Any failure makes the whole reading fail, because
// a part of a listing would look as if the other entries had been deleted. The options must have passed Check.
func Read(ctx context.Context, o Options) (*Listing, error) {
	c, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	r := &reader{
		Options: o,
		c:       c,
		listing: &Listing{},
		users:   newDNIndex(0),
		groups:  newDNIndex(0),
		ids:     map[string]int32{},
		uids:    map[string]int32{},
		bySID:   map[sid][]int32{},
	}
	for _, base := range o.Users.Bases {
		if err := c.search(ctx, o, query{base, o.Users.Filter, o.userAttributes()}, r.addUser); err != nil {
			return nil, err
		}
	}
	r.ids = map[string]int32{}
	for _, base := range o.Groups.Bases {
		visit := func(e *ldap.Entry) error { return r.addGroup(ctx, e) }
		if err := c.search(ctx, o, query{base, o.Groups.Filter, o.groupAttributes()}, visit); err != nil {
			return nil, err
		}
	}
	l := r.listing
	l.Foreign += resolve(r.nodes, r.groups)
	if o.Groups.Flat {
		for i := range r.nodes {
			r.nodes[i].groups = nil
		}
	}
	members, err := flatten(r.nodes, len(l.Users), o.MaxMembers)
	if err != nil {
		return nil, err
	}
	for i := range l.Groups {
		l.Groups[i].Members = members[i]
	}
	return l, nil
}

// sid names the primary group of a user: a domain, and the relative id of the group in it.
type sid struct {
	domain string
	rid    uint32
}

type reader struct {
	Options
	c       *conn
	listing *Listing
	users   dnIndex
	groups  dnIndex
	nodes   []node           // by index of Listing.Groups
	ids     map[string]int32 // ids of the users, and then of the groups, that were read so far
	uids    map[string]int32
	bySID   map[sid][]int32 // users by their primary group
	members int
}

func (r *reader) conflict(dn, format string, args ...any) {
	r.listing.Conflicts = append(r.listing.Conflicts, Conflict{DN: printable(dn), Text: fmt.Sprintf(format, args...)})
}

// register registers the id of an entry. It reports false for an entry that must be left out: one without an id, one
// that was read before (which happens where bases overlap), and one with the id of another entry. In the last case
// nobody can say which attributes belong to the id. The other entry, which the function other finds, then gets a
// Problem, too.
func (r *reader) register(e *ldap.Entry, attribute string, at int32,
	other func(int32) (dn string, problem *string)) (id string, ok bool, err error) {
	if len(r.listing.Users)+len(r.listing.Groups) >= r.MaxEntries {
		return "", false, errTooMany
	}
	id, problem := identify(e, attribute)
	if problem != "" {
		r.conflict(e.DN, "%s", problem)
		return "", false, nil
	}
	if first, there := r.ids[id]; there {
		if dn, problem := other(first); !sameDN(dn, printable(e.DN)) {
			*problem = "another entry has the same " + attribute
			r.conflict(dn, "%s", *problem)
			r.conflict(e.DN, "%s", *problem)
		}
		return "", false, nil
	}
	r.ids[id] = at
	return id, true, nil
}

func (r *reader) addUser(e *ldap.Entry) error {
	at := int32(len(r.listing.Users))
	id, ok, err := r.register(e, r.Users.Attributes.ID, at, func(i int32) (string, *string) {
		u := &r.listing.Users[i]
		return u.DN, &u.Problem
	})
	if err != nil || !ok {
		return err
	}
	u := r.user(e, id)
	if err := r.users.add(e.DN, at); err != nil {
		u.Problem = "its DN cannot be read"
	}
	for _, v := range rawValues(e, r.Users.Attributes.UID) {
		if _, there := r.uids[string(v)]; there {
			r.uids[string(v)] = twice
		} else {
			r.uids[string(v)] = at
		}
	}
	r.primary(e, at)
	if u.Problem != "" {
		r.conflict(e.DN, "%s", u.Problem)
	}
	r.listing.Users = append(r.listing.Users, u)
	return nil
}

// primary registers the primary group of a user of Active Directory. The user's entry names that group by a number,
// and the group does not list the user as a member.
func (r *reader) primary(e *ldap.Entry, at int32) {
	own, number := rawValues(e, "objectSid"), rawValues(e, "primaryGroupID")
	if len(own) != 1 || len(number) != 1 {
		return
	}
	domain, _, ok := splitSID(own[0])
	var rid uint32
	if _, err := fmt.Sscan(string(number[0]), &rid); ok && err == nil {
		r.bySID[sid{domain, rid}] = append(r.bySID[sid{domain, rid}], at)
	}
}

func (r *reader) addGroup(ctx context.Context, e *ldap.Entry) error {
	at := int32(len(r.listing.Groups))
	id, ok, err := r.register(e, r.Groups.Attributes.ID, at, func(i int32) (string, *string) {
		g := &r.listing.Groups[i]
		return g.DN, &g.Problem
	})
	if err != nil || !ok {
		return err
	}
	g := r.group(e, id)
	if err := r.groups.add(e.DN, at); err != nil {
		g.Problem = "its DN cannot be read"
	}
	n := node{}
	for _, attribute := range r.Groups.Attributes.Members {
		dns, err := r.c.values(ctx, r.Options, e, attribute)
		if err != nil {
			return err
		}
		if err := r.count(len(dns)); err != nil {
			return err
		}
		for _, dn := range dns {
			dn = optionalUID(dn)
			if u, ok := r.users.at(dn); ok {
				n.users = append(n.users, u)
			} else if dn != "" {
				n.unknown = append(n.unknown, dn)
			}
		}
	}
	if a := r.Groups.Attributes.MemberUID; a != "" {
		uids := rawValues(e, a)
		if err := r.count(len(uids)); err != nil {
			return err
		}
		for _, uid := range uids {
			u, ok := r.uids[string(uid)]
			switch {
			case !ok:
				r.listing.Foreign++
			case u == twice:
				r.conflict(e.DN, "a %s of it is the %s of several people", a, r.Users.Attributes.UID)
			default:
				n.users = append(n.users, u)
			}
		}
	}
	if own := rawValues(e, "objectSid"); len(own) == 1 {
		if domain, rid, ok := splitSID(own[0]); ok {
			n.users = append(n.users, r.bySID[sid{domain, rid}]...)
		}
	}
	if g.Problem != "" {
		r.conflict(e.DN, "%s", g.Problem)
	}
	r.listing.Groups, r.nodes = append(r.listing.Groups, g), append(r.nodes, n)
	return nil
}

// count bounds the number of members in memory.
func (r *reader) count(n int) error {
	if r.members += n; r.members > r.MaxMembers {
		return errTooManyMembers
	}
	return nil
}

func (o Options) userAttributes() []string {
	a := o.Users.Attributes
	all := append([]string{
		a.ID, a.UserName, a.DisplayName, a.GivenName, a.FamilyName, a.Email, a.Title, a.Department, a.EmployeeNumber,
		a.Language, a.UID, "cn",
	}, statusAttributes...)
	if o.Vendor == ActiveDirectory {
		all = append(all, "objectSid", "primaryGroupID")
	}
	return compact(all)
}

func (o Options) groupAttributes() []string {
	a := o.Groups.Attributes
	all := append([]string{a.ID, a.Name, a.Description, a.MemberUID}, a.Members...)
	if o.Vendor == ActiveDirectory {
		all = append(all, "objectSid")
	}
	return compact(all)
}

// compact sorts the names and removes empty and repeated ones.
func compact(names []string) []string {
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}
