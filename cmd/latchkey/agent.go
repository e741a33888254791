package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"latchkey/internal/login"
)

func newAgent() *cobra.Command {
	var f sourceFlags
	var wf accessFlags
	var targets, permissions []string
	var listen, tokenFile string
	cmd := &cobra.Command{
		Use:   "agent --target s3://BUCKET/PREFIX/*",
		Short: "Give the programs of this machine credentials that renew themselves",
		Long: `Answer the AWS SDKs of this machine as a container's credentials endpoint does
(AWS_CONTAINER_CREDENTIALS_FULL_URI). Programs that run longer than a credential lives get new ones by themselves, as
long as the session of latchkey login, or the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, hold.

It listens on loopback alone and answers to who sends the token that it prints. Several targets are served at several
paths; each may have a name: --target hr=s3://lake/hr/*. One --permission is for all of them, or there is one for
each, in their order.`,
		Example: `  latchkey agent --target 's3://lake/finance/*'     # prints export lines for other shells
  latchkey agent --target 'in=s3://lake/in/*' --permission READ --target 'out=s3://lake/out/*' --permission READWRITE`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			paths, requests, err := agentRequests(&wf, targets, permissions)
			if err != nil {
				return err
			}
			l, err := login.ListenLoopback(cmd.Context(), listen)
			if err != nil {
				return fmt.Errorf("--listen: %w", err)
			}
			defer l.Close()
			v, err := f.vendor(cmd)
			if err != nil {
				return err
			}
			token := login.NewToken()
			agent := login.NewAgent(v, l.Addr(), token, requests)
			if err := agent.Prepare(cmd.Context()); err != nil {
				return err
			}
			if tokenFile != "" {
				if err := login.WritePrivate(tokenFile, token); err != nil {
					return err
				}
				defer os.Remove(tokenFile)
				if tokenFile, err = filepath.Abs(tokenFile); err != nil {
					return err
				}
			}
			if err := printAgent(cmd.OutOrStdout(), agentSetup{
				base: "http://" + l.Addr().String(), paths: paths, requests: requests, token: token, tokenFile: tokenFile,
			}); err != nil {
				return err
			}
			return serveAgent(cmd.Context(), l, agent)
		},
	}
	f.add(cmd)
	wf.add(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&targets, "target", nil,
		"what credentials are served for: `[NAME=]s3://BUCKET/PREFIX/*`; may be given several times")
	fl.StringArrayVar(&permissions, "permission", []string{"READ"},
		"READ, WRITE or READWRITE; one for all targets or one for each")
	fl.StringVar(&listen, "listen", "127.0.0.1:0", "the loopback `ADDRESS` to answer on")
	fl.StringVar(&tokenFile, "token-file", "",
		"keep the token in this `FILE` while the agent runs, in place of printing it")
	return cmd
}

var namedTarget = regexp.MustCompile(`^([a-z0-9][a-z0-9-]*)=(s3://.*)$`)

// serveAgent answers the SDKs of this machine on a listener, and renews credentials ahead of time, until ctx ends.
func serveAgent(ctx context.Context, l net.Listener, agent *login.Agent) error {
	server := &http.Server{
		Handler:           agent,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return server.Serve(l) })
	g.Go(func() error { agent.Renew(ctx); return nil })
	g.Go(func() error { <-ctx.Done(); return server.Close() })
	if err := g.Wait(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// agentRequests reads the targets. It returns the access requests by path, and the paths in the order in which the
// targets were given.
func agentRequests(f *accessFlags, targets, permissions []string) ([]string, map[string]login.AccessRequest, error) {
	if len(targets) == 0 {
		return nil, nil, errors.New("--target is missing: what the credentials are for, such as s3://lake/finance/*")
	}
	if len(permissions) != 1 && len(permissions) != len(targets) {
		return nil, nil, fmt.Errorf("there are %d targets and %d permissions: give one --permission for all, or one for each",
			len(targets), len(permissions))
	}
	var paths []string
	requests := map[string]login.AccessRequest{}
	for i, t := range targets {
		path, permission := "/", permissions[0]
		if len(permissions) > 1 {
			permission = permissions[i]
		}
		if m := namedTarget.FindStringSubmatch(t); m != nil {
			path, t = "/"+m[1], m[2]
		} else if len(targets) > 1 {
			path = fmt.Sprintf("/%d", i+1)
		}
		w, err := f.want(t, permission)
		if err != nil {
			return nil, nil, err
		}
		if _, twice := requests[path]; twice {
			return nil, nil, fmt.Errorf("two targets have the name %s", path[1:])
		}
		paths, requests[path] = append(paths, path), w
	}
	return paths, requests, nil
}

// agentSetup is where an agent listens and what it answers.
type agentSetup struct {
	base             string   // scheme and host
	paths            []string // one for each target, in their order
	requests         map[string]login.AccessRequest
	token, tokenFile string // what clients send; the file, if it is kept in one
}

// printAgent prints what a shell has to export. The first of several targets is exported. The others are comments.
func printAgent(out io.Writer, a agentSetup) error {
	for i, p := range a.paths {
		mark := "# "
		if i == 0 {
			mark = ""
		}
		if _, err := fmt.Fprintf(out, "# %s %s\n%sexport AWS_CONTAINER_CREDENTIALS_FULL_URI=%s\n", a.requests[p].Permission,
			login.Printable(a.requests[p].Target), mark, quote(a.base+p)); err != nil {
			return err
		}
	}
	name, value := "AWS_CONTAINER_AUTHORIZATION_TOKEN", a.token
	if a.tokenFile != "" {
		name, value = name+"_FILE", a.tokenFile
	}
	_, err := fmt.Fprintf(out,
		"export %s=%s\nunset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE\n", name, quote(value))
	return err
}
