package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"latchkey/internal/ldap/ldaptest"
)

// TestDirectoryScripts plays the sessions in testdata/ldap, each with an LDAP server of its own, which the file
// directories.yaml names. Besides the commands of TestScripts they use
//
//	ldap person|group|members|delete NAME [MEMBER ...]
//
// which changes what that server has.
func TestDirectoryScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/ldap",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            deadline(t),
		Setup: func(e *testscript.Env) error {
			e.Values[backgroundKey{}] = map[string]*background{}
			s := ldaptest.Start(t, ldaptest.Config{})
			e.Values[ldapKey{}] = s
			e.Setenv("LDAP_URL", s.URL)
			for name, text := range map[string]string{
				"password": ldaptest.Password + "\n", "wrong": "hunter2\n",
				"directories.yaml": `directories:
  - name: corp
    vendor: openldap
    urls: ` + s.URL + `
    bindDN: ` + ldaptest.ReaderDN + `
    bindPasswordFile: password
    users: {base: "` + ldaptest.People + `"}
    groups: {base: "` + ldaptest.Groups + `"}
    interval: 24h
    maxRemoval: 0.1
    freeRemovals: 0
`,
			} {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), []byte(text), 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": cmdStart, "await": cmdAwait, "end": cmdEnd, "mode": cmdMode,
			"ldap": func(ts *testscript.TestScript, _ bool, args []string) {
				s := ts.Value(ldapKey{}).(*ldaptest.Server)
				var members []string
				for _, m := range args[2:] {
					members = append(members, ldaptest.PersonDN(m))
				}
				switch args[0] {
				case "person":
					s.Person(t, args[1])
				case "group":
					s.Group(t, args[1], members...)
				case "members":
					s.Set(t, ldaptest.GroupDN(args[1]), "member", members...)
				case "delete":
					s.Delete(t, ldaptest.PersonDN(args[1]))
				default:
					ts.Fatalf("ldap %s", args[0])
				}
			},
		},
	})
}

type ldapKey struct{}
