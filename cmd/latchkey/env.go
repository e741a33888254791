package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/server"
)

// clientEnv is the environment that points every AWS client of a process at the server. Over plain HTTP the server is
// also the proxy. S3 Control's clients put the account id before the host, and these names then need no name service.
// Over TLS the server's name, and the names with account ids before it, must resolve.
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

Over plain HTTP the clients use the server as their proxy (it answers for its own names only), because clients of S3
Control put the account id before the host and such names seldom resolve. Where they do resolve, the proxy can be left
out; what was found is told in comments.`,
		Example: `  eval "$(latchkey env)"
  aws s3control list-access-grants-instances --account-id 123456789012`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			env, err := c.clientEnv()
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, name := range overridingVariables {
				if os.Getenv(name) != "" && !slices.ContainsFunc(env, func(kv [2]string) bool { return kv[0] == name }) {
					fmt.Fprintf(out, "unset %s\n", name)
				}
			}
			for _, kv := range env {
				fmt.Fprintf(out, "export %s=%s\n", kv[0], quote(kv[1]))
			}
			_, err = fmt.Fprint(out, nameAdvice(cmd.Context(), c.url, account))
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&account, "account", envOr("LATCHKEY_ACCOUNT", defaultAccount),
		"the account whose name is looked up")
	return cmd
}

// quote makes s one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// nameAdvice says, as shell comments, whether the server's host name with the account id before it resolves, and how to
// make it resolve.
func nameAdvice(ctx context.Context, base, account string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second) // a name service that does not answer counts as missing
	defer cancel()
	host, address := u.Hostname(), "127.0.0.1"
	if ip := net.ParseIP(host); ip != nil {
		if !ip.IsLoopback() {
			return fmt.Sprintf("# %s is an address: to go without the proxy, give it a name, and the account %s.NAME.\n", ip,
				account)
		}
		host, address = "localhost", ip.String()
	} else if addrs, err := net.DefaultResolver.LookupHost(ctx, host); err == nil {
		address = addrs[0]
	}
	name := account + "." + host
	if addrs, err := net.DefaultResolver.LookupHost(ctx, name); err == nil {
		return fmt.Sprintf("# %s resolves to %s: AWS_ENDPOINT_URL=%s://%s:%s works without the proxy, too.\n", name, addrs[0],
			u.Scheme, host, portOf(u))
	}
	return fmt.Sprintf("# %s does not resolve. To go without the proxy, add this line to /etc/hosts:\n#   %s %s\n# or "+
		"use the region name snow with --endpoint-url %s.\n", name, address, name, base)
}

func newExec() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARG ...]",
		Short: "Run a command with its AWS clients pointed at the server",
		Long: `Run a command with the environment that ` + "`latchkey env`" + ` prints: endpoint, keys, region, and over plain
HTTP the server as proxy.

AWS_PROFILE and other variables that would win over these are taken out of the command's environment. The server is a
proxy for its own names only: other plain-HTTP requests of the command are refused unless NO_PROXY names their hosts,
HTTPS ones are untouched. The exit code is the command's, 127 when there is no such command.

Which keys: LATCHKEY_ROOT_ACCESS_KEY_ID and LATCHKEY_ROOT_SECRET_ACCESS_KEY, else AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN), else the root key in the data folder.`,
		Example: `  latchkey exec -- aws s3control list-access-grants-instances --account-id 123456789012
  latchkey exec -- python my_job.py
  latchkey exec --url https://s3.example.org -- aws s3 ls`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return hint(errors.New("there is no command to run"), "latchkey exec -- aws s3 ls")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			env, err := c.clientEnv()
			if err != nil {
				return err
			}
			return execute(args, withEnv(os.Environ(), env))
		},
	}
	f.add(cmd)
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// overridingVariables are the variables that would override or break those that exec and env set.
var overridingVariables = [...]string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION",
	"AWS_ACCOUNT_ID",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_S3_CONTROL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS",
}

// withEnv is an environment with the given variables, and without those that would override them. NO_PROXY loses only
// the entries that would keep a client from the server.
func withEnv(environ []string, env [][2]string) []string {
	drop := slices.Clone(overridingVariables[:])
	for _, kv := range env {
		drop = append(drop, kv[0])
	}
	var out []string
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		switch {
		case slices.Contains(drop, name), strings.HasPrefix(name, "AWS_ENDPOINT_URL"):
		case strings.EqualFold(name, "NO_PROXY"):
			out = append(out, name+"="+withoutOurs(value))
		default:
			out = append(out, kv)
		}
	}
	for _, kv := range env {
		out = append(out, kv[0]+"="+kv[1])
	}
	return out
}

func withoutOurs(noProxy string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(noProxy, ","), func(host string) bool {
		host = strings.TrimSpace(host)
		return host == "*" || strings.HasSuffix(server.ProxyName, strings.TrimLeft(host, "*."))
	}), ",")
}

// execute replaces this process by the command. The command thus gets the signals, the terminal and the exit code.
func execute(args, env []string) error {
	path, err := exec.LookPath(args[0])
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &exitError{127, fmt.Errorf("%s: command not found", args[0])}
	}
	if err == nil {
		err = syscall.Exec(path, args, env)
	}
	return &exitError{126, fmt.Errorf("%s: %w", args[0], err)}
}
