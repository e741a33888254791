package server

import (
	"context"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/ldapsync"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/ldap"
	"latchkey/internal/ldap/ldaptest"
)

func corp(s *ldaptest.Server) ldapsync.Source {
	return ldapsync.Source{
		Name: "corp", Account: "123456789012", MaxRemoval: 0.1, Interval: time.Hour,
		LDAP: ldap.Options{
			Vendor: ldap.OpenLDAP, URLs: []string{s.URL}, BindDN: ldaptest.ReaderDN, Password: func() (string, error) {
				return ldaptest.Password, nil
			},
			Users: ldap.Users{Bases: []string{ldaptest.People}},
		},
	}.Defaults()
}

// waitFor waits until the snapshot shows something.
func waitFor(t *testing.T, s *Server, what string, shows func(*engine.Snapshot) bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !shows(s.engine.Current()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not show", what)
		}
	}
}

func TestDirectoriesAreSynchronisedWhenTheyAreDue(t *testing.T) {
	from := ldaptest.Start(t, ldaptest.Config{})
	from.Person(t, "alice")
	data := t.TempDir()
	has := func(name string) func(*engine.Snapshot) bool {
		return func(s *engine.Snapshot) bool {
			i := s.IdentityCenter("123456789012")
			return i != nil && s.PersonByKey(directory.StoreID(i.IdentityStoreID), directory.NameKey(name)) != nil
		}
	}
	serve := func(s *Server) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx) }()
		return func() {
			cancel()
			if err := <-served; err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	start := func(now func() time.Time) *Server {
		s, err := Open(t.Context(),
			Config{Listen: "127.0.0.1:0", Data: data, Directories: []ldapsync.Source{corp(from)}, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := start(nil)
	stop := serve(s)
	waitFor(t, s, "alice", has("alice"))
	if _, _, body := send(t, s, "GET", "/metrics", "127.0.0.1"); !strings.Contains(body,
		`latchkey_directory_sync_runs_total{outcome="refused",source="corp"} 0`) {
		t.Error("the refused runs are not counted from zero")
	}
	stop()

	// A restart is no reason to run; that the interval is over is one.
	from.Person(t, "bob")
	s = start(nil)
	o, err := s.syncer.Last(t.Context(), &s.syncer.Sources[0])
	if err != nil || o.Outcome != ldapsync.Succeeded {
		t.Fatalf("%+v (%v)", o, err)
	}
	stop = serve(s)
	if has("bob")(s.engine.Current()) {
		t.Error("a restart made a run that was not due")
	}
	stop()
	s = start(func() time.Time { return time.Now().Add(2 * time.Hour) })
	stop = serve(s)
	waitFor(t, s, "bob", has("bob"))
	stop()
}

func TestARefusedRunIsCounted(t *testing.T) {
	from := ldaptest.Start(t, ldaptest.Config{}) // without people
	s := boot(t, Config{Directories: []ldapsync.Source{corp(from)}})
	want := `latchkey_directory_sync_runs_total{outcome="refused",source="corp"} 1`
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		_, _, body := send(t, s, "GET", "/metrics", "127.0.0.1")
		if strings.Contains(body, want) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the refused run is not counted")
		}
	}
	o, err := s.syncer.Last(t.Context(), &s.syncer.Sources[0])
	if err == nil && o.Outcome != "" && o.Outcome != ldapsync.Refused {
		t.Errorf("%+v", o)
	}
}
