package login

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Options say how a person wants to sign in.
type Options struct {
	Server         string // the Latchkey server's URL
	Account        string // empty: the server's first
	Redirect       string // empty: DefaultRedirect
	Device         bool   // the device flow in place of the browser of this machine
	ClientSecret   string // of a client that has one; native programs have none
	AllowPlainHTTP bool   // to provider and server on other machines
	// AtProvider signs in at the OpenID provider itself and gives the identity token to the server. Whoever runs that
	// server can use the token at any other server that accepts it.
	AtProvider bool

	Begin      func(*SignIn)          // called with where the person is about to sign in; may be nil
	ShowURL    func(url string) error // shows the person the provider's page
	ShowDevice func(DeviceCode) error // tells the person what to enter where
}

// Begin signs a person in and writes the session to the file, where it replaces an earlier one. It waits for the person
// until ctx ends. The person signs in at the server's own pages, unless the options say otherwise.
func Begin(ctx context.Context, f File, o Options) (*Session, error) {
	if err := checkURL("the server", o.Server, o.AllowPlainHTTP); err != nil {
		return nil, err
	}
	in, err := Discover(ctx, o.Server, o.Account)
	if err != nil {
		return nil, err
	}
	if !o.AtProvider {
		return beginAtServer(ctx, f, o, in)
	}
	provider, err := FindProvider(ctx, in.Issuer, o.AllowPlainHTTP)
	if err != nil {
		return nil, err
	}
	if o.Begin != nil {
		o.Begin(in)
	}
	at, err := NewEndpoint(o.Server, in.Region)
	if err != nil {
		return nil, err
	}
	t, err := o.signIn(ctx, provider, in)
	if err != nil {
		return nil, err
	}
	s := &Session{
		Version:        sessionVersion,
		ID:             rand.Text(),
		Server:         at.URL,
		SignIn:         *in,
		Subject:        t.identity.Subject,
		Name:           Printable(t.identity.name()),
		SignedIn:       at.Now(),
		AllowPlainHTTP: o.AllowPlainHTTP,
		ClientSecret:   o.ClientSecret,
	}
	if err := at.admit(ctx, s, t); err != nil {
		return nil, err
	}
	return f.keep(ctx, s)
}

// keep writes a new session to the file.
func (f File) keep(ctx context.Context, s *Session) (*Session, error) {
	unlock, err := lock(ctx, string(f)+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s, f.save(s)
}

func (o *Options) signIn(ctx context.Context, p *Provider, in *SignIn) (*tokens, error) {
	config := p.config(in.ClientID, o.ClientSecret, in.Scopes)
	if o.Device {
		return (&deviceFlow{provider: p, config: config, show: o.ShowDevice, now: time.Now}).run(ctx)
	}
	raw := o.Redirect
	if raw == "" {
		raw = DefaultRedirect
	}
	redirect, err := parseRedirect(raw)
	if err != nil {
		return nil, err
	}
	return (&codeFlow{provider: p, config: config, redirect: redirect, show: o.ShowURL, now: time.Now}).run(ctx)
}

// refresh gets a new identity token for a provider's refresh token. If the provider has ended the session, the person
// has to sign in again.
func refresh(ctx context.Context, s *Session, now func() time.Time) (*tokens, error) {
	p, err := FindProvider(ctx, s.SignIn.Issuer, s.AllowPlainHTTP)
	if err != nil {
		return nil, err
	}
	config := p.config(s.SignIn.ClientID, s.ClientSecret, s.SignIn.Scopes)
	t, err := config.TokenSource(withClient(ctx), &oauth2.Token{RefreshToken: s.ProviderRefresh}).Token()
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.Response.StatusCode < http.StatusInternalServerError {
		return nil, fmt.Errorf("%w (%s)", ErrEnded, oauthText(e.ErrorCode, e.ErrorDescription, e.Response.Status))
	}
	if err != nil {
		return nil, providerError("refresh the sign-in", err)
	}
	if _, ok := t.Extra("id_token").(string); !ok { // OpenID Connect Core 1.0, 12.2: it may be left out
		return nil, ErrEnded
	}
	return expected{issuer: p.Issuer, client: s.SignIn.ClientID, subject: s.Subject, now: now()}.accept(t)
}

// DefaultScopes are the scopes that are asked of a provider by default: those that say who the person is, as far as the
// provider supports them.
func (p *Provider) DefaultScopes() []string {
	scopes := []string{"openid", "email", "profile"}
	return slices.DeleteFunc(scopes, func(s string) bool {
		return s != "openid" && len(p.Scopes) > 0 && !slices.ContainsFunc(p.Scopes, func(o string) bool {
			return strings.EqualFold(s, o)
		})
	})
}
