package ldapsync_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/ldapsync"
	"latchkey/internal/ldap"
	"latchkey/internal/ldap/ldaptest"
)

const plainFile = `
directories:
  - name: corp
    vendor: ad
    urls: [ldaps://dc1.example.org, ldaps://dc2.example.org]
    caFile: ca.pem
    bindDN: CN=reader,DC=example,DC=org
    bindPasswordFile: password
    users: {base: "OU=People,DC=example,DC=org", attributes: {userName: userPrincipalName}}
    groups:
      base: ["OU=Groups,DC=example,DC=org", "OU=Teams,DC=example,DC=org"]
      nested: false
    interval: 5m
    maxRemoval: 0.25
    deleteAfter: 48h
  - name: lab
    account: "210987654321"
    vendor: openldap
    urls: ldap://127.0.0.1:3389
    users: {base: "ou=people,dc=lab"}
`

// load loads a file whose folder has a password file and a certificate.
func load(t *testing.T, text string, mode os.FileMode) ([]ldapsync.Source, error) {
	t.Helper()
	dir := t.TempDir()
	ca, _, _ := ldaptest.Certificate(t)
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"directories.yaml": text,
		"ca.pem":           string(pem),
		"password":         "s3cret\n",
		"empty":            "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "password"), mode); err != nil {
		t.Fatal(err)
	}
	return ldapsync.Load(filepath.Join(dir, "directories.yaml"), account)
}

func TestTheFileOfDirectories(t *testing.T) {
	all, err := load(t, plainFile, 0o600)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	a, b := &all[0], &all[1]
	if a.Account != account || a.LDAP.Vendor != ldap.ActiveDirectory || len(a.LDAP.URLs) != 2 || a.LDAP.RootCAs == nil ||
		!a.LDAP.Groups.Flat || len(a.LDAP.Groups.Bases) != 2 ||
		a.LDAP.Users.Attributes.UserName != "userPrincipalName" || a.LDAP.Users.Attributes.ID != "objectGUID" ||
		a.Interval != 5*time.Minute || a.MaxRemoval != 0.25 || a.DeleteAfter != 48*time.Hour {
		t.Errorf("%+v", a)
	}
	if password, err := a.LDAP.Password(); err != nil || password != "s3cret" {
		t.Errorf("the password is %q (%v)", password, err)
	}
	if b.Account != "210987654321" || b.LDAP.Groups.Flat || b.MaxRemoval != 0.1 || b.FreeRemovals != 5 ||
		b.DeleteAfter != 30*24*time.Hour || b.Interval != 15*time.Minute || b.Issuer() != "ldap:lab" {
		t.Errorf("%+v", b)
	}
}

func TestFilesOfDirectoriesThatAreRefused(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(plainFile, old, new, 1) }
	for name, c := range map[string]struct{ text, says string }{
		"an unknown key":             {swap("interval:", "intervall:"), ":13:"},
		"an unknown attribute":       {swap("userName:", "username:"), "username"},
		"not YAML":                   {"directories: [", "directories.yaml"},
		"nothing":                    {"", "a list of directories"},
		"no list":                    {"directories: 7", "directories.yaml:1:"},
		"a duration that is none":    {swap("5m", "soon"), "soon"},
		"too short an interval":      {swap("5m", "5s"), "1m or more"},
		"too large a share":          {swap("0.25", "25"), "from 0 to 1"},
		"a vendor that is not known": {swap("vendor: ad", "vendor: novell"), `"novell"`},
		"plain LDAP":                 {swap("ldaps://dc1", "ldap://dc1"), "without encryption"},
		"a name twice":               {swap("name: lab", "name: corp"), "two directories"},
		"a name with a colon":        {swap("name: corp", "name: 'co:rp'"), "small letters"},
		"an account that is none":    {swap("210987654321", "2109"), "twelve digits"},
		"two passwords": {swap("bindPasswordFile: password",
			"bindPasswordFile: password\n    bindPasswordEnv: X"), "give one"},
		"no password":             {swap("bindPasswordFile: password", ""), "belong together"},
		"an empty password file":  {swap("bindPasswordFile: password", "bindPasswordFile: empty"), "empty"},
		"a missing password file": {swap("bindPasswordFile: password", "bindPasswordFile: nothing"), "nothing"},
		"a variable that is not set": {swap("bindPasswordFile: password", "bindPasswordEnv: LATCHKEY_TEST_NOT_SET"),
			"LATCHKEY_TEST_NOT_SET"},
		"a CA file without a CA":      {swap("caFile: ca.pem", "caFile: empty"), "PEM"},
		"an id that is a name":        {swap("userName: userPrincipalName", "id: sAMAccountName"), "rename"},
		"a password that stands here": {swap("bindPasswordFile: password", "bindPassword: hunter2"), ":8:"},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := load(t, c.text, 0o600)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, %v; want %s", all, err, c.says)
			}
		})
	}
	if _, err := load(t, plainFile, 0o640); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a password that others may read: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(plainFile)
	f.Add("directories:\n- name: a\n  urls: {}\n")
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := ldapsync.Load(file, account)
		if (err == nil) != (len(all) > 0) {
			t.Errorf("%d directories and %v", len(all), err)
		}
	})
}
