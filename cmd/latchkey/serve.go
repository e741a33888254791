package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/server"
)

// serveFlags are what `latchkey serve` can be told. Every flag can also be given as LATCHKEY_ and its name in
// capitals, or in the YAML file; a flag is stronger than the environment, and that than the file.
type serveFlags struct {
	listen, metrics, data, account, region, database string
	tlsCert, tlsKey, revocation, logFormat           string
	domains                                          []string
	maxStaleness, drain, directorySession            time.Duration
	privateIssuers                                   bool
	locations, grants                                int
	applications, issuers, scopes                    int
}

func newServe() *cobra.Command {
	var f serveFlags
	var config string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start a server",
		Long: `Start a server. Without any configuration it is a working system: embedded database, embedded object store,
and a root key that is made at the first start, shown once, and kept in the data folder.

Every flag can be given in the environment as LATCHKEY_ and its name in capitals, with _ for - (LATCHKEY_LISTEN), and in a YAML
file (--config, LATCHKEY_CONFIG) under its own name. A flag is stronger than the environment, the environment than the file.

Only in the environment: LATCHKEY_ROOT_ACCESS_KEY_ID and LATCHKEY_ROOT_SECRET_ACCESS_KEY (the root key), LATCHKEY_SEALING_KEY (the
key ring that seals credentials and secrets; nodes that share a database share it).`,
		Args: cobra.NoArgs,
	}
	fl := cmd.Flags()
	fl.StringVar(&config, "config", "", "a YAML file with these settings")
	fl.StringVar(&f.listen, "listen", "127.0.0.1:4242", "`host:port` to listen on")
	fl.StringVar(&f.metrics, "metrics-listen", "", "`host:port` for /metrics, /healthz and /readyz alone (default: on --listen)")
	fl.StringVar(&f.data, "data", "latchkey-data", "the `folder` for database, objects and keys")
	fl.StringVar(&f.account, "account", "123456789012", "the first account, twelve digits")
	fl.StringVar(&f.region, "region", "us-east-1", "the default region")
	fl.StringVar(&f.database, "database", "", "postgres://... (default: SQLite in the data folder)")
	fl.StringVar(&f.tlsCert, "tls-cert", "", "PEM `file` with the certificate chain")
	fl.StringVar(&f.tlsKey, "tls-key", "", "PEM `file` with the certificate's key")
	fl.StringSliceVar(&f.domains, "domain", nil, "a host `name` of this server; buckets and accounts may be labels before it (repeatable)")
	fl.StringVar(&f.revocation, "revocation", "at-once", "when a vended credential ends whose grant is deleted: at-once, or expiry as on AWS")
	fl.DurationVar(&f.maxStaleness, "max-staleness", 10*time.Second, "how long the database may be silent before this node stops deciding")
	fl.DurationVar(&f.drain, "drain-timeout", 30*time.Second, "how long requests in flight may take at shutdown")
	fl.BoolVar(&f.privateIssuers, "private-issuers", false, "trusted token issuers may be at private and loopback addresses, and there without TLS")
	fl.DurationVar(&f.directorySession, "directory-session", 8*time.Hour, "how long after a person's token was exchanged its refresh tokens hold")
	fl.IntVar(&f.locations, "quota-locations", control.DefaultQuotas.Locations, "locations per instance")
	fl.IntVar(&f.grants, "quota-grants", control.DefaultQuotas.Grants, "grants per instance")
	fl.IntVar(&f.applications, "quota-applications", control.DefaultQuotas.Applications, "Identity Center applications per account")
	fl.IntVar(&f.issuers, "quota-token-issuers", control.DefaultQuotas.TokenIssuers, "trusted token issuers per account")
	fl.IntVar(&f.scopes, "quota-access-scopes", control.DefaultQuotas.AccessScopes, "access scopes per application")
	fl.StringVar(&f.logFormat, "log", "text", "log records on stderr: text, json or off")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := fillFlags(fl, config, os.LookupEnv); err != nil {
			return err
		}
		c, err := f.config(cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		return runServe(cmd, c)
	}
	return cmd
}

// config checks the flags and makes the server's configuration of them.
func (f *serveFlags) config(log io.Writer) (server.Config, error) {
	account, err := access.ParseAccountID(f.account)
	if err != nil {
		return server.Config{}, fmt.Errorf("--account %q: it must be twelve digits", f.account)
	}
	if (f.tlsCert == "") != (f.tlsKey == "") {
		return server.Config{}, fmt.Errorf("--tls-cert and --tls-key belong together")
	}
	c := server.Config{
		Listen: f.listen, Metrics: f.metrics, Data: f.data, Account: account, Region: f.region, Database: f.database,
		TLSCert: f.tlsCert, TLSKey: f.tlsKey, Domains: f.domains, MaxStaleness: f.maxStaleness, DrainTimeout: f.drain,
		PrivateIssuers: f.privateIssuers, DirectorySession: f.directorySession,
		RootAccessKeyID: os.Getenv("LATCHKEY_ROOT_ACCESS_KEY_ID"), RootSecretAccessKey: os.Getenv("LATCHKEY_ROOT_SECRET_ACCESS_KEY"),
		SealingKey: os.Getenv("LATCHKEY_SEALING_KEY"), Quotas: control.DefaultQuotas,
	}
	if (c.RootAccessKeyID == "") != (c.RootSecretAccessKey == "") {
		return server.Config{}, fmt.Errorf("LATCHKEY_ROOT_ACCESS_KEY_ID and LATCHKEY_ROOT_SECRET_ACCESS_KEY belong together")
	}
	if f.directorySession < time.Hour || f.directorySession > 7*24*time.Hour {
		return server.Config{}, fmt.Errorf("--directory-session %v: it must be from 1h to 168h", f.directorySession)
	}
	c.Quotas.Locations, c.Quotas.Grants = f.locations, f.grants
	c.Quotas.Applications, c.Quotas.TokenIssuers, c.Quotas.AccessScopes = f.applications, f.issuers, f.scopes
	switch f.revocation {
	case "at-once":
		c.Revocation = caller.AtOnce
	case "expiry":
		c.Revocation = caller.AtExpiry
	default:
		return server.Config{}, fmt.Errorf("--revocation %q: it must be at-once or expiry", f.revocation)
	}
	switch f.logFormat {
	case "text":
		c.Log = slog.New(slog.NewTextHandler(log, nil))
	case "json":
		c.Log = slog.New(slog.NewJSONHandler(log, nil))
	case "off":
	default:
		return server.Config{}, fmt.Errorf("--log %q: it must be text, json or off", f.logFormat)
	}
	return c, nil
}

func runServe(cmd *cobra.Command, c server.Config) error {
	s, err := server.Open(cmd.Context(), c)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if s.RootMade {
		file, err := filepath.Abs(filepath.Join(c.Data, server.RootCredentialsFile))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "The root key of account %s, shown this once and kept in %s:\n  AWS_ACCESS_KEY_ID=%s\n  AWS_SECRET_ACCESS_KEY=%s\n",
			c.Account, file, s.Root.AccessKeyID, s.Root.Secret.Reveal())
	}
	fmt.Fprintf(out, "Try: latchkey exec -- aws s3control list-access-grants-instances --account-id %s\n", c.Account)
	fmt.Fprintf(out, "ready %s\n", s.URL())
	err = s.Serve(cmd.Context())
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return err
}
