package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"latchkey/internal/ldap/ldaptest"
)

// The guides to the directory are scripts with explanations. This test runs their commands, with an OpenID provider and
// an LDAP server of its own in place of the reader's.
func TestTheGuidesToTheDirectoryWork(t *testing.T) {
	needsCLI(t)
	for _, page := range []string{"okta", "entra-id", "keycloak", "none", "ldap"} {
		t.Run(page, func(t *testing.T) {
			r := readerOf(t)
			if page == "ldap" {
				r.hasLDAP()
			} else {
				s := start(t, "--private-issuers")
				r.env = append(r.env, "server="+s.url, "LATCHKEY_URL="+s.url, "LATCHKEY_DATA="+s.data)
			}
			before, after := r.page(page)
			r.follows(before + r.blocks("docs/directory.md") + after)
		})
	}
}

// reader is a person who follows a guide on a machine that administers a server, and signs in at it.
type reader struct {
	t      *testing.T
	home   string
	env    []string
	opened chan string // pages that a browser was asked for
}

func readerOf(t *testing.T) *reader {
	r := &reader{t: t, home: t.TempDir(), opened: make(chan string)}
	idp := startProvider(t, providerOptions{Users: []string{"alice"}, Groups: map[string][]string{"alice": {"data-eng"}}})
	browser := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		select {
		case r.opened <- req.FormValue("url"):
		case <-req.Context().Done():
		}
	}))
	t.Cleanup(browser.Close)
	bin := filepath.Join(r.home, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"),
		[]byte("#!/bin/sh\nexec curl -sS --data-urlencode \"url=$1\" "+browser.URL+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "latchkey")); err != nil {
		t.Fatal(err)
	}
	r.env = []string{
		"HOME=" + r.home, "AWS_CONFIG_FILE=" + filepath.Join(r.home, ".aws", "config"),
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "DISPLAY=:1", "issuer=" + idp.issuer,
		"client_id=" + cliClient,
	}
	return r
}

// hasLDAP gives the reader an LDAP directory. Starting a server is a step of the guide.
func (r *reader) hasLDAP() {
	s := ldaptest.Start(r.t, ldaptest.Config{LDIF: `dn: uid=alice,` + ldaptest.People + `
objectClass: inetOrgPerson
uid: alice
cn: Alice Liddell
displayName: Alice Liddell
givenName: Alice
sn: Liddell
mail: alice@example.com

dn: uid=bob,` + ldaptest.People + `
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Bob
mail: bob@example.com

dn: cn=data-eng,` + ldaptest.Groups + `
objectClass: groupOfNames
cn: data-eng
member: uid=alice,` + ldaptest.People + `
member: uid=bob,` + ldaptest.People + `
`})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	data := filepath.Join(r.home, "data")
	r.env = append(r.env, "server=http://"+address, "LATCHKEY_URL=http://"+address, "LATCHKEY_DATA="+data, "ldap="+s.URL,
		"reader_password="+ldaptest.Password,
		"ldap_admin="+ldaptest.RootDN, "ldap_password="+ldaptest.Password,
		"serve_flags=--private-issuers --listen "+address+" --data "+data)
}

// page returns the commands of a guide before and after the part that all guides share.
func (r *reader) page(name string) (before, after string) {
	text := r.reads("docs/directory/" + name + ".md")
	first, second, ok := strings.Cut(text, "<!-- then -->")
	if !ok {
		r.t.Fatalf("%s does not say where the common part belongs", name)
	}
	return commands(first), commands(second)
}

func (r *reader) blocks(file string) string { return commands(r.reads(file)) }

func (r *reader) reads(file string) string {
	text, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// shell finds the blocks that are commands.
var shell = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

func commands(text string) string {
	var b strings.Builder
	for _, m := range shell.FindAllStringSubmatch(text, -1) {
		b.WriteString(m[1])
	}
	return b.String()
}

// follows runs the commands as one script, signs in where a browser is opened, and ends whatever the script leaves
// running.
func (r *reader) follows(script string) {
	r.t.Helper()
	cmd := exec.Command("sh", "-ex")
	cmd.Dir, cmd.Stdin = r.home, strings.NewReader(script)
	cmd.Env = append(append(plainEnv(), "AWS_DEFAULT_REGION="+region), r.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(r.home, "log"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case page := <-r.opened:
			newVisitor(r.t, "alice").visits(page, "")
		case err := <-ended:
			said, _ := os.ReadFile(log.Name())
			if err != nil {
				r.t.Fatalf("the guide failed: %v\n%s", err, tail(string(said), 4000))
			}
			for _, want := range []string{"Signed in as alice", "month,sum", "alice"} {
				if !strings.Contains(string(said), want) {
					r.t.Errorf("the guide never printed %q\n%s", want, tail(string(said), 4000))
				}
			}
			if testing.Verbose() {
				fmt.Println(string(said))
			}
			return
		}
	}
}
