package ldap_test

import (
	"net"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"

	"latchkey/internal/ldap"
)

// A reader that may no longer read the status of accounts must not take every account for enabled.
func TestAttack26_AStatusThatIsNotShown(t *testing.T) {
	r := adTree(2)
	delete(r.users["CN=U1,OU=Users"], "userAccountControl")
	l := read(t, adOptions(r.serve(t)))
	if user(t, l, "u0").Problem != "" || user(t, l, "u1").Problem == "" || len(l.Conflicts) != 1 {
		t.Errorf("%+v", l)
	}
}

// An entry that gets the id of another person's entry must not take that person's place.
func TestAttack26_TheIDOfSomebodyElse(t *testing.T) {
	r := adTree(3)
	r.users["CN=U1,OU=Users"]["objectGUID"] = []string{guidOf(0)}
	r.groups["CN=Fake,OU=Groups"] = map[string][]string{"objectGUID": {guidOf(5)}, "sAMAccountName": {"fake"}}
	r.groups["CN=Real,OU=Groups"] = map[string][]string{"objectGUID": {guidOf(5)}, "sAMAccountName": {"real"}}
	o := adOptions(r.serve(t))
	o.Users.Bases = append(o.Users.Bases, "ou=users") // the bases do not overlap
	l := read(t, o)
	for _, u := range l.Users {
		if (u.Problem == "another entry has the same objectGUID") != (u.ID != user(t, l, "u2").ID) {
			t.Errorf("%+v", u)
		}
	}
	for _, g := range l.Groups {
		if (g.Problem != "") != (g.Name == "fake" || g.Name == "real") {
			t.Errorf("%+v", g)
		}
	}
	if len(l.Users) != 2 {
		t.Errorf("%d users", len(l.Users))
	}
}

// Before the connection is encrypted anybody on the network can answer. Such an answer must not exhaust the memory.
func TestAttack40_AnAnswerBeforeEncryption(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := ber.ReadPacket(c); err != nil {
			return
		}
		c.Write([]byte(strings.Repeat("\x30\x80", 900) + "\x04\x84\x00\x10\x00\x00")) // one MiB, copied at each of 900 levels
		c.Write(make([]byte, 1<<20))
		c.Write(make([]byte, 2*900))
	}()
	o := adOptions("ldap://" + l.Addr().String())
	o.StartTLS = true
	if _, err := ldap.Read(t.Context(), o); err == nil || !strings.Contains(err.Error(), "more than an answer may have") {
		t.Errorf("%v", err)
	}
}
