package ldap_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"

	"latchkey/internal/ldap"
)

// responder answers LDAP searches as Active Directory does where slapd does not: with ranges of values and binary
// ids. It implements only what the reader needs, and answers whatever a test tells it to.
type responder struct {
	users, groups map[string]map[string][]string // attributes by DN
	ranged        func(dn string, from int) (name string, values []string)
	garbage       []byte // sent instead of an answer
}

func (r *responder) serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.talk(c)
		}
	}()
	return "ldap://" + l.Addr().String()
}

func (r *responder) talk(c net.Conn) {
	defer c.Close()
	for {
		p, err := ber.ReadPacket(c)
		if err != nil || len(p.Children) < 2 {
			return
		}
		id, op := p.Children[0].Value.(int64), p.Children[1]
		if op.Tag != 3 { // a bind, or the end of the connection
			if op.Tag != 0 {
				return
			}
			c.Write(result(id, 1).Bytes())
			continue
		}
		if r.garbage != nil {
			c.Write(r.garbage)
			continue
		}
		base, filter := op.Children[0].Value.(string), op.Children[6]
		asked := op.Children[7].Children[0].Value.(string)
		entries := r.groups
		switch {
		case base == "ou=users":
			entries = r.users
		case filter.Tag == 7 && r.ranged != nil && strings.Contains(asked, ";range="): // presence: a further range
			from, _ := strconv.Atoi(strings.TrimSuffix(asked[strings.Index(asked, "=")+1:], "-*"))
			name, values := r.ranged(base, from)
			entries = map[string]map[string][]string{base: {name: values}}
		}
		for dn, attributes := range entries {
			c.Write(entry(id, dn, attributes).Bytes())
		}
		c.Write(result(id, 5).Bytes())
	}
}

func message(id int64, op *ber.Packet) *ber.Packet {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	p.AppendChild(op)
	return p
}

func result(id int64, tag ber.Tag) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, 0, ""))
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	return message(id, op)
}

func entry(id int64, dn string, attributes map[string][]string) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, 4, nil, "")
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, dn, ""))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, values := range attributes {
		a := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		a.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, name, ""))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range values {
			set.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, v, ""))
		}
		a.AppendChild(set)
		list.AppendChild(a)
	}
	op.AppendChild(list)
	return message(id, op)
}

func adOptions(url string) ldap.Options {
	return ldap.Options{
		Vendor: ldap.ActiveDirectory, URLs: []string{url},
		Users: ldap.Users{Bases: []string{"ou=users"}}, Groups: ldap.Groups{Bases: []string{"ou=groups"}},
	}.Defaults()
}

func guidOf(n int) string {
	b := make([]byte, 16)
	binary.LittleEndian.PutUint32(b, uint32(n))
	b[15] = 1
	return string(b)
}

func sidOf(domain, rid uint32) string {
	b := []byte{1, 2, 0, 0, 0, 0, 0, 5}
	b = binary.LittleEndian.AppendUint32(b, domain)
	return string(binary.LittleEndian.AppendUint32(b, rid))
}

// adTree has n users, all of them members of group "big". The group returns its members in ranges of 1500.
func adTree(n int) *responder {
	const page = 1500
	r := &responder{users: map[string]map[string][]string{}, groups: map[string]map[string][]string{}}
	member := func(i int) string { return fmt.Sprintf("CN=U%d,OU=Users", i) }
	for i := range n {
		r.users[member(i)] = map[string][]string{
			"objectGUID":         {guidOf(i)},
			"sAMAccountName":     {fmt.Sprintf("u%d", i)},
			"userAccountControl": {"512"},
			"accountExpires":     {"9223372036854775807"},
			"objectSid":          {sidOf(7, uint32(1000+i))},
			"primaryGroupID":     {"513"},
		}
	}
	r.ranged = func(_ string, from int) (string, []string) {
		to := min(from+page, n)
		name := fmt.Sprintf("member;range=%d-%d", from, to-1)
		if to == n {
			name = fmt.Sprintf("member;range=%d-*", from)
		}
		var values []string
		for i := from; i < to; i++ {
			values = append(values, strings.ToLower(member(i)))
		}
		return name, values
	}
	name, values := r.ranged("", 0)
	r.groups["CN=big,OU=Groups"] = map[string][]string{
		"objectGUID":     {guidOf(1 << 20)},
		"sAMAccountName": {"big"},
		"member":         nil,
		name:             values,
	}
	r.groups["CN=Domain Users,OU=Groups"] = map[string][]string{
		"objectGUID":     {guidOf(1<<20 + 1)},
		"sAMAccountName": {"Domain Users"},
		"objectSid":      {sidOf(7, 513)},
	}
	r.groups["CN=Foreign Users,OU=Groups"] = map[string][]string{
		"objectGUID":     {guidOf(1<<20 + 2)},
		"sAMAccountName": {"Foreign Users"},
		"objectSid":      {sidOf(8, 513)},
	}
	return r
}

