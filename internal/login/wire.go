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

// Endpoint is a server that has AWS's operations.
type Endpoint struct {
	URL    string // http://127.0.0.1:4242
	Region string
	Now    func() time.Time // the clock that tells whether credentials have expired
	http   *http.Client
}

// NewEndpoint returns the server at a URL. It is called without a proxy, because the server may be the proxy.
func NewEndpoint(at, region string) (*Endpoint, error) {
	if err := checkURL("the server", at, true); err != nil {
		return nil, err
	}
	return &Endpoint{URL: strings.TrimSuffix(at, "/"), Region: region, http: serverClient(), Now: time.Now}, nil
}

// Refusal is an error that a server answered.
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

// invoke calls an operation with keys. Without an access key id the request is not signed. An error that the server
// answers is a Refusal.
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

// failure makes the error of a failed call fit for a person.
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
