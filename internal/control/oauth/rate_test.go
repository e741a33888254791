package oauth_test

import (
	"testing"
	"time"

	"latchkey/internal/fault"
)

func TestForeignTokensAreExchangedAsOftenAsTheyComeUnlessALimitIsSet(t *testing.T) {
	w := newWorld(t)
	for range 15 {
		w.exchange(w.ask(nil))
	}
	w.Control.Quotas.TokenExchangeRate = 1
	_, stranger := w.person("stranger")
	for range 5 {
		w.refusedTo(stranger, w.ask(nil), fault.Denied, "", "actor_not_allowed")
	}
	w.exchange(w.ask(nil)) // a stranger used nothing up
	held := false
	for range 20 {
		in := w.ask(nil)
		_, err := w.try(w.keys, in)
		if held = fault.Is(err, fault.Throttled, ""); held {
			w.Advance(5 * time.Second)
			w.exchange(in) // what was held back can be exchanged later
			break
		}
		must(t, err)
	}
	if !held {
		t.Error("twenty at once went through")
	}
}
