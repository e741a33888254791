package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"latchkey/internal/fault"
)

// Provider is the place at an issuer where people sign in, as its discovery document describes it.
type Provider struct {
	Issuer string

	// SaysIssuer says that the provider names itself in its answers to the browser (RFC 9207). An answer that does not
	// is then not from this provider.
	SaysIssuer bool

	userInfo string   // URL of the userinfo endpoint; empty: none
	claims   []string // that the provider says it may supply
	endpoint oauth2.Endpoint
	client   *http.Client
	fetched  time.Time
}

// Client is this program as a client of a provider.
type Client struct {
	ID       string
	Secret   func() string // nil: a public client
	Redirect string
	Scopes   []string
}

// Attempt is one attempt of a person to sign in. Its three texts are random, and nobody else knows them.
type Attempt struct{ State, Nonce, Verifier string }

// Provider reads where people sign in at an issuer. It caches the result as long as the issuer's keys. The error is
// an *Error or that of the context. Call it only for trusted issuers, because it connects to the issuer.
func (v *Verifier) Provider(ctx context.Context, issuer string) (*Provider, error) {
	v.mu.Lock()
	p := v.providers[issuer]
	v.mu.Unlock()
	if p != nil && v.now().Sub(p.fetched) < v.o.KeysFor {
		return p, nil
	}
	done := v.fetching.DoChan("provider "+issuer, func() (any, error) {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), v.o.Timeout)
		defer cancel()
		p, err := v.discover(limited, issuer)
		if err == nil {
			v.mu.Lock()
			defer v.mu.Unlock()
			if v.providers == nil || len(v.providers) >= v.o.MaxIssuers {
				v.providers = map[string]*Provider{}
			}
			v.providers[issuer] = p
		}
		return p, err
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Provider), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (v *Verifier) discover(ctx context.Context, issuer string) (*Provider, error) {
	body, err := v.document(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var found struct {
		Issuer     string   `json:"issuer"`
		Authorize  string   `json:"authorization_endpoint"`
		Token      string   `json:"token_endpoint"`
		UserInfo   string   `json:"userinfo_endpoint"`
		Claims     []string `json:"claims_supported"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
		SaysIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := decode(body, &found); err != nil {
		return nil, refuse(fault.IssuerInvalid, "the issuer's discovery document cannot be read").because(err)
	}
	if found.Issuer != issuer {
		return nil, refuse(fault.IssuerInvalid, "the discovery document at the issuer's URL is another issuer's")
	}
	for _, at := range []string{found.Authorize, found.Token} {
		u, err := url.Parse(at)
		secure := err == nil && u.Scheme == "https"
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" ||
			!secure && (u.Scheme != "http" || strings.HasPrefix(issuer, "https:")) {
			return nil, refuse(fault.IssuerInvalid, "the issuer's discovery document does not say where people sign in")
		}
	}
	p := &Provider{Issuer: issuer, SaysIssuer: found.SaysIssuer, client: v.tls, fetched: v.now(), claims: found.Claims}
	if p.userInfo, err = userInfoURL(found.UserInfo, issuer); err != nil {
		return nil, refuse(fault.IssuerInvalid, "the issuer's discovery document does not say where its userinfo is").
			because(err)
	}
	if strings.HasPrefix(found.Token, "http:") {
		if !v.o.AllowPrivate {
			return nil, refuse(fault.AddressForbidden, "issuers are reached over TLS only")
		}
		p.client = v.plain
	}
	p.endpoint = oauth2.Endpoint{AuthURL: found.Authorize, TokenURL: found.Token, AuthStyle: oauth2.AuthStyleInHeader}
	if found.Methods != nil && !slices.Contains(found.Methods, "client_secret_basic") {
		p.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return p, nil
}

func (p *Provider) config(c Client) *oauth2.Config {
	o := &oauth2.Config{ClientID: c.ID, Endpoint: p.endpoint, RedirectURL: c.Redirect, Scopes: c.Scopes}
	if c.Secret == nil {
		o.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	} else {
		o.ClientSecret = c.Secret()
	}
	return o
}

// SignInURL is the URL to which the browser is redirected (OpenID Connect Core 1.0, 3.1.2.1, with PKCE of RFC 7636).
func (p *Provider) SignInURL(c Client, a Attempt) string {
	return p.config(c).AuthCodeURL(a.State, oauth2.S256ChallengeOption(a.Verifier),
		oauth2.SetAuthURLParam("nonce", a.Nonce))
}

// Redeemed is what a provider gave for an authorization code. The caller must still verify the identity token.
type Redeemed struct {
	Identity string        // the identity token; never empty
	Access   func() string // the access token for the userinfo endpoint; nil: the provider gave none
}

// Redeem exchanges the authorization code for the provider's tokens. The error is an *Error that contains neither code
// nor token.
func (p *Provider) Redeem(ctx context.Context, c Client, a Attempt, code string) (got Redeemed, err error) {
	t, err := p.config(c).Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.client), code,
		oauth2.VerifierOption(a.Verifier))
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return got, refuse(fault.IssuerInvalid, "the issuer did not accept the sign-in").
			because(fmt.Errorf("status %s, error %q", answer.Response.Status, answer.ErrorCode))
	}
	if errors.Is(err, errAddress) {
		return got, refuse(fault.AddressForbidden, "the issuer's address may not be connected to").because(err)
	}
	if err != nil {
		return got, refuse(fault.IssuerUnreachable, "the issuer cannot be reached").because(err)
	}
	if got.Identity, _ = t.Extra("id_token").(string); got.Identity == "" {
		return got, refuse(fault.TokenMalformed, "the issuer gave no identity token: is openid among the scopes?")
	}
	if t.AccessToken != "" && t.Type() == "Bearer" { // a token of another type needs a proof that this client cannot give
		got.Access = func() string { return t.AccessToken }
	}
	return got, nil
}
