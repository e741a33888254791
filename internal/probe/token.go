package probe

import (
	"context"
	"errors"
	"net/http"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/awswire"
	"latchkey/internal/broker"
	"latchkey/internal/credential"
)

// tokenChecks are about the credentials themselves.
var tokenChecks = []entry{
	{"token-of-another-session", (*lab).othersToken},
	{"no-token", (*lab).noToken},
	{"session-of-a-session", (*lab).sessionOfSession},
}

// refusedKeys is refused for credentials that are not valid, which S3 also words as a bad request.
func refusedKeys(what string, err error) error {
	if said, ok := errors.AsType[*awswire.APIError](err); ok && said.Status == http.StatusBadRequest {
		switch said.Code {
		case "InvalidToken", "ExpiredToken", "InvalidAccessKeyId", "InvalidRequest", "AuthorizationHeaderMalformed":
			return nil
		}
	}
	return refused(what, err)
}

// othersToken signs with the keys of one session and sends the token of another. Both sessions may read something.
func (l *lab) othersToken(ctx context.Context) error {
	mixed := l.reader.keys
	mixed.SessionToken = l.other.keys.SessionToken
	s := l.as(mixed)
	for _, name := range []string{"team1/in", "team2/x"} {
		_, err := s.get(ctx, l.base+name)
		if err := refusedKeys("read "+name+" with another session's token", err); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) noToken(ctx context.Context) error {
	bare := l.reader.keys
	bare.SessionToken = credential.Secret{}
	_, err := l.as(bare).get(ctx, l.base+"team1/in")
	return refusedKeys("read without its token", err)
}

// sessionOfSession asks the STS for a wider session with the keys of a session.
func (l *lab) sessionOfSession(ctx context.Context) error {
	settings := l.Store.Settings
	settings.Credentials = broker.Keys(l.reader.keys)
	if settings.Dialect == broker.R2 {
		return nil // there is no STS to ask
	}
	asking, err := broker.New(settings)
	if err != nil {
		return err
	}
	keys, err := asking.Assume(ctx, broker.Ask{
		Fence: broker.Fence{Bucket: l.Bucket, Prefix: l.base + "other/", Permission: access.Read},
		Name:  broker.SessionName("latchkey-probe", l.nonce), Duration: settings.MinDuration,
	})
	if said, ok := errors.AsType[*awswire.APIError](err); ok && said.Status >= 400 && said.Status < 500 {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = l.as(keys).get(ctx, l.base+"other/x")
	return refused("make a session that reaches more", err)
}

// Expiry is a session that has still to expire, and what to try then. Its credentials reach nothing but scratch objects
// that are gone.
type Expiry struct {
	Key     string // of an object inside
	Content string
	Keys    credential.Credentials
}

// Due is when the session can be tried.
func (e *Expiry) Due() time.Time { return e.Keys.Expires.Add(expirySlack) }

// expiry checks that a session ends. If that is later than the run may wait, the check is pending.
func (l *lab) expiry(ctx context.Context) *Expiry {
	key := l.base + "team1/in"
	e := &Expiry{Key: key, Content: l.content(key), Keys: l.reader.keys}
	if wait := e.Due().Sub(l.Store.Now()); wait > l.Patience {
		l.report.Checks = append(l.report.Checks, Check{
			Name: ExpiryCheck, Outcome: Pending, At: l.Store.Now().UTC(),
			Text: "the session expires at " + e.Keys.Expires.Format(time.RFC3339),
		})
		return e
	} else if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
	l.check(ctx, ExpiryCheck, func(ctx context.Context) error { return l.afterExpiry(ctx, e) })
	return nil
}

// afterExpiry checks that an expired session reads nothing, although the object is there and was read before.
func (l *lab) afterExpiry(ctx context.Context, e *Expiry) error {
	l.put[e.Key] = true
	if err := l.owner.put(ctx, e.Key, e.Content); err != nil {
		return err
	}
	_, err := l.as(e.Keys).get(ctx, e.Key)
	if err := refusedKeys("read after it has expired", err); err != nil {
		return err
	}
	return l.is(ctx, e.Key, e.Content)
}

// AfterExpiry finishes a pending check when it is due. It writes the scratch object again and removes it.
func AfterExpiry(ctx context.Context, t Target, e *Expiry) (Check, Cleanup) {
	l := &lab{Target: &t, base: e.Key, put: map[string]bool{}, uploads: map[string]string{}}
	l.owner = newClient(t.Store, t.Bucket, t.Store.Owner)
	l.check(ctx, ExpiryCheck, func(ctx context.Context) error { return l.afterExpiry(ctx, e) })
	l.cleanUp(ctx)
	return l.report.Checks[0], l.report.Cleanup
}
