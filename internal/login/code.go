package login

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/oauth2"
)

// codeFlow signs a person in with the browser of this machine (RFC 8252). The provider sends a code back to a loopback
// port. The code is valid only with the state, the nonce and the PKCE verifier of this sign-in.
type codeFlow struct {
	provider *Provider
	config   *oauth2.Config
	redirect *url.URL               // port 0: any
	show     func(url string) error // shows the person the page to open
	now      func() time.Time
}

// run waits until the person has signed in or ctx ends.
func (f *codeFlow) run(ctx context.Context) (*tokens, error) {
	nonce := rand.Text()
	got, err := f.code(ctx, oauth2.SetAuthURLParam("nonce", nonce))
	if err != nil {
		return nil, err
	}
	t, err := f.config.Exchange(withClient(ctx), got.code, oauth2.VerifierOption(got.verifier))
	if err != nil {
		return nil, providerError("exchange the code", err)
	}
	return expected{issuer: f.provider.Issuer, client: f.config.ClientID, nonce: nonce, now: f.now()}.accept(t)
}

// givenCode is a code that came back, and what it can be redeemed with.
type givenCode struct {
	code, verifier, redirect string
}

// code sends the person to the provider's page and waits for the code that comes back.
func (f *codeFlow) code(ctx context.Context, more ...oauth2.AuthCodeOption) (*givenCode, error) {
	if len(f.provider.PKCE) > 0 && !slices.Contains(f.provider.PKCE, "S256") {
		return nil, errors.New("the provider does not support PKCE with S256, without which a code " +
			"could be stolen on its way")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(listenHost(f.redirect), f.redirect.Port()))
	if err != nil {
		return nil, fmt.Errorf("listen for the browser: %w", err)
	}
	redirect := *f.redirect
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	redirect.Host = net.JoinHostPort(redirect.Hostname(), port)
	f.config.RedirectURL = redirect.String()

	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	back := newCallback(&redirect, state, f.provider)
	server := &http.Server{Handler: back, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		quick, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(quick) != nil { // waits until the browser has the page
			_ = server.Close()
		}
		<-served
	}()

	if err := f.show(f.config.AuthCodeURL(state, append(more, oauth2.S256ChallengeOption(verifier))...)); err != nil {
		return nil, err
	}
	select {
	case a := <-back.answer:
		if a.err != nil {
			return nil, a.err
		}
		return &givenCode{a.code, verifier, redirect.String()}, nil
	case err := <-served:
		served <- err // for the deferred function
		return nil, fmt.Errorf("listen for the browser: %w", err)
	case <-ctx.Done():
		return nil, waitedTooLong(ctx)
	}
}

// withClient makes package oauth2 use our HTTP client.
func withClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, providerClient())
}

func waitedTooLong(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("nobody signed in within the time")
	}
	return ctx.Err()
}

// DefaultRedirect is the URI to which the provider sends the browser back: any port of loopback (RFC 8252, 7.3).
const DefaultRedirect = "http://127.0.0.1/callback"

// parseRedirect checks a redirect URI that the person chose: it must lead to this machine.
func parseRedirect(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		!isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("the redirect URI %q must be like http://127.0.0.1:8400/callback: "+
			"on this machine's loopback address", Printable(raw))
	}
	return u, nil
}

// listenHost is the address that a redirect to this host reaches.
func listenHost(u *url.URL) string {
	if h := u.Hostname(); h != "localhost" {
		return h
	}
	return "127.0.0.1"
}
