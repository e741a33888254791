package probe_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/broker"
	"latchkey/internal/probe"
	"latchkey/internal/probe/probetest"
)

// clock is one that a test moves. Store and broker share it.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// tried is a store with its target.
type tried struct {
	*probetest.Store
	probe.Target
	clock *clock
}

func try(t *testing.T, s *probetest.Store, change func(*broker.Settings)) *tried {
	t.Helper()
	c := &clock{}
	settings := s.Start(t, c.now)
	if change != nil {
		change(&settings)
	}
	b, err := broker.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return &tried{s, probe.Target{Store: b, Bucket: probetest.Bucket, Prefix: "team/"}, c}
}

// run runs the probe and, if the session has still to expire, moves the clock and finishes it.
func (x *tried) run(t *testing.T) *probe.Report {
	t.Helper()
	report, pending := probe.Run(t.Context(), x.Target)
	if pending != nil {
		if c := report.Find(probe.ExpiryCheck); c.Outcome != probe.Pending || report.Passed() {
			t.Errorf("pending counts as passed: %+v", c)
		}
		x.clock.ahead.Add(int64(pending.Due().Sub(x.clock.now())))
		done, _ := probe.AfterExpiry(t.Context(), x.Target, pending)
		*report.Find(probe.ExpiryCheck) = done
	}
	if left := x.Keys(); len(left) > 0 && !x.Sticky {
		t.Errorf("the probe leaves %q behind", left)
	}
	return report
}

func TestARightStorePasses(t *testing.T) {
	x := try(t, &probetest.Store{}, nil)
	r := x.run(t)
	if !r.Passed() || r.Failed() || !r.Escapes() {
		t.Errorf("it does not pass: %s", r.Trouble())
	}
	if r.Cleanup.Removed == 0 || len(r.Cleanup.Left) != 0 || !strings.HasPrefix(r.Prefix, "team/latchkey-probe-") {
		t.Errorf("%+v", r)
	}
	negative := 0
	for _, c := range r.Checks {
		if c.At.IsZero() || c.Took < 0 {
			t.Errorf("%s has no time", c.Name)
		}
		if _, known := defects[c.Name]; known {
			negative++
		} else if c.Name != "prepare" && c.Name != "session" {
			t.Errorf("no wrong store makes %s fail", c.Name)
		}
	}
	if negative != len(defects) || negative < 25 {
		t.Errorf("%d checks, %d wrong stores", negative, len(defects))
	}
	// Without escapes the same store is as safe, and vends less.
	x = try(t, &probetest.Store{}, func(s *broker.Settings) { s.Dialect = broker.MinIO })
	if r = x.run(t); !r.Passed() || r.Escapes() || r.Find("fence-star").Outcome != probe.Skipped ||
		r.Find("fence-star").Text == "" {
		t.Errorf("%s; %+v", r.Trouble(), r.Find("fence-star"))
	}
}

func TestEachCheckFailsOnAStoreThatIsWrongOnPurpose(t *testing.T) {
	for name, stores := range defects {
		for i, s := range stores {
			t.Run(name, func(t *testing.T) {
				r := try(t, s, nil).run(t)
				c := r.Find(name)
				if c == nil || c.Outcome != probe.Failed || c.Text == "" {
					t.Fatalf("store %d is wrong, and the check says %+v", i, c)
				}
				if c.Optional && (r.Escapes() || !r.Passed()) || !c.Optional && (r.Passed() || !r.Failed()) {
					t.Errorf("passed %v, failed %v, escapes %v", r.Passed(), r.Failed(), r.Escapes())
				}
				if !c.Optional && !strings.Contains(r.Trouble(), name) {
					t.Errorf("the trouble is %q", r.Trouble())
				}
			})
		}
	}
}