func TestIdentityCase103_ActiveDirectoryGivesMembersInRanges(t *testing.T) {
	const n = 3100
	l := read(t, adOptions(adTree(n).serve(t)))
	if len(l.Users) != n || len(members(t, l, "big")) != n || len(l.Conflicts) != 0 {
		t.Errorf("%d users, %d of them in the group, conflicts %v", len(l.Users), len(members(t, l, "big")), l.Conflicts)
	}
	if got := len(members(t, l, "Domain Users")); got != n {
		t.Errorf("%d have Domain Users as their primary group", got)
	}
	if got := len(members(t, l, "Foreign Users")); got != 0 {
		t.Errorf("%d are in the group of another domain that has the same relative id", got)
	}
	if id := user(t, l, "u258").ID; id != "00000102-0000-0000-0000-000000000001" {
		t.Errorf("objectGUID reads %s", id)
	}
}

func TestRangesThatDoNotEndAreAnError(t *testing.T) {
	for name, ranged := range map[string]func(string, int) (string, []string){
		"the same range again": func(string, int) (string, []string) { return "member;range=0-1499", []string{"cn=x"} },
		"no values": func(_ string, n int) (string, []string) {
			return fmt.Sprintf("member;range=%d-%d", n, n+9), nil
		},
		"no number":              func(string, int) (string, []string) { return "member;range=x-y", nil },
		"nothing at all":         func(string, int) (string, []string) { return "member", nil },
		"a range without an end": func(string, int) (string, []string) { return "member;range=7", nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := adTree(2000)
			r.ranged = ranged
			if _, err := ldap.Read(t.Context(), adOptions(r.serve(t))); err == nil {
				t.Error("the reading came to an end")
			}
		})
	}
}

func TestWhoMayNotWorkInActiveDirectory(t *testing.T) {
	r := adTree(6)
	set := func(i int, name, value string) { r.users[fmt.Sprintf("CN=U%d,OU=Users", i)][name] = []string{value} }
	set(1, "userAccountControl", "514")
	set(2, "userAccountControl", "not a number")
	set(3, "accountExpires", "132539328000000000") // 2021
	set(4, "accountExpires", "0")
	set(5, "nsAccountLock", "TRUE")
	l := read(t, adOptions(r.serve(t)))
	for i, want := range []bool{false, true, true, true, false, true} {
		if u := user(t, l, fmt.Sprintf("u%d", i)); u.Disabled != want {
			t.Errorf("u%d: disabled is %v", i, u.Disabled)
		}
	}
	if len(l.Conflicts) != 1 || !strings.Contains(l.Conflicts[0].Text, "userAccountControl") {
		t.Errorf("conflicts %v", l.Conflicts)
	}
}

func TestAServersMistakesAreConflictsOrErrors(t *testing.T) {
	r := adTree(4)
	set := func(i int, name string, values ...string) { r.users[fmt.Sprintf("CN=U%d,OU=Users", i)][name] = values }
	set(0, "objectGUID", "short")
	set(1, "objectGUID", guidOf(1), guidOf(9))
	set(2, "displayName", "\xff\xfe")
	r.users["not a DN"] = map[string][]string{"objectGUID": {guidOf(77)}, "sAMAccountName": {"x"}}
	l := read(t, adOptions(r.serve(t)))
	if len(l.Users) != 3 || len(l.Conflicts) != 4 {
		t.Errorf("%d users, conflicts %v", len(l.Users), l.Conflicts)
	}
	for _, garbage := range [][]byte{
		{}, {0x30}, {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff}, result(1<<40, 5).Bytes(),
		[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
	} {
		o := adOptions((&responder{garbage: garbage}).serve(t))
		o.Timeout = 1e8 // 100 ms: the server never answers
		if _, err := ldap.Read(t.Context(), o); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%q: %v", garbage, err)
		}
	}
}
