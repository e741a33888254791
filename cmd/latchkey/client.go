package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/spf13/cobra"

	"latchkey/internal/server"
)

// client calls a running server with a key.
type client struct {
	url    string // http://127.0.0.1:4242
	region string
	keys   aws.Credentials
	http   *http.Client
}

// clientFlags say which server to talk to, and as whom.
type clientFlags struct{ url, data, region string }

func (f *clientFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.url, "url", envOr("LATCHKEY_URL", defaultURL), "the server's `URL` (LATCHKEY_URL)")
	cmd.Flags().StringVar(&f.data, "data", envOr("LATCHKEY_DATA", defaultData), "the server's data `folder`, for its root key (LATCHKEY_DATA)")
	cmd.Flags().StringVar(&f.region, "region", envOr("LATCHKEY_REGION", defaultRegion), "the region (LATCHKEY_REGION)")
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// client finds the keys: LATCHKEY_ROOT_..., then AWS_..., then the root key in the data folder.
func (f *clientFlags) client() (*client, error) {
	keys, err := findKeys(f.data)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(f.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--url %q: it must be a URL such as %s", f.url, defaultURL)
	}
	// Never through a proxy: the server may be the proxy.
	return &client{url: strings.TrimSuffix(f.url, "/"), region: f.region, keys: keys, http: &http.Client{Transport: &http.Transport{}}}, nil
}

func findKeys(data string) (aws.Credentials, error) {
	for _, prefix := range []string{"LATCHKEY_ROOT_", "AWS_"} {
		id, secret := os.Getenv(prefix+"ACCESS_KEY_ID"), os.Getenv(prefix+"SECRET_ACCESS_KEY")
		if (id == "") != (secret == "") {
			// Half a key is a slip; going on with the root key in the data folder would be a surprise.
			return aws.Credentials{}, fmt.Errorf("%[1]sACCESS_KEY_ID and %[1]sSECRET_ACCESS_KEY belong together: set both or none", prefix)
		}
		if id != "" {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: os.Getenv(prefix + "SESSION_TOKEN")}, nil
		}
	}
	file := filepath.Join(data, server.RootCredentialsFile)
	key, err := server.ReadRootKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		return aws.Credentials{}, hint(fmt.Errorf("there is no key: %s does not exist", file),
			"start the server here with `latchkey serve`, name its folder with --data, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.Secret.Reveal()}, nil
}

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
		if ctx.Err() != nil {
			return 0, nil, &exitError{130, nil} // interrupted: nobody waits for the answer
		}
		return 0, nil, hint(fmt.Errorf("no server answers at %s: %w", c.url, errors.Unwrap(err)), "start one with `latchkey serve`, or name it with --url")
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// call calls an operation of the server's own service and decodes its answer.
func (c *client) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	status, answer, err := c.do(ctx, request{
		service: "latchkey", method: http.MethodPost, path: "/", body: body,
		header: http.Header{"X-Amz-Target": {"Latchkey." + operation}, "Content-Type": {"application/x-amz-json-1.1"}},
	})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var e struct {
			Type    string `json:"__type"`
			Message string
		}
		if json.Unmarshal(answer, &e) != nil || e.Type == "" {
			return fmt.Errorf("%s: the server answered with status %d", operation, status)
		}
		return fmt.Errorf("%s: %s", e.Type, e.Message)
	}
	return json.Unmarshal(answer, out)
}
