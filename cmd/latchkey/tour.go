package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"latchkey/internal/awswire"
	"latchkey/internal/server"
)

func newTour() *cobra.Command {
	return &cobra.Command{
		Use:   "tour",
		Short: "Walk through the whole story on a throw-away server",
		Long: `Start a throw-away server and walk through the whole story: instance, role, location, grant, vend, read,
refused write, revoke, refused read. Each step is printed as the AWS CLI command that does the same on a server of
your own, where its data folder is: paste the commands one by one, or run all of them as a shell script.`,
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

// play prints the story as a shell script, and makes, step by step, the calls that its commands make.
func play(ctx context.Context, out io.Writer, c *cast) error {
	fmt.Fprintf(out, `# A throw-away server at %s goes through this story now. The lines without a # are shell
# commands: they do the same on a server of your own, in the folder where you started it. They need the AWS CLI, and a
# server that has no bucket lake, no role lake-access and no user alice yet.
`, c.admin.url)
	for i, scene := range story() {
		fmt.Fprintf(out, "\n# %d. %s\n", i+1, scene.tells)
		for _, s := range scene.steps {
			if err := c.do(ctx, out, &s); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(out,
		"\n# That is S3 Access Grants: access by grant, in credentials that end with the grant. "+
			"The throw-away server is gone now.")
	return nil
}

// do prints a step's command, makes its call, and compares the answer with what the story expects.
func (c *cast) do(ctx context.Context, out io.Writer, s *step) error {
	shell := strings.ReplaceAll(s.shell, "ACCOUNT", c.account)
	if s.refused {
		shell += ` || echo "refused, as it should be"`
	}
	fmt.Fprintln(out, shell)
	if s.call == nil {
		return nil
	}
	who := c.admin
	if s.as != nil {
		who = s.as(c)
	}
	err := s.call(ctx, c, who, out)
	if !s.refused {
		return err
	}
	e, ok := errors.AsType[*awswire.APIError](err)
	if !ok || e.Status != http.StatusForbidden {
		return fmt.Errorf("the tour went wrong where a refusal was expected: %w", cmp.Or(err, errors.New("it was done")))
	}
	fmt.Fprintf(out, "#    refused, as it should be: %s: %s\n", e.Code, e.Message)
	return nil
}

// cast is the clients of the people in the story, and the ids and keys that the answers gave.
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
