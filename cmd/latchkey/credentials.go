package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/login"
)

// sourceFlags say who asks for credentials, and at which server.
type sourceFlags struct {
	sessionFlags
	account, region string
	keys            bool
}

func (f *sourceFlags) add(cmd *cobra.Command) {
	f.sessionFlags.add(cmd)
	cmd.Flags().StringVar(&f.account, "account", os.Getenv("LATCHKEY_ACCOUNT"),
		"the account whose data is asked for; your own unless given (LATCHKEY_ACCOUNT)")
	cmd.Flags().StringVar(&f.region, "region", os.Getenv("LATCHKEY_REGION"),
		"the region of the data; the sign-in's unless given (LATCHKEY_REGION)")
	cmd.Flags().BoolVar(&f.keys, "keys", false, "ask with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, signed in or not")
}

// vendor finds out who asks: the person who is signed in, or else the IAM user or role whose keys are in the
// environment.
func (f *sourceFlags) vendor(cmd *cobra.Command) (*login.Vendor, error) {
	file, err := f.session(cmd)
	if err != nil {
		return nil, err
	}
	keys, inEnvironment := login.EnvironmentKeys()
	if f.keys && !inEnvironment {
		return nil, errors.New("--keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	v := &login.Vendor{Account: f.account, Cache: login.DefaultCache()}
	if !f.keys {
		p, err := f.resume(file)
		switch {
		case err == nil:
			in := p.Session.SignIn
			v.Source = p
			if v.Account == "" {
				v.Account = in.Account
			}
			v.At, err = login.NewEndpoint(p.Session.Server, firstOf(f.region, in.Region))
			return v, err
		case !errors.Is(err, login.ErrNotSignedIn) || !inEnvironment:
			return nil, err
		}
	}
	v.Source = login.NewProgram(keys)
	if v.At, err = login.NewEndpoint(f.url, firstOf(f.region, defaultRegion)); err != nil {
		return nil, err
	}
	if v.Account == "" {
		v.Account, err = v.At.CallerAccount(cmd.Context(), keys)
	}
	return v, err
}

func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// accessFlags say what the credentials are for.
type accessFlags struct {
	privilege string
	duration  time.Duration
	object    bool
}

func (f *accessFlags) add(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.duration, "duration", time.Hour,
		"how long they hold, 15m to 12h; the location's role may allow less")
	cmd.Flags().StringVar(&f.privilege, "privilege", "Default",
		"Default: all of the grant's prefix; Minimal: the target alone")
	cmd.Flags().BoolVar(&f.object, "object", false, "the target is one object, not a prefix")
}

func (f *accessFlags) want(target, permission string) (login.AccessRequest, error) {
	w := login.AccessRequest{
		Target:     target,
		Permission: strings.ToUpper(permission),
		Object:     f.object,
		Duration:   f.duration,
	}
	switch strings.ToLower(f.privilege) {
	case "default":
		w.Privilege = "Default"
	case "minimal":
		w.Privilege = "Minimal"
	default:
		return w, fmt.Errorf("--privilege %q: it must be Default or Minimal", f.privilege)
	}
	switch {
	case target == "":
		return w, errors.New("--target is missing: what the credentials are for, such as s3://lake/finance/*")
	case !strings.HasPrefix(target, "s3://"):
		return w, fmt.Errorf("--target %q: it must be like s3://lake/finance/*", target)
	case w.Permission != "READ" && w.Permission != "WRITE" && w.Permission != "READWRITE":
		return w, fmt.Errorf("--permission %q: it must be READ, WRITE or READWRITE", permission)
	case f.duration < 15*time.Minute || f.duration > 12*time.Hour:
		return w, fmt.Errorf("--duration %s: it must be from 15m to 12h", f.duration)
	}
	return w, nil
}

// credentialsTimeout is how long a program waits for credentials. SDKs wait a minute for a credential_process.
const credentialsTimeout = 50 * time.Second

func newCredentials() *cobra.Command {
	var f sourceFlags
	var wf accessFlags
	var target, permission string
	var asEnv, asJSON, fresh bool
	cmd := &cobra.Command{
		Use:   "credentials --target s3://BUCKET/PREFIX/*",
		Short: "Get credentials for S3 data, for AWS's credential_process",
		Long: `Ask for credentials for a part of the data (GetDataAccess) and print them as AWS's SDKs read them from a
credential_process. On any failure nothing is printed but a line on stderr, and the exit code is 1.

It asks as who is signed in (latchkey login), or with the keys of an IAM user or role in AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY. Credentials are kept, in files for you alone, and handed out again for most of their life.`,
		Example: `  latchkey credentials --target 's3://lake/finance/*'
  eval "$(latchkey credentials --target 's3://lake/finance/*' --env)"

  # ~/.aws/config
  [profile finance]
  credential_process = latchkey credentials --target s3://lake/finance/* --permission READ
  endpoint_url = http://127.0.0.1:4242
  region = us-east-1`,
		Args: func(cmd *cobra.Command, args []string) error { return withoutHint(noArgs(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asEnv && asJSON {
				return errors.New("--env and --json exclude each other")
			}
			w, err := wf.want(target, permission)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), credentialsTimeout)
			defer cancel()
			cmd.SetContext(ctx)
			v, err := f.vendor(cmd)
			if err != nil {
				return err
			}
			v.Fresh = fresh
			l, err := v.Credentials(ctx, w)
			if err != nil {
				return err
			}
			if asEnv {
				return printEnv(cmd.OutOrStdout(), l)
			}
			return printProcess(cmd.OutOrStdout(), l)
		},
	}
	// Programs read the output, so an error is one line without the usage.
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return err })
	f.add(cmd)
	wf.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&target, "target", "", "what the credentials are for: `s3://BUCKET/PREFIX/*`")
	fl.StringVar(&permission, "permission", "READ", "READ, WRITE or READWRITE")
	fl.BoolVar(&asEnv, "env", false, "print export lines for a shell")
	fl.BoolVar(&asJSON, "json", false, "print JSON, which is what it does unless told otherwise")
	fl.BoolVar(&fresh, "fresh", false, "ask the server, even if credentials are kept that still hold")
	return cmd
}