// A wrong store may fail further checks, but most defects are of one kind. So each check finds something of its own.
func TestMostDefectsAreFoundByOneCheckOnly(t *testing.T) {
	for _, name := range []string{
		"stat-outside", "list-outside", "list-parent", "list-bucket-v1", "delete-many-outside", "copy-source-outside",
		"part-copy-source-outside", "multipart-outside", "bucket-configuration", "delete-with-read", "multipart-with-read",
		"read-with-write", "list-with-write", "name-question-mark", "list-name-star", "token-of-another-session", "no-token",
		"session-of-a-session", "after-expiry",
	} {
		r := try(t, defects[name][0], nil).run(t)
		for _, c := range r.Checks {
			if c.Outcome != probe.Passed && c.Name != name {
				t.Errorf("the store with the defect of %s: %s %s (%s)", name, c.Name, c.Outcome, c.Text)
			}
		}
	}
}

func TestIdentityCase095_AStoreWithoutSTSIsRefusedWithTheWayThatWorks(t *testing.T) {
	x := try(t, &probetest.Store{NoSTS: true}, nil)
	r := x.run(t)
	c := r.Find("session")
	if r.Passed() || !r.Failed() || c.Outcome != probe.Failed || !strings.Contains(c.Text, "Use the mode sealed") ||
		!strings.Contains(c.Text, "501") {
		t.Errorf("%+v", c)
	}
	for _, c := range r.Checks {
		if c.Name != "prepare" && c.Name != "session" && (c.Outcome != probe.Skipped || c.Text == "") {
			t.Errorf("%s was %s (%s), without a session", c.Name, c.Outcome, c.Text)
		}
	}
	if len(r.Checks) != len(defects)+2 {
		t.Errorf("%d checks are reported", len(r.Checks))
	}
}

// A store that does not answer has neither passed nor failed.
func TestAStoreThatIsAwayHasNotFailed(t *testing.T) {
	for name, s := range map[string]*probetest.Store{
		"failing": {Answer: func(op string) int { return 503 }},
		"busy":    {Answer: func(op string) int { return 429 }},
	} {
		r := try(t, s, nil).run(t)
		if r.Passed() || r.Failed() {
			t.Errorf("%s: passed %v, failed %v: %s", name, r.Passed(), r.Failed(), r.Trouble())
		}
	}
	x := try(t, &probetest.Store{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, _ := probe.Run(ctx, x.Target); r.Passed() || r.Failed() || len(x.Keys()) != 0 {
		t.Errorf("a run that was ended: %s, and %q are left", r.Trouble(), x.Keys())
	}
}

func TestAReportSaysWhatIsLeftBehind(t *testing.T) {
	x := try(t, &probetest.Store{Sticky: true}, nil)
	r := x.run(t)
	if len(r.Cleanup.Left) == 0 || !slices.Contains(r.Cleanup.Left, r.Prefix+"team1/in") {
		t.Errorf("%+v", r.Cleanup)
	}
}

// Sessions that are short enough are waited for.
func TestAShortSessionIsWaitedFor(t *testing.T) {
	for _, s := range []*probetest.Store{{Life: time.Second}, {Life: time.Second, NoExpiry: true}} {
		x := try(t, s, nil)
		x.Patience = time.Minute
		r, pending := probe.Run(t.Context(), x.Target)
		c := r.Find(probe.ExpiryCheck)
		if pending != nil || (c.Outcome == probe.Passed) == s.NoExpiry {
			t.Errorf("%v, %+v", pending, c)
		}
	}
}

// Nothing counts as passed but passed.
func TestSkippedAndPendingAreNotPassed(t *testing.T) {
	if (&probe.Report{}).Passed() {
		t.Error("a report without checks passes")
	}
	for _, o := range []probe.Outcome{probe.Skipped, probe.Pending, probe.Failed, "", "PASSED"} {
		r := &probe.Report{Checks: []probe.Check{{Name: "a", Outcome: probe.Passed}, {Name: "b", Outcome: o}}}
		if r.Passed() || r.Failed() != (o == probe.Failed) || r.Trouble() == "" {
			t.Errorf("%q counts as passed", o)
		}
		if !r.PassedBut("b") || r.PassedBut("a") {
			t.Errorf("%q: %v, %v", o, r.PassedBut("b"), r.PassedBut("a"))
		}
		if r.Checks[1].Optional = true; !r.Passed() || r.Failed() {
			t.Errorf("%q of an optional check counts", o)
		}
		if r.Checks[0].Optional = true; r.Passed() {
			t.Error("a report in which nothing is needed passes")
		}
	}
}
