package oauth

import (
	"sync"

	"golang.org/x/time/rate"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// rates limit how many external tokens are exchanged in a second at each Identity Center instance, as AWS does (IAM
// Identity Center user guide, quotas: 10 jwt-bearer requests a second and instance). There is one limiter for each
// instance. An account has at most one instance at a time. The zero rates are ready.
type rates struct {
	mu  sync.Mutex
	all map[string]*rate.Limiter // by instance id
}

// limitRate refuses an exchange that exceeds the rate. It runs after the actor policy was checked, so that nobody else
// can use up an instance's rate.
func (e *Exchange) limitRate(call *control.Call, app *sso.Application) error {
	limit := e.Control.Quotas.TokenExchangeRate
	if limit <= 0 || e.rates.of(app.InstanceID, limit).AllowN(call.Facts.Time, 1) {
		return nil
	}
	return fault.Refuse(fault.Throttled, "", fault.RateExceeded,
		"more than %d foreign tokens in a second; try again later", limit)
}

func (r *rates) of(instance string, limit int) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.all[instance]
	if l == nil {
		if r.all == nil {
			r.all = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(limit), limit)
		r.all[instance] = l
	}
	return l
}
