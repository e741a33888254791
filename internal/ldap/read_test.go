package ldap_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/ldap"
	"latchkey/internal/ldap/ldaptest"
)

func options(s *ldaptest.Server) ldap.Options {
	return ldap.Options{
		Vendor:   ldap.OpenLDAP,
		URLs:     []string{s.URL},
		BindDN:   ldaptest.ReaderDN,
		Password: func() (string, error) { return ldaptest.Password, nil },
		Users:    ldap.Users{Bases: []string{ldaptest.People}}, Groups: ldap.Groups{Bases: []string{ldaptest.Groups}},
	}.Defaults()
}

func read(t *testing.T, o ldap.Options) *ldap.Listing {
	t.Helper()
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	l, err := ldap.Read(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func user(t *testing.T, l *ldap.Listing, name string) ldap.User {
	t.Helper()
	i := slices.IndexFunc(l.Users, func(u ldap.User) bool { return u.UserName == name })
	if i < 0 {
		t.Fatalf("%s was not read", name)
	}
	return l.Users[i]
}

// members are the names of the members of a group, in order.
func members(t *testing.T, l *ldap.Listing, group string) (names []string) {
	t.Helper()
	i := slices.IndexFunc(l.Groups, func(g ldap.Group) bool { return g.Name == group })
	if i < 0 {
		t.Fatalf("group %s was not read", group)
	}
	for _, m := range l.Groups[i].Members {
		names = append(names, l.Users[m].UserName)
	}
	slices.Sort(names)
	return names
}

func TestReadsPeopleAndGroups(t *testing.T) {
	s := ldaptest.Start(t, ldaptest.Config{})
	alice, bob, carol := s.Person(t, "alice"), s.Person(t, "bob"), s.Person(t, "carol")
	s.Set(t, alice, "title", " Dr ")
	s.Set(t, alice, "employeeNumber", "7")
	s.Group(t, "inner", strings.ToUpper(alice), "uid=nobody,"+ldaptest.People)
	s.Group(t, "outer", ldaptest.GroupDN("inner"), strings.ReplaceAll(bob, ",", " , "))
	s.Add(t, ldaptest.GroupDN("unique"), map[string][]string{
		"objectClass":  {"groupOfUniqueNames"},
		"cn":           {"unique"},
		"uniqueMember": {carol + "#'01'B", alice},
	})
	s.Add(t, ldaptest.GroupDN("posix"), map[string][]string{
		"objectClass": {"posixGroup"},
		"cn":          {"posix"},
		"gidNumber":   {"7"},
		"memberUid":   {"carol", "stranger"},
	})

	l := read(t, options(s))
	a := user(t, l, "alice")
	if a.DisplayName != "Person alice" || a.GivenName != "Given alice" || a.FamilyName != "Family alice" ||
		a.Email != "alice@example.org" || a.Title != "Dr" || a.EmployeeNumber != "7" || a.Disabled || a.Problem != "" {
		t.Errorf("alice is %+v", a)
	}
	if len(a.ID) != 36 || a.ID == user(t, l, "bob").ID {
		t.Errorf("alice's id is %q", a.ID)
	}
	for group, want := range map[string][]string{
		"inner":  {"alice"},
		"outer":  {"alice", "bob"},
		"unique": {"alice", "carol"},
		"posix":  {"carol"},
	} {
		if got := members(t, l, group); !slices.Equal(got, want) {
			t.Errorf("in %s are %v, want %v", group, got, want)
		}
	}
	if l.Foreign != 2 {
		t.Errorf("%d members were not found, want the two strangers", l.Foreign)
	}
	flat := options(s)
	flat.Groups.Flat = true
	if got := members(t, read(t, flat), "outer"); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("in outer without nesting are %v", got)
	}
}

func TestIdentityCase103_NestedGroupsWithACycleAndManyMembers(t *testing.T) {
	const n = 3000
	var ldif, many strings.Builder
	for i := range n {
		fmt.Fprintf(&ldif, "dn: uid=p%d,%s\nobjectClass: inetOrgPerson\nuid: p%d\ncn: p%d\nsn: p\n\n",
			i, ldaptest.People, i, i)
		fmt.Fprintf(&many, "member: uid=p%d,%s\n", i, ldaptest.People)
	}
	group := func(name, members string) {
		fmt.Fprintf(&ldif, "dn: cn=%s,%s\nobjectClass: groupOfNames\ncn: %s\n%s\n", name, ldaptest.Groups, name, members)
	}
	group("a", "member: "+ldaptest.GroupDN("b")+"\n")
	group("b", "member: "+ldaptest.GroupDN("c")+"\nmember: "+ldaptest.GroupDN("b")+"\n")
	group("c", "member: "+ldaptest.GroupDN("a")+"\nmember: "+ldaptest.GroupDN("many")+"\n")
	group("many", many.String())
	s := ldaptest.Start(t, ldaptest.Config{LDIF: ldif.String()})
	o := options(s)
	o.PageSize = 170 // does not divide the number of people
	l := read(t, o)
	if len(l.Users) != n || len(l.Groups) != 4 {
		t.Fatalf("%d users and %d groups were read", len(l.Users), len(l.Groups))
	}
	for _, g := range l.Groups {
		if len(g.Members) != n {
			t.Errorf("%s has %d members", g.Name, len(g.Members))
		}
	}
}

func TestWhoMayNotWork(t *testing.T) {
	s := ldaptest.Start(t, ldaptest.Config{})
	locked := s.Person(t, "locked")
	s.Set(t, locked, "pwdAccountLockedTime", "000001010000Z")
	waiting := s.Person(t, "waiting")
	s.Set(t, waiting, "pwdAccountLockedTime", "20260101000000Z")
	l := read(t, options(s))
	if !user(t, l, "locked").Disabled || user(t, l, "waiting").Disabled {
		t.Error("only a lock without end disables")
	}
}

func TestEntriesThatCannotBeTakenAreConflicts(t *testing.T) {
	s := ldaptest.Start(t, ldaptest.Config{})
	s.Person(t, "alice")
	s.Add(t, "cn=nameless,"+ldaptest.People,
		map[string][]string{"objectClass": {"inetOrgPerson"}, "cn": {"nameless"}, "sn": {"x"}})
	long := s.Person(t, "long")
	s.Set(t, long, "title", strings.Repeat("x", 5000))
	o := options(s)
	l := read(t, o)
	var texts []string
	for _, c := range l.Conflicts {
		texts = append(texts, c.DN+": "+c.Text)
	}
	want := []string{"cn=nameless," + ldaptest.People + ": it has no uid", long + ": its title is 5000 bytes long"}
	if !slices.Equal(texts, want) {
		t.Errorf("conflicts %q", texts)
	}
	if u := user(t, l, "long"); u.Problem == "" || u.ID == "" {
		t.Errorf("%+v", u)
	}
	o.Users.Attributes.ID = "employeeNumber"
	if l := read(t, o); len(l.Users) != 0 || len(l.Conflicts) != 3 {
		t.Errorf("%d users without ids, %d conflicts", len(l.Users), len(l.Conflicts))
	}
}

func TestAPartOfAListingIsAnError(t *testing.T) {
	s := ldaptest.Start(t, ldaptest.Config{SizeLimit: 2})
	for _, n := range []string{"a", "b", "c"} {
		s.Person(t, n)
	}
	if _, err := ldap.Read(t.Context(), options(s)); err == nil || !strings.Contains(err.Error(), "size limit") {
		t.Errorf("got %v", err)
	}
	s = ldaptest.Start(t, ldaptest.Config{})
	o := options(s)
	o.Users.Bases = []string{"ou=missing," + ldaptest.Suffix}
	if _, err := ldap.Read(t.Context(), o); err == nil || !strings.Contains(err.Error(), "has no") {
		t.Errorf("got %v", err)
	}
	s.Person(t, "a")
	s.Person(t, "b")
	o = options(s)
	o.MaxEntries = 1
	if _, err := ldap.Read(t.Context(), o); err == nil {
		t.Error("more entries than the most were read")
	}
	o = options(s)
	s.Group(t, "g", ldaptest.PersonDN("a"), ldaptest.PersonDN("b"))
	o.MaxMembers = 1
	if _, err := ldap.Read(t.Context(), o); err == nil {
		t.Error("more members than the most were read")
	}
}

func TestEncryptedConnections(t *testing.T) {
	ca, cert, key := ldaptest.Certificate(t)
	otherCA, _, _ := ldaptest.Certificate(t)
	s := ldaptest.Start(t, ldaptest.Config{Cert: cert, Key: key})
	s.Person(t, "alice")
	pool := func(file string) *x509.CertPool {
		pem, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := x509.NewCertPool()
		p.AppendCertsFromPEM(pem)
		return p
	}
	for name, url := range map[string]string{"LDAPS": s.TLS, "StartTLS": s.URL} {
		o := options(s)
		o.URLs, o.StartTLS, o.RootCAs = []string{url}, name == "StartTLS", pool(ca)
		if l := read(t, o); len(l.Users) != 1 {
			t.Errorf("%s: %d users", name, len(l.Users))
		}
		for authority, roots := range map[string]*x509.CertPool{
			"another authority":        pool(otherCA),
			"the system's authorities": nil,
		} {
			o.RootCAs = roots
			_, err := ldap.Read(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("%s with %s: %v", name, authority, err)
			}
		}
	}
	o := options(s)
	o.URLs, o.RootCAs = []string{strings.Replace(s.TLS, "127.0.0.1", "localhost", 1)}, pool(ca)
	if _, err := ldap.Read(t.Context(), o); err == nil || !strings.Contains(err.Error(), "match localhost") {
		t.Errorf("a certificate for another host: %v", err)
	}
	plain := ldaptest.Start(t, ldaptest.Config{})
	o = options(plain)
	o.StartTLS = true
	if _, err := ldap.Read(t.Context(), o); err == nil {
		t.Error("a server without StartTLS was read all the same")
	}
}

func TestFailOver(t *testing.T) {
	s := ldaptest.Start(t, ldaptest.Config{})
	s.Person(t, "alice")
	o := options(s)
	o.URLs = []string{"ldap://127.0.0.1:1", s.URL}
	if l := read(t, o); len(l.Users) != 1 {
		t.Errorf("%d users", len(l.Users))
	}
	o.URLs = o.URLs[:1]
	if _, err := ldap.Read(t.Context(), o); err == nil ||
		!strings.Contains(err.Error(), "ldap://127.0.0.1:1 does not answer") {
		t.Errorf("got %v", err)
	}
}

func TestAWrongPasswordIsSaidAndNotTriedElsewhere(t *testing.T) {
	s := ldaptest.Start(t, ldaptest.Config{})
	o := options(s)
	asked := 0
	o.URLs = []string{s.URL, s.URL}
	o.Password = func() (string, error) { asked++; return "hunter2", nil }
	_, err := ldap.Read(t.Context(), o)
	if _, ok := errors.AsType[*ldap.RefusedError](err); !ok || !strings.Contains(err.Error(), "refuses the bind DN") ||
		strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if asked != 1 {
		t.Errorf("the password was tried %d times", asked)
	}
	o.Password = func() (string, error) { return "", nil }
	if _, err := ldap.Read(t.Context(), o); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty password: %v", err)
	}
	o.Password = func() (string, error) { return ldaptest.Password, nil }
	o.Timeout = time.Second
	if err := o.Check(); err != nil {
		t.Error(err)
	}
}
