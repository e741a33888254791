package grants

import (
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

func complete(now time.Time) *evaluation {
	call := &control.Call{Caller: &caller.Caller{Snapshot: &engine.Snapshot{}, Facts: caller.Facts{Time: now}}}
	return &evaluation{
		question: question{subject: &subject{call: call}, instance: &store.Instance{}},
		Decision: access.Decision{OK: true}, Location: &store.Location{}, Role: &iam.Role{}, Duration: time.Hour,
	}
}

// An evaluation that is not complete is refused, also when a check fails without a fault.
func TestAnIncompleteEvaluationIsRefused(t *testing.T) {
	if err := complete(time.Now()).refusal(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*evaluation){
		"a failure without a fault": func(e *evaluation) { e.failed = &failure{reason: fault.NotAssigned} },
		"no decision":               func(e *evaluation) { e.Decision.OK = false },
		"no location":               func(e *evaluation) { e.Location = nil },
		"no role":                   func(e *evaluation) { e.Role = nil },
		"a simulated subject":       func(e *evaluation) { e.subject.simulated = true },
	} {
		e := complete(time.Now())
		change(e)
		if fault.KindOf(e.refusal()) != fault.Denied {
			t.Errorf("%s: %v", name, e.refusal())
		}
	}
}

func TestACredentialEndsWithTheAnswerItComesFrom(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	e := complete(now)
	if s := e.session(); !s.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("without a bound the session ends at %v", s.Expires)
	}
	e.ValidUntil = now.Add(10 * time.Minute)
	if s := e.session(); !s.Expires.Equal(e.ValidUntil) {
		t.Errorf("the session ends at %v, the answer at %v", s.Expires, e.ValidUntil)
	}
}
