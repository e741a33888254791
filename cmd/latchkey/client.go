package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"latchkey/internal/awswire"
	"latchkey/internal/login"
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
	cmd.Flags().StringVar(&f.data, "data", envOr("LATCHKEY_DATA", defaultData),
		"the server's data `folder`, for its root key (LATCHKEY_DATA)")
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
	// The client uses no proxy, because the server may be the proxy.
	return &client{
		url:    strings.TrimSuffix(f.url, "/"),
		region: f.region,
		keys:   keys,
		http:   &http.Client{Transport: &http.Transport{}},
	}, nil
}

func findKeys(data string) (aws.Credentials, error) {
	for _, prefix := range []string{"LATCHKEY_ROOT_", "AWS_"} {
		id, secret := os.Getenv(prefix+"ACCESS_KEY_ID"), os.Getenv(prefix+"SECRET_ACCESS_KEY")
		if (id == "") != (secret == "") {
			// Half a key is a mistake of the caller, who would not expect the root key in the data folder to be used.
			return aws.Credentials{},
				fmt.Errorf("%[1]sACCESS_KEY_ID and %[1]sSECRET_ACCESS_KEY belong together: set both or none", prefix)
		}
		if id != "" {
			return aws.Credentials{
				AccessKeyID:     id,
				SecretAccessKey: secret,
				SessionToken:    os.Getenv(prefix + "SESSION_TOKEN"),
			}, nil
		}
	}
	file := filepath.Join(data, server.RootCredentialsFile)
	key, err := server.ReadRootKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		return aws.Credentials{}, hint(fmt.Errorf("there is no key: %s does not exist", file),
			"start the server here with `latchkey serve`, name its folder with --data, "+
				"or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.Secret.Reveal()}, nil
}

// wire is the client as package awswire has it.
func (c *client) wire() (*awswire.Client, error) {
	at, err := url.Parse(c.url)
	if err != nil {
		return nil, err
	}
	return &awswire.Client{Endpoint: awswire.Endpoint{URL: at}, HTTP: c.http, Sign: login.Sign(c.keys, c.region)}, nil
}

// invoke calls an operation of one of the server's services. An error that the server answers is an *awswire.APIError.
func invoke[In, Out any](ctx context.Context, c *client, op awswire.Op[In, Out], in *In) (*Out, error) {
	w, err := c.wire()
	if err != nil {
		return nil, err
	}
	out, err := awswire.Invoke(ctx, w, op, in)
	if u, nobody := errors.AsType[*url.Error](err); nobody {
		if ctx.Err() != nil {
			return nil, &exitError{130, nil} // interrupted: nobody waits for the answer
		}
		return nil, hint(fmt.Errorf("no server answers at %s: %w", c.url, u.Err),
			"start one with `latchkey serve`, or name it with --url")
	}
	return out, err
}

// call calls an operation of the server's own service. Its errors leave out the operation's name, which says nothing to
// a person.
func call[In, Out any](ctx context.Context, c *client, op awswire.Op[In, Out], in *In) (*Out, error) {
	out, err := invoke(ctx, c, op, in)
	e, refused := errors.AsType[*awswire.APIError](err)
	switch {
	case refused && e.Code == "":
		return nil, fmt.Errorf("%s: the server answered with status %d", e.Operation, e.Status)
	case refused:
		return nil, fmt.Errorf("%s: %s", e.Code, e.Message)
	}
	return out, err
}
