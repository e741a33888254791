// Package controltest gives the tests of the control plane a whole deployment without a listener: a store and an engine
// on a new SQLite file, a key ring, and callers who are authenticated as over the wire, by the signature of a real
// request.
package controltest

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/store"
)

// Region is the region for which every request is signed.
const Region = "us-east-1"

// World is a deployment of one node.
type World struct {
	*control.Control
	Auth *caller.Authenticator
	IAM  *principals.Principals

	roots map[access.AccountID]Keys
	ahead atomic.Int64 // how far the callers' clock is ahead of the real one
}

// New makes a world with these options. The world ends with the test.
func New(t testing.TB, options ...Option) *World {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	e, err := engine.Open(t.Context(), db, engine.Options{MaxStaleness: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	ring, err := credential.NewRing(credential.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	w := &World{roots: map[access.AccountID]Keys{}}
	w.Auth = &caller.Authenticator{Engine: e, Ring: ring, Now: w.now, Region: Region}
	w.Control = &control.Control{
		DB: db, Engine: e, Auth: w.Auth, Ring: ring, Now: w.now, Region: Region, Quotas: control.DefaultQuotas,
	}
	w.IAM = &principals.Principals{Control: w.Control}
	w.Add(t, options...)
	return w
}

func (w *World) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// Advance sets the clock of callers and sessions forward by d.
func (w *World) Advance(d time.Duration) { w.ahead.Add(int64(d)) }

// Keys are the keys with which a client signs.
type Keys struct{ ID, Secret, Token string }

// KeysOf returns the keys of temporary credentials.
func KeysOf(c credential.Credentials) Keys {
	return Keys{c.AccessKeyID, c.Secret.Reveal(), c.SessionToken.Reveal()}
}

// Sign makes a request of a query service, signed with these keys.
func (w *World) Sign(t testing.TB, k Keys, service, form string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://latchkey.test:4242/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	sign(r, k, signing{service, Region, form, w.now()})
	return r
}

// SignAny signs a request of any kind for a region. Its URL must be escaped as it is signed.
func (w *World) SignAny(r *http.Request, k Keys, service, region, body string) *http.Request {
	sign(r, k, signing{service, region, body, w.now()})
	return r
}

// Authenticate returns the caller that the holder of these keys is, or the refusal.
func (w *World) Authenticate(t testing.TB, k Keys, service string) (*caller.Caller, error) {
	t.Helper()
	r := w.Sign(t, k, service, "")
	who, _, err := w.Auth.Authenticate(r, service, caller.Direct(r, "request-1"))
	return who, err
}

// Call begins a call of an operation by the holder of these keys, as a request over the wire would.
func (w *World) Call(t testing.TB, k Keys, service, operation string) *control.Call {
	t.Helper()
	who, err := w.Authenticate(t, k, service)
	if err != nil {
		t.Fatalf("authenticate %s for %s: %v", k.ID, operation, err)
	}
	return w.Begin(control.Opening{Caller: who, Source: service + ".amazonaws.com", Operation: operation})
}

// Operator begins a call of the server's operator, who may create accounts.
func Operator(t testing.TB, c *control.Control, account access.AccountID) *control.Call {
	t.Helper()
	snap, err := c.Engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	call := c.BeginFor(control.Outsider{
		Identity: audit.Identity{Type: "Root", AccountID: string(account)}, Account: account, Snapshot: snap,
		Facts: caller.Facts{Time: c.Now(), Region: c.Region},
	}, control.Opening{Source: "latchkey.local", Operation: "CreateAccount"})
	call.ByRight(control.Operator)
	return call
}

// Records returns all audit records, oldest first.
func (w *World) Records(t testing.TB) []audit.Event {
	t.Helper()
	records, err := w.DB.Events(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	all := make([]audit.Event, len(records))
	for i, r := range records {
		all[i] = r.Event
	}
	return all
}
