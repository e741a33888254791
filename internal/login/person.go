package login

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// margin is how long keys and identity contexts must still be valid to be used.
const margin = time.Minute

// Person is a signed-in person. It renews the session in the file for as long as that is possible.
type Person struct {
	Session *Session // as of the last load; do not change it
	file    File
	at      *Endpoint

	mu     sync.Mutex
	bearer Keys
}

// Resume loads the session of a file.
func Resume(f File) (*Person, error) {
	s, err := f.Load()
	if err != nil {
		return nil, err
	}
	at, err := NewEndpoint(s.Server, s.SignIn.Region)
	if err != nil {
		return nil, err
	}
	return &Person{Session: s, file: f, at: at}, nil
}

// ID is the session's id. Cached credentials are kept under it.
func (p *Person) ID() string { return p.Session.ID }

// Keys returns keys that stand for the person. It writes to the file what it had to renew, one process at a time. It
// fails with ErrEnded when the person has to sign in again, and with ErrNotSignedIn when the person has signed out
// meanwhile.
func (p *Person) Keys(ctx context.Context) (Keys, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bearer.lasts(p.at.Now(), 5*margin) {
		return p.bearer, nil
	}
	unlock, err := lock(ctx, string(p.file)+".lock")
	if err != nil {
		return Keys{}, err
	}
	defer unlock()
	// Another process may have renewed the session meanwhile, or the person may have signed out, or in again.
	s, err := p.file.Load()
	if err != nil {
		return Keys{}, err
	}
	if s.ID != p.Session.ID {
		return Keys{}, ErrEnded
	}
	p.Session = s
	k, err := p.assume(ctx, s)
	if isRefusal(err, "ExpiredToken", "ExpiredTokenException") { // expired by the server's clock: ours may be wrong
		s.Context = ""
		k, err = p.assume(ctx, s)
	}
	if err == nil {
		p.bearer = k
	}
	return k, err
}

// assume walks the chain from the first part of the session that is still valid.
func (p *Person) assume(ctx context.Context, s *Session) (Keys, error) {
	if s.Registration != nil {
		return p.roleKeys(ctx, s)
	}
	if now := p.at.Now(); s.Context == "" || !now.Add(margin).Before(s.ContextExpires) ||
		!s.Application.lasts(now, margin) {
		if err := p.renew(ctx, s); err != nil {
			return Keys{}, err
		}
		if err := p.file.save(s); err != nil {
			return Keys{}, err
		}
	}
	return p.at.bearer(ctx, s.Application, s.SignIn.BearerRole, sessionName(s.Name), s.Context)
}

// renew gets a new identity context: for the refresh token of the last exchange or, when that has ended, for a new
// identity token of the provider.
func (p *Person) renew(ctx context.Context, s *Session) error {
	ended := ErrEnded
	if s.Refresh != "" && s.Application.lasts(p.at.Now(), margin) {
		x, err := p.at.exchange(ctx, s.Application, s.SignIn.Application, refreshGrant, s.Refresh)
		if err == nil {
			s.applyExchange(x)
			return nil
		}
		// A new identity token would not help with any other refusal, such as that of a disabled person.
		if !isRefusal(err, "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidGrantException") {
			return err
		}
		ended = fmt.Errorf("%w (%w)", ErrEnded, err)
	}
	if s.ProviderRefresh == "" {
		return ended
	}
	t, err := refresh(ctx, s, p.at.Now)
	if err != nil {
		return err
	}
	return p.at.admit(ctx, s, t)
}

// admit begins a session with a new identity token.
func (e *Endpoint) admit(ctx context.Context, s *Session, t *tokens) error {
	k, err := e.webIdentity(ctx, s.SignIn.ApplicationRole, sessionName(s.Name), t.id)
	if err != nil {
		return err
	}
	x, err := e.exchange(ctx, k, s.SignIn.Application, jwtBearer, t.id)
	if err != nil {
		return err
	}
	s.Application = k
	if t.refresh != "" {
		s.ProviderRefresh = t.refresh
	}
	s.Refresh = ""
	s.applyExchange(x)
	return nil
}

// applyExchange stores the result of an exchange in the session. If the server gives no new refresh token, the old one
// stays valid (RFC 6749, 6).
func (s *Session) applyExchange(x *exchanged) {
	s.Context, s.ContextExpires = x.context, x.expires
	if x.refresh != "" {
		s.Refresh = x.refresh
	}
}
