package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"latchkey/internal/server"
)

func newTour() *cobra.Command {
	return &cobra.Command{
		Use:   "tour",
		Short: "Walk through the whole story on a throw-away server",
		Long: `Start a throw-away server and walk through the whole story: instance, role, location, grant, vend, read, refused write, revoke,
refused read. Each step is printed as the AWS CLI command that does the same on a server of your own, where its data folder is: paste
the commands one by one, or run all of them as a shell script.`,
		Example: `  latchkey tour
  latchkey tour > tour.sh && sh -e tour.sh    # the same on your own server, by the AWS CLI`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "latchkey-tour-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			ctx, stop := context.WithCancel(cmd.Context())
			s, err := server.Open(ctx, server.Config{Listen: "127.0.0.1:0", Data: dir})
			if err != nil {
				stop()
				return err
			}
			served := make(chan error, 1)
			go func() { served <- s.Serve(ctx) }()
			err = play(ctx, cmd.OutOrStdout(), newCast(s))
			stop()
			if serveErr := <-served; err == nil {
				err = serveErr
			}
			if closeErr := s.Close(); err == nil {
				err = closeErr
			}
			return err
		},
	}
}

// play tells the story as a shell script and does, step by step, what its commands do.
func play(ctx context.Context, out io.Writer, c *cast) error {
	fmt.Fprintf(out, `# A throw-away server at %s goes through this story now. The lines without a # are shell commands: they do the
# same on a server of your own, in the folder where you started it. They need the AWS CLI, and a server that has no bucket lake,
# no role lake-access and no user alice yet.
`, c.admin.url)
	for i, scene := range story() {
		fmt.Fprintf(out, "\n# %d. %s\n", i+1, scene.tells)
		for _, s := range scene.steps {
			if err := c.do(ctx, out, &s); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(out, "\n# That is S3 Access Grants: access by grant, in credentials that end with the grant. The throw-away server is gone now.")
	return nil
}

// do prints a step's command, makes its call, and holds the answer against what the story expects.
func (c *cast) do(ctx context.Context, out io.Writer, s *step) error {
	shell := strings.ReplaceAll(s.shell, "ACCOUNT", c.account)
	if s.refused {
		shell += ` || echo "refused, as it should be"`
	}
	fmt.Fprintln(out, shell)
	if s.call == nil {
		return nil
	}
	who, want := c.admin, http.StatusOK
	if s.as != nil {
		who = s.as(c)
	}
	if s.refused {
		want = http.StatusForbidden
	}
	status, body, err := who.do(ctx, s.call(c))
	if err != nil {
		return err
	}
	if status != want {
		return fmt.Errorf("the tour went wrong: status %d where %d was expected: %s", status, want, body)
	}
	if s.refused {
		var e struct{ Code, Message string }
		if err := xml.Unmarshal(body, &e); err != nil {
			return err
		}
		fmt.Fprintf(out, "#    refused, as it should be: %s: %s\n", e.Code, e.Message)
	}
	if s.learn == nil {
		return nil
	}
	return s.learn(c, body, out)
}

// cast are the people of the story, and what they learn on the way.
type cast struct {
	account         string
	admin           *client
	alice           *client
	lease           *client // alice with vended credentials
	location, grant string  // ids
}

func newCast(s *server.Server) *cast {
	return &cast{account: string(s.Config.Account), admin: &client{
		url: s.URL(), region: s.Config.Region, http: &http.Client{Transport: &http.Transport{}},
		keys: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
	}}
}

// with is a client with other keys.
func (c *client) with(id, secret, token string) *client {
	other := *c
	other.keys = aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}
	return &other
}

func s3Request(method, path, body string) request {
	return request{service: "s3", method: method, path: path, body: []byte(body)}
}

// controlRequest is an S3 Control request. Whoever sends it puts the account before the host, as every client does.
func controlRequest(account, method, path, body string) request {
	path, query, _ := strings.Cut(path, "?")
	values, _ := url.ParseQuery(query) // written by us
	return request{
		service: "s3", method: method, path: path, query: values, body: []byte(body), header: http.Header{"X-Amz-Account-Id": {account}},
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
