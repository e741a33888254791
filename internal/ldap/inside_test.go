package ldap

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

func TestDNsThatNameTheSameEntry(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		same bool
	}{
		"case":                         {"CN=Alice,DC=Example", "cn=alice,dc=example", true},
		"spaces":                       {"cn=a  b , dc=x", "cn=a b,dc=x", true},
		"escapes":                      {`cn=a\2cb,dc=x`, `cn=a\,b,dc=x`, true},
		"order within a part":          {"cn=a+uid=b,dc=x", "uid=b+cn=a,dc=x", true},
		"another parent":               {"cn=a,dc=x", "cn=a,dc=y", false},
		"a comma that is in the value": {`cn=a\,dc=x`, "cn=a,dc=x", false},
		"a plus that is in the value":  {`cn=a\+uid=3:b`, "cn=a+uid=b", false},
	} {
		a, err := dnKey(c.a)
		b, err2 := dnKey(c.b)
		if err != nil || err2 != nil || (a == b) != c.same {
			t.Errorf("%s: %q and %q (%v, %v)", name, a, b, err, err2)
		}
	}
}

func TestDNsThatDifferInCaseOnlyAreNotMixedUp(t *testing.T) {
	x := newDNIndex(0)
	for i, dn := range []string{"cn=Alice,dc=x", "cn=alice,dc=x"} {
		if err := x.add(dn, int32(i)); err != nil {
			t.Fatal(err)
		}
	}
	for dn, want := range map[string]int32{"cn=Alice,dc=x": 0, "cn=alice,dc=x": 1} {
		if i, ok := x.at(dn); !ok || i != want {
			t.Errorf("%s is %d (%v)", dn, i, ok)
		}
	}
	if _, ok := x.at("cn=ALICE,dc=x"); ok {
		t.Error("a third spelling stands for one of the two")
	}
}

func TestFlatten(t *testing.T) {
	nodes := []node{
		{users: []int32{1, 0, 1}}, {groups: []int32{0, 2}}, {users: []int32{2}, groups: []int32{1}}, {groups: []int32{3}},
	}
	got, err := flatten(nodes, 3, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]int32{{0, 1}, {0, 1, 2}, {0, 1, 2}, nil} {
		if !slices.Equal(got[i], want) {
			t.Errorf("group %d has %v, want %v", i, got[i], want)
		}
	}
	if _, err := flatten(nodes, 3, 7); err == nil {
		t.Error("more members than the most")
	}
	deep := make([]node, 3000) // each group is in the one before: few edges, many steps
	for i := range len(deep) - 1 {
		deep[i].groups = []int32{int32(i + 1)}
	}
	if _, err := flatten(deep, 0, 1000); err == nil {
		t.Error("groups without members may take any number of steps")
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	good := Options{
		Vendor: OpenLDAP,
		URLs:   []string{"ldaps://ldap.example.org"},
		Users:  Users{Bases: []string{"dc=x"}},
	}.Defaults()
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	password := func() (string, error) { return "x", nil }
	for name, change := range map[string]func(*Options){
		"another vendor":       func(o *Options) { o.Vendor = "novell" },
		"no URL":               func(o *Options) { o.URLs = nil },
		"plain LDAP elsewhere": func(o *Options) { o.URLs = []string{"ldap://ldap.example.org"} },
		"plain LDAP with a password": func(o *Options) {
			o.URLs, o.BindDN, o.Password = []string{"ldap://192.0.2.1"}, "cn=x", password
		},
		"a name that only looks local": func(o *Options) {
			o.URLs = []string{"ldap://127.0.0.1.example.org"}
		},
		"another scheme":             func(o *Options) { o.URLs = []string{"http://ldap.example.org"} },
		"a password in the URL":      func(o *Options) { o.URLs = []string{"ldaps://cn=x:secret@ldap.example.org"} },
		"a search in the URL":        func(o *Options) { o.URLs = []string{"ldaps://ldap.example.org/dc=x??sub"} },
		"StartTLS on LDAPS":          func(o *Options) { o.StartTLS = true },
		"a bind DN without password": func(o *Options) { o.BindDN = "cn=x" },
		"a password without bind DN": func(o *Options) { o.Password = password },
		"no base":                    func(o *Options) { o.Users.Bases = nil },
		"a base that is no DN":       func(o *Options) { o.Groups.Bases = []string{"people"} },
		"a filter that is none":      func(o *Options) { o.Users.Filter = "(uid=*" },
		"an id that names change":    func(o *Options) { o.Users.Attributes.ID = "entryDN" },
		"a group's name as its id":   func(o *Options) { o.Groups.Attributes.ID = "CN" },
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			change(&o)
			err := o.Check()
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
	for name, change := range map[string]func(*Options){
		"insecure on purpose": func(o *Options) { o.URLs, o.Insecure = []string{"ldap://ldap.example.org"}, true },
		"StartTLS":            func(o *Options) { o.URLs, o.StartTLS = []string{"ldap://ldap.example.org"}, true },
		"on this machine": func(o *Options) {
			o.URLs = []string{"ldap://[::1]:3389", "ldap://127.0.0.2", "ldap://localhost"}
		},
	} {
		o := good
		change(&o)
		if err := o.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// For every entry: no panic. Spellings of the same DN have the same key.
func FuzzEntry(f *testing.F) {
	f.Add("cn=alice,dc=example", "member;range=0-1", "cn=x", []byte{1, 2, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 1, 2, 0, 0})
	f.Add(`cn=a\2cb+uid=\#x,dc=x`, "userAccountControl", "514", []byte("0123456789abcdef"))
	f.Add("cn=#04024869", "accountExpires", "-1", []byte{})
	f.Fuzz(func(t *testing.T, dn, attribute, value string, binary []byte) {
		e := &ldap.Entry{DN: dn, Attributes: []*ldap.EntryAttribute{
			{Name: attribute, Values: []string{value}, ByteValues: [][]byte{[]byte(value)}},
			{Name: "entryUUID", ByteValues: [][]byte{binary}},
		}}
		o := Options{Vendor: OpenLDAP}.Defaults()
		o.user(e, "x")
		o.group(e, "x")
		if id, problem := identify(e, "entryUUID"); (id == "") == (problem == "") {
			t.Errorf("id %q, problem %q", id, problem)
		}
		splitSID(binary)
		optionalUID(value)
		if _, next, err := attributeRange(e, "member"); err == nil && next < 0 {
			t.Errorf("next is %d", next)
		}
		if k, err := dnKey(dn); err == nil {
			if again, err := dnKey(strings.ReplaceAll(dn, ",", " , ")); err == nil && !strings.Contains(dn, `\`) &&
				!strings.Contains(dn, "#") && again != k {
				t.Errorf("%q and %q", k, again)
			}
		}
	})
}

func TestAServerThatSendsTooMuchIsCutOff(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go theirs.Write(make([]byte, 100))
	m := &readLimiter{Conn: ours}
	m.left.Store(60)
	buf := make([]byte, 50)
	if n, err := m.Read(buf); n != 50 || err != nil {
		t.Fatalf("within the budget: %d, %v", n, err)
	}
	if n, err := m.Read(buf); n != 0 || err != errTooMuch {
		t.Errorf("beyond it: %d, %v", n, err)
	}
}
