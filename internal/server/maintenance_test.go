package server

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/maintenance"
	"latchkey/internal/store"
)

// metricsShow waits until /metrics has a text.
func metricsShow(t *testing.T, s *Server, text string) (all string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		_, _, all := send(t, s, "GET", "/metrics", "127.0.0.1")
		if strings.Contains(all, text) {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s in %s", text, all)
		}
	}
}

// serving serves a data folder until stop is called, which waits for the end.
func serving(t *testing.T, c Config) (s *Server, stop func()) {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	return s, func() {
		t.Helper()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheAuditLogIsKeptForEverUnlessToldOtherwise(t *testing.T) {
	data := t.TempDir()
	later := func() time.Time { return time.Now().Add(100 * 24 * time.Hour) }
	s, stop := serving(t, Config{Data: data})
	for range 3 {
		e := audit.Event{EventName: "Something", RecipientAccountID: "123456789012"}
		if err := s.db.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	stop()

	s, stop = serving(t, Config{Data: data, Now: later})
	all := metricsShow(t, s, "latchkey_audit_log_records ")
	for _, want := range []string{
		"latchkey_audit_log_bytes ", `latchkey_maintenance_last_success_timestamp_seconds{task="audit-size"}`,
		`latchkey_maintenance_failures_total{task="changes"} 0`,
		`latchkey_maintenance_removed_total{task="expired-token-use"} 0`,
		`latchkey_maintenance_removed_total{task="object-blobs"} 0`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in %s", want, all)
		}
	}
	if strings.Contains(all, `task="audit-retention"`) || strings.Contains(all, `task="object-uploads"`) {
		t.Error("a server that was not told to removes audit records or uploads")
	}
	records := recorded(t, s, "Something")
	stop()
	if records != 3 {
		t.Errorf("%d records are left", records)
	}

	s, stop = serving(t, Config{
		Data: data, Now: later, AuditRetention: 90 * 24 * time.Hour, UploadRetention: 48 * time.Hour,
	})
	all = metricsShow(t, s, `latchkey_maintenance_last_success_timestamp_seconds{task="audit-retention"}`)
	if strings.Contains(all, `latchkey_maintenance_removed_total{task="audit-retention"} 0`) ||
		!strings.Contains(all, `latchkey_maintenance_removed_total{task="object-uploads"} 0`) {
		t.Error(all)
	}
	if n := recorded(t, s, "Something"); n != 0 {
		t.Errorf("%d records are left", n)
	}
	if n := recorded(t, s, maintenance.RemovalEvent); n != 1 {
		t.Errorf("%d records tell of it", n)
	}
	stop()
}

func recorded(t *testing.T, s *Server, name string) int {
	t.Helper()
	all, err := s.db.Events(t.Context(), store.AuditFilter{EventName: name, Account: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// Expired entries are removed although no request asks for anything, and the server's snapshot follows.
func TestWhatExpiredGoesByItself(t *testing.T) {
	data := t.TempDir()
	s, stop := serving(t, Config{Data: data})
	err := s.engine.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 3 {
			u := &store.TokenUse{ID: fmt.Sprint(i), Expires: tx.Now().Add(time.Duration(i) * 24 * time.Hour)}
			if err := store.TokenUses.Insert(tx, u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	s, stop = serving(t, Config{Data: data, Now: func() time.Time { return time.Now().Add(36 * time.Hour) }})
	metricsShow(t, s, `latchkey_maintenance_removed_total{task="expired-token-use"} 2`)
	if _, err := store.TokenUses.Get(t.Context(), s.db, "2"); err != nil {
		t.Errorf("one that did not expire: %v", err)
	}
	if rev, err := s.db.Rev(t.Context()); err != nil || s.engine.Revision() != rev {
		t.Errorf("the snapshot is at %d, the database at %d, %v", s.engine.Revision(), rev, err)
	}
	stop()
}