// printProcess prints credentials as AWS's SDKs read them from a credential_process.
func printProcess(out io.Writer, c *login.Credentials) error {
	b, err := c.Process()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", b)
	return err
}

// withoutHint drops the hint of an error, so that it is one line.
func withoutHint(err error) error {
	if h, ok := errors.AsType[*hintError](err); ok {
		return h.err
	}
	return err
}

func printEnv(out io.Writer, l *login.Credentials) error {
	_, err := fmt.Fprintf(out,
		"export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\nexport AWS_SESSION_TOKEN=%s\n",
		quote(l.AccessKeyID), quote(l.SecretAccessKey), quote(l.SessionToken))
	return err
}

func newGrants() *cobra.Command {
	var f sourceFlags
	cmd := &cobra.Command{
		Use:   "grants",
		Short: "List what you may ask credentials for",
		Long: `List the grants of who is signed in, or whose keys are in AWS_ACCESS_KEY_ID: ` +
			`their own and those of their groups.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), credentialsTimeout)
			defer cancel()
			cmd.SetContext(ctx)
			v, err := f.vendor(cmd)
			if err != nil {
				return err
			}
			k, err := v.Source.Keys(ctx)
			if err != nil {
				return err
			}
			all, err := v.At.Grants(ctx, k, v.Account)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "You have no grants.")
				return nil
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "PERMISSION\tTARGET")
			for _, g := range all {
				fmt.Fprintf(t, "%s\t%s\n", login.Printable(g.Permission), login.Printable(g.Scope))
			}
			return t.Flush()
		},
	}
	f.add(cmd)
	return cmd
}
