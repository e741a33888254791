// Package ldaptest starts OpenLDAP's slapd for tests. slapd is a child process on the loopback address with its own
// configuration and database, and stops when the test ends.
package ldaptest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// The directory tree of every Server, and the DN that may read it.
const (
	Suffix   = "dc=example,dc=org"
	People   = "ou=people," + Suffix
	Groups   = "ou=groups," + Suffix
	RootDN   = "cn=admin," + Suffix
	ReaderDN = "cn=reader," + Suffix
	Password = "test password"
)

// Base is the LDIF of the upper entries of the tree.
const Base = `dn: ` + Suffix + `
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ` + ReaderDN + `
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ` + Password + `

dn: ` + People + `
objectClass: organizationalUnit
ou: people

dn: ` + Groups + `
objectClass: organizationalUnit
ou: groups
`

// Server is a running slapd.
type Server struct {
	URL  string // ldap://127.0.0.1:port
	TLS  string // ldaps://127.0.0.1:port; empty if the server has no certificate
	conn *ldap.Conn
}

// Config is what a test chooses about a Server. The zero Config is a server without TLS that has the tree of Base.
type Config struct {
	LDIF      string // loaded after Base, before slapd starts, which is fast
	LDIFFile  string // file with LDIF, loaded as LDIF is
	Cert, Key string // PEM files
	SizeLimit int    // number of entries that a search of the reader may return; 0: any number
	Cache     bool   // size the server for a large database
}

// Start starts a server that stops when the test ends. It skips the test if LATCHKEY_TEST_WITHOUT_LDAP is set.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	if os.Getenv("LATCHKEY_TEST_WITHOUT_LDAP") != "" {
		t.Skip("LATCHKEY_TEST_WITHOUT_LDAP is set")
	}
	slapd, slapadd := program(t, "slapd"), program(t, "slapadd")
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "slapd.conf")
	write(t, conf, configuration(c, dir))
	base := filepath.Join(dir, "base.ldif")
	write(t, base, Base+"\n"+c.LDIF)
	for _, file := range []string{base, c.LDIFFile} {
		if file == "" {
			continue
		}
		if out, err := exec.Command(slapadd, "-q", "-f", conf, "-l", file).CombinedOutput(); err != nil {
			t.Fatalf("slapadd %s: %v\n%s", file, err, out)
		}
	}
	s := &Server{URL: "ldap://" + freeAddress(t)}
	urls := s.URL
	if c.Cert != "" {
		s.TLS = "ldaps://" + freeAddress(t)
		urls += " " + s.TLS
	}
	var log bytes.Buffer
	cmd := exec.Command(slapd, "-d", "0", "-f", conf, "-h", urls)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.conn != nil {
			s.conn.Close()
		}
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		l, err := ldap.DialURL(s.URL)
		if err == nil {
			if err := l.Bind(RootDN, Password); err != nil {
				t.Fatal(err)
			}
			s.conn = l
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("slapd does not answer: %v\n%s", err, log.String())
		}
	}
}

func configuration(c Config, dir string) string {
	var b strings.Builder
	for _, s := range []string{"core", "cosine", "nis", "inetorgperson"} {
		fmt.Fprintf(&b, "include /etc/ldap/schema/%s.schema\n", s)
	}
	fmt.Fprintf(&b,
		"pidfile %s/pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload ppolicy\nconn_max_pending 1000\n", dir)
	if c.Cert != "" {
		fmt.Fprintf(&b, "TLSCertificateFile %s\nTLSCertificateKeyFile %s\n", c.Cert, c.Key)
	}
	limit, size := "unlimited", 64<<20
	if c.SizeLimit > 0 {
		limit = fmt.Sprint(c.SizeLimit)
	}
	if c.Cache {
		size = 4 << 30
	}
	fmt.Fprintf(&b,
		"database mdb\nsuffix %q\nrootdn %q\nrootpw %q\ndirectory %s/db\nmaxsize %d\nindex objectClass,entryUUID eq\n",
		Suffix, RootDN, Password, dir, size)
	fmt.Fprintf(&b, "dbnosync\nlimits dn.exact=%q size=%s size.prtotal=%s\nlimits anonymous size=1\n",
		ReaderDN, limit, limit)
	fmt.Fprintf(&b, "access to attrs=userPassword by anonymous auth by * none\n"+
		"access to * by dn.exact=%q read by anonymous auth by * none\noverlay ppolicy\n", ReaderDN)
	return b.String()
}

// Add adds an entry.
func (s *Server) Add(t testing.TB, dn string, attributes map[string][]string) {
	t.Helper()
	r := ldap.NewAddRequest(dn, nil)
	for k, v := range attributes {
		r.Attribute(k, v)
	}
	must(t, s.conn.Add(r))
}

// Set replaces the values of an attribute. Without values it removes the attribute.
func (s *Server) Set(t testing.TB, dn, attribute string, values ...string) {
	t.Helper()
	r := ldap.NewModifyRequest(dn, nil)
	if attribute == "pwdAccountLockedTime" {
		// The attribute is the server's own: slapd accepts a value for it only with the Relax Rules control.
		r.Controls = append(r.Controls, ldap.NewControlString("1.3.6.1.4.1.4203.666.5.12", true, ""))
	}
	r.Replace(attribute, values)
	must(t, s.conn.Modify(r))
}

// Move renames an entry. If parent is not empty, Move also moves the entry under it.
func (s *Server) Move(t testing.TB, dn, rdn, parent string) {
	t.Helper()
	must(t, s.conn.ModifyDN(ldap.NewModifyDNRequest(dn, rdn, true, parent)))
}

// Delete deletes an entry.
func (s *Server) Delete(t testing.TB, dn string) {
	t.Helper()
	must(t, s.conn.Del(ldap.NewDelRequest(dn, nil)))
}

// Person adds a person of this name and returns the DN.
func (s *Server) Person(t testing.TB, name string) string {
	t.Helper()
	dn := PersonDN(name)
	s.Add(t, dn, map[string][]string{
		"objectClass": {"inetOrgPerson"},
		"uid":         {name},
		"cn":          {"Person " + name},
		"givenName":   {"Given " + name},
		"sn":          {"Family " + name},
		"mail":        {name + "@example.org"},
	})
	return dn
}

// Group adds a groupOfNames with these members and returns the DN.
func (s *Server) Group(t testing.TB, name string, members ...string) string {
	t.Helper()
	dn := GroupDN(name)
	s.Add(t, dn, map[string][]string{"objectClass": {"groupOfNames"}, "cn": {name}, "member": members})
	return dn
}

// PersonDN is the DN of a person that Person adds.
func PersonDN(name string) string { return "uid=" + name + "," + People }

// GroupDN is the DN of a group that Group adds.
func GroupDN(name string) string { return "cn=" + name + "," + Groups }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, file, text string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(text), 0o600))
}

func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("%s is not installed: install the package slapd, "+
				"or set LATCHKEY_TEST_WITHOUT_LDAP to leave these tests out", name)
		}
	}
	return path
}

// freeAddress is an address that nobody listens on. If another process takes it before slapd does, slapd fails and
// says so.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
