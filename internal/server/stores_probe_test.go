package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/probe/probetest"
)

func TestAStoreThatFailsTheProbeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		store *probetest.Store
		says  string
	}{
		"reads outside": {&probetest.Store{Allow: func(r *probetest.Request, right bool) bool {
			return right || r.Operation == "GetObject"
		}}, "read-outside failed"},
		"no STS": {&probetest.Store{NoSTS: true}, "Use the mode sealed"},
		"away":   {&probetest.Store{Answer: func(string) int { return 503 }}, "skipped"},
		"no list": {&probetest.Store{Allow: func(r *probetest.Request, right bool) bool {
			return right && r.Action != "s3:ListBucket"
		}}, "list-inside failed"},
		"too long": {&probetest.Store{Life: 24 * time.Hour}, "session"},
	} {
		t.Run(name, func(t *testing.T) {
			f := inFrontOf(t, c.store, nil)
			a := f.own("PutLocationVending", object{"LocationId": f.location, "Mode": "upstream-sts"})
			if a.status != 400 || !strings.Contains(a.body, "probe_not_passed") || !strings.Contains(a.body, c.says) ||
				!strings.Contains(a.body, "scratch objects are removed") {
				t.Errorf("%d %s", a.status, a.body)
			}
			if f.state() != "SEALED" || len(c.store.Keys()) != 0 {
				t.Errorf("it is %s, and %q are left", f.state(), c.store.Keys())
			}
			if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
				t.Errorf("sealed credentials are vended all the same: %d %s", a.status, a.body)
			}
			all := f.records("PutLocationVending")
			if e := all[len(all)-1]; e.Reason() != "probe_not_passed" || e.Latchkey.RefusedBy != "store" {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestALaterProbeThatFailsStopsTheLocation(t *testing.T) {
	s := &probetest.Store{}
	var leaks func(*probetest.Request, bool) bool
	s.Allow = func(r *probetest.Request, right bool) bool { return right || leaks != nil && leaks(r, right) }
	f := inFrontOf(t, s, nil)
	f.vendsAtStore()
	leaks = func(r *probetest.Request, _ bool) bool { return r.Operation == "DeleteObject" }
	f.probes() // nothing is due yet
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	f.ahead.Add(int64(24 * time.Hour))
	f.probes()
	a := f.ask(f.alice, "alice/*", "READ")
	if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "probe_not_passed") ||
		strings.Contains(a.body, "SecretAccessKey") {
		t.Errorf("%d %s", a.status, a.body)
	}
	v := f.vending("GetLocationVending", object{})
	if v.State != "STOPPED" || !strings.Contains(v.Reason, "delete-outside") || !v.Report.Failed {
		t.Errorf("%+v", v)
	}
	all := f.records("ProbeLocation")
	if e := all[len(all)-1]; e.Reason() != "probe_not_passed" || e.ResponseElements["state"] != "STOPPED" {
		t.Errorf("%+v", e)
	}
	leaks = nil
	f.ahead.Add(int64(24 * time.Hour))
	f.probes()
	if v := f.vending("ProbeLocation", object{}); v.State != "STOPPED" {
		t.Errorf("a store that is right again: %s", v.State)
	}
	f.vendsAtStore() // an administrator asks for it again
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if v := f.vending("PutLocationVending", object{"Mode": "sealed"}); v.State != "SEALED" || len(s.Keys()) != 0 {
		t.Errorf("%+v; %q", v, s.Keys())
	}
	if a := f.ask(f.alice, "alice/*", "READ"); !strings.Contains(a.body, "<AccessKeyId>ASIA") ||
		strings.Contains(a.body, "PROBETEST") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A session that goes on after its expiry is found only when it has expired: until then nothing is vended at the store.
func TestASessionThatDoesNotExpireIsFound(t *testing.T) {
	s := &probetest.Store{NoExpiry: true}
	f := inFrontOf(t, s, nil)
	if v := f.vending("PutLocationVending", object{"Mode": "upstream-sts"}); v.State != "PENDING" {
		t.Fatalf("%+v", v)
	}
	f.ahead.Add(int64(16 * time.Minute))
	f.probes()
	v := f.vending("GetLocationVending", object{})
	if v.State != "REFUSED" || !strings.Contains(v.Reason, "after-expiry") {
		t.Errorf("%+v", v)
	}
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 || strings.Contains(a.body, "PROBETEST") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if left := s.Keys(); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestAProbeOfASealedLocationFinishes(t *testing.T) {
	f := inFrontOf(t, &probetest.Store{}, nil)
	if v := f.vending("ProbeLocation", object{}); v.State != "SEALED" || v.Report.Passed || v.Report.Failed ||
		v.Report.Removed == 0 {
		t.Errorf("%+v", v)
	}
	f.ahead.Add(int64(16 * time.Minute))
	f.probes()
	if v := f.vending("GetLocationVending", object{}); v.State != "SEALED" || !v.Report.Passed {
		t.Errorf("%+v", v)
	}
}
