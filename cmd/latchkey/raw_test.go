package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// This file writes requests by hand, so that the tests' own calls do not depend on the codec that the commands use.

// fields is a JSON object that is sent.
type fields = map[string]any

// request is one signed call.
type request struct {
	service string // that it is signed for
	method  string
	host    string // the Host header; empty: the server's own
	path    string // escaped
	query   url.Values
	header  http.Header
	body    []byte
}

// do signs and sends a request and returns the status and the whole body.
func (c *client) do(ctx context.Context, r request) (int, []byte, error) {
	target := c.url + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return 0, nil, err
	}
	for k, vs := range r.header {
		req.Header[k] = vs
	}
	if r.host != "" {
		req.Host = r.host
	}
	sum := sha256.Sum256(r.body)
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	sign := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = r.service == "s3" })
	if err := sign.SignHTTP(ctx, c.keys, req, hash, r.service, c.region, time.Now()); err != nil {
		return 0, nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// call calls an operation of the server's own service.
func (c *client) call(ctx context.Context, operation string, in, out any) error {
	return c.json(ctx, "latchkey", "Latchkey."+operation, in, out)
}

// json calls an operation of one of AWS's json services.
func (c *client) json(ctx context.Context, service, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	status, answer, err := c.do(ctx, request{
		service: service, method: http.MethodPost, path: "/", body: body,
		header: http.Header{"X-Amz-Target": {target}, "Content-Type": {"application/x-amz-json-1.1"}},
	})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: %d %s", target, status, answer)
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func s3Request(method, path, body string) request {
	return request{service: "s3", method: method, path: path, body: []byte(body)}
}

// controlRequest is an S3 Control request. Whoever sends it puts the account before the host, as every client does.
func controlRequest(account, method, path, body string) request {
	path, query, _ := strings.Cut(path, "?")
	values, _ := url.ParseQuery(query) // written by us
	return request{
		service: "s3", method: method, path: path, query: values, body: []byte(body),
		header: http.Header{"X-Amz-Account-Id": {account}},
	}
}

// control is an S3 Control request of the story.
func (c *cast) control(method, path, body string) request {
	r := controlRequest(c.account, method, "/v20180820/accessgrantsinstance"+path, body)
	r.host = c.account + "." + strings.TrimPrefix(c.admin.url, "http://")
	return r
}

func iamRequest(action string, pairs ...string) request {
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return request{
		service: "iam", method: http.MethodPost, path: "/", body: []byte(form.Encode()),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
}

func createLocationRequest(c *cast) request {
	return c.control(http.MethodPost, "/location",
		"<CreateAccessGrantsLocationRequest><LocationScope>s3://lake</LocationScope>"+
			"<IAMRoleArn>arn:aws:iam::"+c.account+":role/lake-access</IAMRoleArn></CreateAccessGrantsLocationRequest>")
}
