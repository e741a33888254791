package login

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
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

// request is one call.
type request struct {
	operation string
	service   string // that it is signed for; empty: not signed
	method    string
	path      string
	query     url.Values
	header    http.Header
	body      []byte
}

// do sends a request and returns the body of an answer of status 200; any other one is a Refusal.
func (e *Endpoint) do(ctx context.Context, k Keys, r request) ([]byte, error) {
	target := e.URL + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.service != "" {
		sum := sha256.Sum256(r.body)
		hash := hex.EncodeToString(sum[:])
		req.Header.Set("X-Amz-Content-Sha256", hash)
		sign := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = r.service == "s3" })
		if err := sign.SignHTTP(ctx, k.aws(), req, hash, r.service, e.Region, time.Now()); err != nil {
			return nil, err
		}
	}
	resp, err := e.http.Do(req)
	if err != nil {
		return nil, unreachable(e.URL, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		return nil, unreachable(e.URL, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(r.operation, resp, body)
	}
	return body, nil
}

// refusal reads an error in the form of any of AWS's protocols.
func refusal(operation string, resp *http.Response, body []byte) *Refusal {
	e := &Refusal{Operation: operation, Status: resp.StatusCode}
	var x struct {
		Code         string
		Message      string
		InnerCode    string `xml:"Error>Code"`
		InnerMessage string `xml:"Error>Message"`
	}
	var j struct {
		Type        string `json:"__type"`
		Message     string `json:"message"`
		OAuth       string `json:"error"`
		Description string `json:"error_description"`
	}
	switch {
	case json.Unmarshal(body, &j) == nil:
		e.Code, _, _ = strings.Cut(first(resp.Header.Get("X-Amzn-Errortype"), j.Type, j.OAuth), ":")
		e.Message = first(j.Description, j.Message)
	case xml.Unmarshal(body, &x) == nil:
		e.Code, e.Message = first(x.InnerCode, x.Code), first(x.InnerMessage, x.Message)
	}
	return e
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// query calls an operation of STS, and decodes its answer.
func (e *Endpoint) sts(ctx context.Context, k Keys, operation string, form url.Values, into any) error {
	form.Set("Action", operation)
	form.Set("Version", "2011-06-15")
	r := request{
		operation: operation, service: "sts", method: http.MethodPost, path: "/", body: []byte(form.Encode()),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
	if k.AccessKeyID == "" {
		r.service = ""
	}
	body, err := e.do(ctx, k, r)
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: the server's answer cannot be read", operation)
	}
	return nil
}
