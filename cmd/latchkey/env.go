package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/internal/server"
)

// clientEnv is the environment that points every AWS client of a process at the server. Over plain HTTP the
// server is also the proxy, so that the account labels that S3 Control's clients put before the host need no
// name service; over TLS the server's own name must resolve, with the account labels before it.
func (c *client) clientEnv() ([][2]string, error) {
	u, err := url.Parse(c.url)
	if err != nil {
		return nil, err
	}
	env := [][2]string{
		{"AWS_ACCESS_KEY_ID", c.keys.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", c.keys.SecretAccessKey},
		{"AWS_REGION", c.region},
		{"AWS_DEFAULT_REGION", c.region},
	}
	if c.keys.SessionToken != "" {
		env = append(env, [2]string{"AWS_SESSION_TOKEN", c.keys.SessionToken})
	}
	if u.Scheme == "https" {
		return append(env, [2]string{"AWS_ENDPOINT_URL", c.url}), nil
	}
	return append(env,
		[2]string{"AWS_ENDPOINT_URL", "http://" + net.JoinHostPort(server.ProxyName, portOf(u))},
		[2]string{"HTTP_PROXY", c.url},
		[2]string{"http_proxy", c.url},
	), nil
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func newEnv() *cobra.Command {
	var f clientFlags
	var account string
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the environment for AWS clients, as export lines",
		Long: `Print the environment that points AWS clients at the server, for eval "$(latchkey env)".

Over plain HTTP the clients use the server as their proxy (it answers for its own names only), because clients of S3 Control put the
account id before the host and such names seldom resolve. Where they do resolve, the proxy can be left out; what was found is told
in comments.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			env, err := c.clientEnv()
			if err != nil {
				return err
			}
			for _, kv := range env {
				fmt.Fprintf(cmd.OutOrStdout(), "export %s=%s\n", kv[0], quote(kv[1]))
			}
			fmt.Fprint(cmd.OutOrStdout(), nameAdvice(cmd.Context(), c.url, account))
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&account, "account", envOr("LATCHKEY_ACCOUNT", "123456789012"), "the account whose name is looked up")
	return cmd
}

// quote makes s one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// nameAdvice says, as shell comments, whether the account's name before the server's host resolves, and how
// to make it.
func nameAdvice(ctx context.Context, base, account string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); ip != nil {
		host = "localhost"
		if !ip.IsLoopback() {
			return fmt.Sprintf("# %s is an address: S3 Control's clients need a name. Give %s a name, with %s.NAME for the account.\n", ip, ip, account)
		}
	}
	name := account + "." + host
	if addrs, err := net.DefaultResolver.LookupHost(ctx, name); err == nil {
		return fmt.Sprintf("# %s resolves to %s: without the proxy, AWS_ENDPOINT_URL=%s://%s:%s works too.\n", name, addrs[0], u.Scheme, host, portOf(u))
	}
	return fmt.Sprintf("# %s does not resolve: without the proxy, add to /etc/hosts:\n#   127.0.0.1 %s\n# or use the region name snow with --endpoint-url %s.\n", name, name, base)
}

func newExec() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARG ...]",
		Short: "Run a command with its AWS clients pointed at the server",
		Long: `Run a command with the environment that ` + "`latchkey env`" + ` prints: endpoint, keys, region, and over plain HTTP the server as proxy.

  latchkey exec -- aws s3control get-access-grants-instance --account-id 123456789012
  latchkey exec -- python my_job.py

AWS_PROFILE and other AWS_ variables that would win over these are taken out of the command's environment. The server is a proxy
for its own names only: other plain-HTTP requests of the command are refused, HTTPS ones are untouched.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			env, err := c.clientEnv()
			if err != nil {
				return err
			}
			return run(cmd.Context(), args, withEnv(os.Environ(), env))
		},
	}
	f.add(cmd)
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// withEnv is an environment with these variables, and without those that would be stronger.
func withEnv(environ []string, env [][2]string) []string {
	drop := []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "NO_PROXY", "no_proxy"}
	for _, kv := range env {
		drop = append(drop, kv[0])
	}
	out := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(drop, name) || strings.HasPrefix(name, "AWS_ENDPOINT_URL")
	})
	for _, kv := range env {
		out = append(out, kv[0]+"="+kv[1])
	}
	return out
}

// run runs the command in the foreground and passes its exit code on.
func run(ctx context.Context, args, env []string) error {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	cmd := exec.CommandContext(ctx, path, args[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return &exitError{max(e.ExitCode(), 1)}
	}
	return err
}
