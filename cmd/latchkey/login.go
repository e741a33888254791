package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/login"
)

// sessionFlags say which session is meant: of which server, in which file.
type sessionFlags struct {
	url, file string
	urlGiven  bool
}

func (f *sessionFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.url, "url", envOr("LATCHKEY_URL", defaultURL), "the server's `URL` (LATCHKEY_URL)")
	cmd.Flags().StringVar(&f.file, "session-file", os.Getenv("LATCHKEY_SESSION"),
		"where the session is kept (LATCHKEY_SESSION); a `FILE` per server in the configuration folder unless given")
}

// session returns the session file. If --url names a server, the session must be of that server.
func (f *sessionFlags) session(cmd *cobra.Command) (login.File, error) {
	f.url = strings.TrimSuffix(f.url, "/")
	f.urlGiven = cmd.Flags().Changed("url") || os.Getenv("LATCHKEY_URL") != ""
	if f.file != "" {
		return login.File(f.file), nil
	}
	return login.DefaultFile(f.url)
}

// resume loads the session.
func (f *sessionFlags) resume(file login.File) (*login.Person, error) {
	p, err := login.Resume(file)
	if err != nil {
		return nil, err
	}
	if f.urlGiven && p.Session.Server != f.url {
		return nil, fmt.Errorf("the session in %s is one of %s, not of %s", file, p.Session.Server, f.url)
	}
	return p, nil
}

// loginFlags are what `latchkey login` is told.
type loginFlags struct {
	sessionFlags
	options    login.Options
	secretFile string
	noBrowser  bool
	wait       time.Duration
}

func newLogin() *cobra.Command {
	var l loginFlags
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in at your identity provider, for credentials on this machine",
		Long: `Sign in at the server's own pages, which lead to the identity provider of your company: with the browser of this
machine, or with any other device by --device.

What comes of it is a session: ` + "`latchkey credentials`, `latchkey agent` and `latchkey grants`" + ` then work
without you until it ends, or until ` + "`latchkey logout`" + `. It is kept in a file for you alone; your password
never comes near it. With --at-provider you sign in at the provider itself, and this program gives your identity token
to the server, which could use it elsewhere: do so only at servers that you trust. An administrator sets sign-in up with
` + "`latchkey directory setup`" + `.`,
		Example: `  latchkey login --url https://s3.example.org
  latchkey login --device            # no browser here: enter a code on your telephone
  latchkey login --no-browser        # print the page's address alone`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return l.run(cmd)
		},
	}
	l.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&l.options.Account, "account", os.Getenv("LATCHKEY_ACCOUNT"),
		"the account to sign in to; the server's first unless given (LATCHKEY_ACCOUNT)")
	fl.BoolVar(&l.options.Device, "device", false, "sign in with a code on another device")
	fl.BoolVar(&l.options.AtProvider, "at-provider", false,
		"sign in at the identity provider itself, and give the server your identity token")
	fl.BoolVar(&l.noBrowser, "no-browser", false, "only print the page's address")
	fl.StringVar(&l.options.Redirect, "redirect-uri", login.DefaultRedirect,
		"the loopback `URI` that the provider knows; without a port, any port")
	fl.StringVar(&l.secretFile, "client-secret-file", "",
		"a `FILE` with the client's secret, for a provider that gives even native programs one")
	fl.DurationVar(&l.wait, "timeout", 5*time.Minute, "how long to wait for you")
	fl.BoolVar(&l.options.AllowPlainHTTP, "allow-plain-http", false,
		"sign in although server or provider are on other machines and have no TLS")
	return cmd
}

// run signs the person in, and prints where to go and what came of it.
func (l *loginFlags) run(cmd *cobra.Command) error {
	file, err := l.session(cmd)
	if err != nil {
		return err
	}
	out, o := cmd.OutOrStdout(), l.options
	if l.secretFile != "" {
		b, err := os.ReadFile(l.secretFile)
		if err != nil {
			return err
		}
		if !o.AtProvider {
			return errors.New("--client-secret-file is for --at-provider: at the server's pages, the server has the secret")
		}
		o.ClientSecret = strings.TrimSpace(string(b))
	}
	o.Server = l.url
	o.Begin = func(in *login.SignIn) {
		at := in.SignInURL
		if o.AtProvider {
			at = in.Issuer
		}
		fmt.Fprintf(out, "Signing in to %s (account %s) at %s.\n", l.url, in.Account, at)
	}
	o.ShowURL = func(url string) error {
		fmt.Fprintf(out, "Open this page in a browser on this machine:\n\n  %s\n\n", url)
		if !l.noBrowser {
			openBrowser(url)
		}
		return nil
	}
	o.ShowDevice = func(d login.DeviceCode) error { return showDevice(out, d) }
	ctx, cancel := context.WithTimeout(cmd.Context(), l.wait)
	defer cancel()
	s, err := login.Begin(ctx, file, o)
	switch {
	case errors.Is(err, login.ErrNotSetUp):
		return hint(err,
			"an administrator does that with `latchkey directory setup`; --url names another server, "+
				"--account another account")
	case cmd.Context().Err() != nil:
		return &exitError{130, nil}
	case err != nil && ctx.Err() != nil:
		return hint(fmt.Errorf("nobody signed in within %s", l.wait), "--timeout waits longer")
	case err != nil:
		return err
	}
	fmt.Fprintf(out, "Signed in as %s.\n", s.Name)
	return nil
}

func showDevice(out io.Writer, d login.DeviceCode) error {
	fmt.Fprintf(out, "Open this page on any device:\n\n  %s\n\nand enter this code:\n\n  %s\n\n", d.URL, d.Code)
	if d.Complete != "" {
		fmt.Fprintf(out, "Or open the page with the code in it:\n\n  %s\n\n", d.Complete)
	}
	return nil
}

// openBrowser tries to open a page. Only the person can see whether that worked, so the address is printed in any case.
func openBrowser(url string) {
	var c *exec.Cmd
	switch {
	case runtime.GOOS == "darwin":
		c = exec.Command("open", url)
	case os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "":
		c = exec.Command("xdg-open", url)
	default:
		return // no program on this machine can show it
	}
	if c.Start() == nil {
		_ = c.Process.Release() // it may go on longer than this program
	}
}

func newLogout() *cobra.Command {
	var f sessionFlags
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End the session of latchkey login on this machine",
		Long: `End the session at the server, and delete it and the credentials that were kept for it. Credentials that
programs have already got end with it. If you signed in with --at-provider, they hold until they expire, or until the
grant behind them goes. At your identity provider you stay signed in.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := f.session(cmd)
			if err != nil {
				return err
			}
			if p, err := f.resume(file); err == nil {
				if err := p.Logout(cmd.Context()); err != nil {
					fmt.Fprintf(cmd.ErrOrStderr(), "latchkey: the server does not know that you signed out: %v\n", err)
				}
			}
			had, err := file.Delete(cmd.Context(), login.DefaultCache())
			if err != nil {
				return err
			}
			if had {
				fmt.Fprintln(cmd.OutOrStdout(), "Signed out.")
			} else {
				fmt.Fprintln(cmd.OutOrStdout(), "You were not signed in.")
			}
			return nil
		},
	}
	f.add(cmd)
	return cmd
}
