package ldapsync_test

import (
	"strings"
	"testing"
	"time"

	people "latchkey/internal/control/identitystore"
	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/ldap/ldaptest"
	"latchkey/internal/store"
)

// A user whom the server disabled, and whom an administrator or a provisioning client then disables too, is not enabled
// when the server enables the user. This holds even for a run that was planned before the second change.
func TestAttack26_DisabledByTwo(t *testing.T) {
	w := newWorld(t, nil)
	names := []string{"alice", "bob", "carol"}
	lock := func(values ...string) {
		for _, n := range names {
			w.ldap.Set(t, ldaptest.PersonDN(n), "pwdAccountLockedTime", values...)
		}
	}
	for _, n := range names {
		w.ldap.Person(t, n)
	}
	w.sync()
	lock("000001010000Z")
	w.sync()
	w.want("alice disabled", "bob disabled", "carol disabled")
	admin := &people.Directory{Control: w.Control}
	disable := func(name string) {
		if _, err := admin.SetUserStatus(t.Context(), w.Call(t, w.root, "latchkey", "SetUserStatus"),
			people.Named{Name: name}, people.Status{Disabled: true}); err != nil {
			t.Error(err)
		}
	}
	disable("alice")
	w.Change(t, func(tx *store.Tx) error {
		p, err := provision.Open(t.Context(), tx,
			provision.Source{Account: account, By: "scim", Says: "scim", Snapshot: w.snap(), Quotas: w.Quotas})
		if err != nil {
			return err
		}
		_, err = p.ReplaceUser(*w.person("bob"), directory.SaysOut)
		return err
	})
	lock()
	w.sync()
	w.want("alice disabled", "bob disabled", "carol")
	lock("000001010000Z")
	w.sync()
	lock()
	w.want("alice disabled", "bob disabled", "carol disabled")
	// The clock is read when the plan is made, so the administrator's change comes between the plan and its commits.
	meanwhile, armed, now, password := "carol", false, w.Control.Now, w.S.Sources[0].LDAP.Password
	w.S.Sources[0].LDAP.Password = func() (string, error) { armed = true; return password() }
	w.Control.Now = func() time.Time {
		if armed && meanwhile != "" {
			armed = false
			disable(meanwhile)
		}
		return now()
	}
	w.sync()
	w.want("alice disabled", "bob disabled", "carol disabled")
	meanwhile = ""
	w.ldap.Person(t, "dave")
	w.sync()
	meanwhile = "dave"
	w.ldap.Set(t, ldaptest.PersonDN("dave"), "pwdAccountLockedTime", "000001010000Z")
	w.sync()
	w.ldap.Set(t, ldaptest.PersonDN("dave"), "pwdAccountLockedTime")
	meanwhile = ""
	w.sync()
	w.want("alice disabled", "bob disabled", "carol disabled", "dave disabled")
}

// An entry that cannot be read enables nobody.
func TestAttack26_EnabledByAnEntryThatCannotBeRead(t *testing.T) {
	w := newWorld(t, nil)
	alice := w.ldap.Person(t, "alice")
	w.ldap.Person(t, "bob")
	w.sync()
	w.ldap.Set(t, alice, "pwdAccountLockedTime", "000001010000Z")
	w.sync()
	w.ldap.Set(t, alice, "pwdAccountLockedTime")
	w.ldap.Set(t, alice, "title", strings.Repeat("x", 5000))
	w.sync()
	w.want("alice disabled", "bob")
	w.ldap.Set(t, alice, "title")
	w.sync()
	w.want("alice", "bob")
}
