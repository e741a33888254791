package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"latchkey/internal/fault"
)

// question is a GET that the server sends to an issuer.
type question struct {
	url    string
	bearer func() string // the access token to send along; nil: none
}

// answer is what an issuer answered with status 200.
type answer struct {
	body []byte
	kind string // the Content-Type header
}

// ask sends a question. It reads no more than Options.MaxDocument bytes and follows no redirect.
func (v *Verifier) ask(ctx context.Context, q question) (*answer, error) {
	u, err := url.Parse(q.url)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, refuse(fault.IssuerInvalid, "the issuer's URL, or that of its keys, is not one of http or https")
	}
	c := v.tls
	if u.Scheme == "http" {
		if !v.o.AllowPrivate {
			return nil, refuse(fault.AddressForbidden, "issuers are reached over TLS only")
		}
		c = v.plain
	}
	r, err := get(ctx, c, q)
	if errors.Is(err, errAddress) {
		return nil, refuse(fault.AddressForbidden, "the issuer's address may not be connected to").because(err)
	}
	if err != nil {
		return nil, refuse(fault.IssuerUnreachable, "the issuer cannot be reached").because(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, refuse(fault.IssuerUnreachable,
			"the issuer does not answer as it should").because(fmt.Errorf("%s: %s", q.url, r.Status))
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, v.o.MaxDocument+1))
	switch {
	case err != nil:
		return nil, refuse(fault.IssuerUnreachable, "the issuer's answer ended early").because(err)
	case int64(len(body)) > v.o.MaxDocument:
		return nil, refuse(fault.IssuerInvalid, "a document of the issuer has more than %d bytes", v.o.MaxDocument)
	}
	return &answer{body: body, kind: r.Header.Get("Content-Type")}, nil
}

// get sends the request of a question. If the address was refused, the error of get has that cause.
func get(ctx context.Context, c *http.Client, q question) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if q.bearer != nil {
		r.Header.Set("Authorization", "Bearer "+q.bearer())
	}
	return c.Do(r)
}
