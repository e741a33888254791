package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/internal/awswire"
)

// Endpoint is a server that serves AWS's operations.
type Endpoint struct {
	URL    string // http://127.0.0.1:4242
	Region string
	Now    func() time.Time // the clock by which credentials are old or not
	http   *http.Client
}

// NewEndpoint is a server at a URL. It is never reached through a proxy: the server may be the proxy.
func NewEndpoint(at, region string) (*Endpoint, error) {
	if err := checkURL("the server", at, true); err != nil {
		return nil, err
	}
	return &Endpoint{URL: strings.TrimSuffix(at, "/"), Region: region, http: direct(), Now: time.Now}, nil
}

// Refusal is what a server answered in place of what was asked for.
type Refusal struct {
	Operation, Code, Message string
	Status                   int
}

func (e *Refusal) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s: the server answers %d %s", e.Operation, e.Status, http.StatusText(e.Status))
	}
	if e.Message == "" {
		return fmt.Sprintf("%s: %s", e.Operation, Printable(e.Code))
	}
	return fmt.Sprintf("%s: %s: %s", e.Operation, Printable(e.Code), Printable(e.Message))
}

// invoke calls an operation with keys; without an access key id it is not signed. What the server answers in place
// of what was asked for is a Refusal.
func invoke[In, Out any](ctx context.Context, e *Endpoint, k Keys, op awswire.Op[In, Out], in *In) (*Out, error) {
	at, err := url.Parse(e.URL)
	if err != nil {
		return nil, err
	}
	c := &awswire.Client{Endpoint: awswire.Endpoint{URL: at}, HTTP: e.http, AnswerLimit: maxDocument}
	if k.AccessKeyID != "" {
		c.Sign = Sign(k.aws(), e.Region)
	}
	out, err := awswire.Invoke(ctx, c, op, in)
	if err != nil {
		return nil, e.failure(err)
	}
	return out, nil
}

// failure words why a call failed as a person can be told it.
func (e *Endpoint) failure(err error) error {
	if refused, ok := errors.AsType[*awswire.APIError](err); ok {
		message := first(refused.Fields["error_description"], refused.Message)
		return &Refusal{Operation: refused.Operation, Code: refused.Code, Message: message, Status: refused.Status}
	}
	if unreadable, ok := errors.AsType[*awswire.AnswerError](err); ok {
		return fmt.Errorf("%s: the server's answer cannot be read", unreadable.Operation)
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return unreachable(e.URL, err)
	}
	return err
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// or is what a pointer points to, or nothing.
func or[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
