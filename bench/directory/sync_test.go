// Package directory measures how long it takes to bring a large LDAP directory in, and to find it unchanged. Nothing
// runs unless it is asked for:
//
//	go test ./bench/directory -run '^$' -bench . -benchtime 1x -timeout 20m
package directory

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/ldap"
	"latchkey/internal/ldap/ldaptest"
)

const account = access.AccountID("123456789012")

var (
	people = flag.Int("people", 100_000, "people in the directory")
	groups = flag.Int("groups", 20_000, "groups in it")
	each   = flag.Int("members", 25, "members of each group")
)

// BenchmarkSync reads a directory from slapd into an empty SQLite store, and then once more with nothing changed.
func BenchmarkSync(b *testing.B) {
	server := ldaptest.Start(b, ldaptest.Config{LDIFFile: ldif(b), Cache: true})
	for b.Loop() {
		w := controltest.New(b, controltest.Account(account))
		src := ldapsync.Source{
			Name: "corp", Account: account, MaxRemoval: 0.1, FreeRemovals: 5, DeleteAfter: time.Hour,
			LDAP: ldap.Options{
				Vendor: ldap.OpenLDAP, URLs: []string{server.URL}, BindDN: ldaptest.ReaderDN,
				Password: func() (string, error) { return ldaptest.Password, nil },
				Users:    ldap.Users{Bases: []string{ldaptest.People}}, Groups: ldap.Groups{Bases: []string{ldaptest.Groups}},
			},
		}.Defaults()
		s := &ldapsync.Syncer{Control: w.Control, Sources: []ldapsync.Source{src}}
		run(b, s, "first")
		run(b, s, "unchanged")
		b.ReportMetric(peak(b), "MB-peak-resident")
	}
}

func run(b *testing.B, s *ldapsync.Syncer, name string) {
	runtime.GC()
	start, used := time.Now(), cpu(b)
	r, err := s.Scheduled(b.Context(), &s.Sources[0])
	if err != nil || !r.Applied || r.Counts.UsersRead != *people {
		b.Fatalf("%s: %v, %+v", name, err, r)
	}
	b.ReportMetric(time.Since(start).Seconds(), "s/"+name)
	b.ReportMetric((cpu(b) - used).Seconds(), "cpu-s/"+name)
	b.Logf("%s: %+v", name, r.Counts)
}

// cpu is the processor time that this process has used on all cores, without slapd's. On a machine that others use too,
// it says more than elapsed time.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the largest amount of memory that this process has used, in megabytes, without slapd's.
func peak(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1000
		}
	}
	return 0
}

// ldif writes the directory. Every person is in the same number of groups.
func ldif(b *testing.B) string {
	name := filepath.Join(b.TempDir(), "directory.ldif")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for i := range *people {
		fmt.Fprintf(w, "dn: uid=person-%d,%s\nobjectClass: inetOrgPerson\nuid: person-%d\ncn: Person Number %d\n"+
			"givenName: Person\nsn: Number %d\nmail: person-%d@example.org\n"+
			"title: Engineer\ndepartmentNumber: %d\nemployeeNumber: %d\n\n",
			i, ldaptest.People, i, i, i, i, i%300, i)
	}
	for g := range *groups {
		fmt.Fprintf(w, "dn: cn=group-%d,%s\nobjectClass: groupOfNames\ncn: group-%d\n", g, ldaptest.Groups, g)
		for m := range *each {
			fmt.Fprintf(w, "member: uid=person-%d,%s\n", (g**each+m*7)%*people, ldaptest.People)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	return name
}
