package ldapsync_test

import (
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/controltest/peopletest"
	"latchkey/internal/fault"
	"latchkey/internal/ldap/ldaptest"
)

// vendTo sets up all that alice, who came from LDAP, needs to get a credential by a grant to her group. It returns that
// credential.
func (w *world) vendTo(t *testing.T) controltest.Keys {
	t.Helper()
	way := peopletest.New(t, w.World, account, "lake")
	way.Grant(access.Grantee{Type: access.DirectoryGroup, ID: string(w.group("readers").ID)}, "finance/*", "")
	session, err := way.Session("alice@example.org", way.App)
	controltest.Must(t, err)
	vended, err := way.Vend(session, "s3://lake/finance/*")
	controltest.Must(t, err)
	return vended
}

func TestWhoLeavesAnLDAPGroupLosesTheCredentialAtTheNextRequest(t *testing.T) {
	for name, cut := range map[string]func(w *world){
		"out of the group": func(w *world) { w.ldap.Set(w.t, ldaptest.GroupDN("readers"), "member", dns("bob")...) },
		"out of a group in the group": func(w *world) {
			w.ldap.Set(w.t, ldaptest.GroupDN("inner"), "member", dns("bob")...)
		},
		"locked": func(w *world) {
			w.ldap.Set(w.t, ldaptest.PersonDN("alice"), "pwdAccountLockedTime", "000001010000Z")
		},
		"gone":           func(w *world) { w.ldap.Delete(w.t, ldaptest.PersonDN("alice")) },
		"the group gone": func(w *world) { w.ldap.Delete(w.t, ldaptest.GroupDN("readers")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.ldap.Person(t, "alice")
			w.ldap.Person(t, "bob")
			direct := dns("alice", "bob")
			w.ldap.Group(t, "inner", dns("alice", "bob")...)
			if name == "out of a group in the group" {
				direct = []string{ldaptest.GroupDN("inner")}
			}
			w.ldap.Group(t, "readers", direct...)
			w.sync()
			k := w.vendTo(t)
			if _, err := w.Authenticate(t, k, "s3"); err != nil {
				t.Fatalf("before: %v", err)
			}
			w.sync()
			if _, err := w.Authenticate(t, k, "s3"); err != nil {
				t.Fatalf("after a run that changed nothing: %v", err)
			}
			cut(w)
			w.sync()
			if _, err := w.Authenticate(t, k, "s3"); !fault.Is(err, fault.Denied, fault.SessionToken) {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}
