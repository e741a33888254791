package login

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// margin is how long keys and contexts must still hold to be used.
const margin = time.Minute

// Person is whoever is signed in: the session of a file, gone on with as long as it can be.
type Person struct {
	Session *Session // as of the last load; do not change it
	file    File
	at      *Endpoint

	mu     sync.Mutex
	bearer Keys
}

// Resume takes up the session of a file.
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

// ID names the session: what was vended to it is kept under this name.
func (p *Person) ID() string { return p.Session.ID }

// Keys are keys that stand for the person. What had to be renewed on the way is kept in the file, by one process at
// a time. It fails with ErrEnded when only the person can go on, and with ErrNotSignedIn when they left meanwhile.
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
	// Another process may have renewed it, or the person may have left, or signed in anew.
	s, err := p.file.Load()
	if err != nil {
		return Keys{}, err
	}
	if s.ID != p.Session.ID {
		return Keys{}, ErrEnded
	}
	p.Session = s
	k, err := p.assume(ctx, s)
	if isRefusal(err, "ExpiredToken", "ExpiredTokenException") { // by the server's clock; ours may be wrong
		s.Context = ""
		k, err = p.assume(ctx, s)
	}
	if err == nil {
		p.bearer = k
	}
	return k, err
}

// assume walks the chain from where the session still holds.
func (p *Person) assume(ctx context.Context, s *Session) (Keys, error) {
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

// renew gets a fresh identity context: for the refresh token of the last exchange, or, when that has ended, for a
// fresh identity token of the provider.
func (p *Person) renew(ctx context.Context, s *Session) error {
	ended := ErrEnded
	if s.Refresh != "" && s.Application.lasts(p.at.Now(), margin) {
		x, err := p.at.exchange(ctx, s.Application, s.SignIn.Application, refreshGrant, s.Refresh)
		if err == nil {
			s.take(x)
			return nil
		}
		// Everything else, such as a person who was disabled, no fresh token would mend.
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

// admit begins a session with a fresh identity token.
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
	s.take(x)
	return nil
}

// take keeps what an exchange gave. A server that gives no new refresh token lets the old one stand (RFC 6749, 6).
func (s *Session) take(x *exchanged) {
	s.Context, s.ContextExpires = x.context, x.expires
	if x.refresh != "" {
		s.Refresh = x.refresh
	}
}
