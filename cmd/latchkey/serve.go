package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	gosync "sync"
	"syscall"

	"github.com/spf13/cobra"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/front"
	"latchkey/internal/maintenance"
	"latchkey/internal/objects"
	"latchkey/internal/server"
	"latchkey/internal/store"
)

// The defaults of a server, which the client commands use to find it.
const (
	defaultListen  = "127.0.0.1:4242"
	defaultURL     = "http://" + defaultListen
	defaultData    = "latchkey-data"
	defaultAccount = "123456789012"
	defaultRegion  = "us-east-1"
)

// serveFlags are what `latchkey serve` can be told. Every flag can also be given as LATCHKEY_ and its name in
// capitals, or in the YAML file; a flag is stronger than the environment, and that than the file.
type serveFlags struct {
	listen, metrics, data, account, region, database    string
	tlsCert, tlsKey, revocation, logFormat, sealingKeys string
	directories                                         string
	publicURL                                           string
	domains, trustedProxies                             []string
	maxStaleness, drain, directorySession               time.Duration
	auditRetention, uploadRetention                     time.Duration
	privateIssuers, strictSCIM                          bool
	locations, grants                                   int
	applications, issuers, scopes, exchangeRate         int
}

func newServe() *cobra.Command {
	var f serveFlags
	var config string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start a server",
		Long: `Start a server. Without any configuration it is a working system: embedded database, embedded object store,
and a root key that is made at the first start, shown once, and kept in the data folder.

Every flag can be given in the environment as LATCHKEY_ and its name in capitals, with _ for - (LATCHKEY_LISTEN), and
in a YAML file (--config, LATCHKEY_CONFIG) under its own name. A flag is stronger than the environment, the
environment than the file.

Only in the environment: LATCHKEY_ROOT_ACCESS_KEY_ID and LATCHKEY_ROOT_SECRET_ACCESS_KEY (the root key),
LATCHKEY_SEALING_KEY (the key ring that seals credentials and secrets; nodes that share a database share it).`,
		Example: `  latchkey serve                                          # 127.0.0.1:4242, everything in ./latchkey-data
  latchkey serve --data /var/lib/latchkey --listen 0.0.0.0:443 --tls-cert tls.crt --tls-key tls.key --domain s3.example.org
  latchkey serve --config latchkey.yaml --log json`,
		Args: noArgs,
	}
	fl := cmd.Flags()
	fl.StringVar(&config, "config", "", "a YAML file with these settings")
	fl.StringVar(&f.listen, "listen", defaultListen, "`host:port` to listen on")
	fl.StringVar(&f.metrics, "metrics-listen", "",
		"`host:port` for /metrics, /healthz and /readyz alone (default: on --listen)")
	fl.StringVar(&f.data, "data", defaultData, "the `folder` for database, objects and keys")
	fl.StringVar(&f.account, "account", defaultAccount, "the first account, twelve digits")
	fl.StringVar(&f.region, "region", defaultRegion, "the default region")
	fl.StringVar(&f.database, "database", "", "postgres://... (default: SQLite in the data folder)")
	fl.StringVar(&f.sealingKeys, "sealing-keys", "",
		"an existing `file` with the key ring, mode 0600 (default: sealing-keys in the data folder, made at the first start)")
	fl.StringVar(&f.tlsCert, "tls-cert", "", "PEM `file` with the certificate chain")
	fl.StringVar(&f.tlsKey, "tls-key", "", "PEM `file` with the certificate's key")
	fl.StringSliceVar(&f.domains, "domain", nil, "a host `name` of this server; buckets and accounts may be labels before it (repeatable)")
	fl.StringSliceVar(&f.trustedProxies, "trusted-proxies", nil, "`networks` of proxies in front of this server, such as 10.0.0.0/8: what they say in X-Forwarded-For and X-Forwarded-Proto counts (default: the peer of the connection is the client)")
	fl.StringVar(&f.publicURL, "public-url", "", "the `URL` by which browsers know this server, such as https://grants.example.org: people sign in there (default: the listener's)")
	fl.StringVar(&f.revocation, "revocation", "at-once", "when a vended credential ends whose grant is deleted: at-once, or expiry as on AWS")
	fl.DurationVar(&f.maxStaleness, "max-staleness", 10*time.Second, "how long the database may be silent before this node stops deciding")
	fl.DurationVar(&f.drain, "drain-timeout", 30*time.Second, "how long requests in flight may take at shutdown")
	fl.DurationVar(&f.auditRetention, "audit-retention", 0,
		"how long audit records are kept, such as 2160h for 90 days; 0: for ever")
	fl.DurationVar(&f.uploadRetention, "upload-retention", 0,
		"after how long without a new part the embedded object store ends a multipart upload, such as 168h; 0: never")
	fl.BoolVar(&f.privateIssuers, "private-issuers", false,
		"token issuers and OpenID Connect providers may be at private and loopback addresses, and there without TLS")
	fl.DurationVar(&f.directorySession, "directory-session", 8*time.Hour,
		"how long after a person's token was exchanged its refresh tokens hold")
	fl.StringVar(&f.directories, "directories", "",
		"a YAML `file` with the LDAP directories that people and groups come from")
	fl.IntVar(&f.locations, "quota-locations", control.DefaultQuotas.Locations, "locations per instance")
	fl.IntVar(&f.grants, "quota-grants", control.DefaultQuotas.Grants, "grants per instance")
	fl.IntVar(&f.applications, "quota-applications", control.DefaultQuotas.Applications,
		"Identity Center applications per account")
	fl.IntVar(&f.issuers, "quota-token-issuers", control.DefaultQuotas.TokenIssuers, "trusted token issuers per account")
	fl.IntVar(&f.scopes, "quota-access-scopes", control.DefaultQuotas.AccessScopes, "access scopes per application")
	fl.IntVar(&f.exchangeRate, "quota-token-exchanges", control.DefaultQuotas.TokenExchangeRate,
		"identity tokens exchanged in a second for an Identity Center instance, by this node; 0: as many as come, AWS: 10")
	fl.BoolVar(&f.strictSCIM, "scim-strict-aws", false,
		"give the SCIM endpoint the limits of AWS's, to test a provisioning client against")
	fl.StringVar(&f.logFormat, "log", "text", "log records on stderr: text, json or off")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := fillFlags(fl, config, os.Getenv); err != nil {
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
		return server.Config{}, fmt.Errorf("--tls-cert and --tls-key belong together: give both or none")
	}
	c := server.Config{
		Listen:              f.listen,
		Metrics:             f.metrics,
		Data:                f.data,
		Account:             account,
		Region:              f.region,
		Database:            f.database,
		TLSCert:             f.tlsCert,
		TLSKey:              f.tlsKey,
		Domains:             f.domains,
		MaxStaleness:        f.maxStaleness,
		DrainTimeout:        f.drain,
		PrivateIssuers:      f.privateIssuers,
		StrictSCIM:          f.strictSCIM,
		DirectorySession:    f.directorySession,
		RootAccessKeyID:     os.Getenv("LATCHKEY_ROOT_ACCESS_KEY_ID"),
		RootSecretAccessKey: os.Getenv("LATCHKEY_ROOT_SECRET_ACCESS_KEY"),
		AuditRetention:      f.auditRetention,
		UploadRetention:     f.uploadRetention,
		PublicURL:           f.publicURL,
		SealingKey:          os.Getenv("LATCHKEY_SEALING_KEY"),
		SealingKeyFile:      f.sealingKeys,
		Quotas:              control.DefaultQuotas,
	}
	if (c.RootAccessKeyID == "") != (c.RootSecretAccessKey == "") {
		return server.Config{}, fmt.Errorf("LATCHKEY_ROOT_ACCESS_KEY_ID and LATCHKEY_ROOT_SECRET_ACCESS_KEY belong " +
			"together: set both or none")
	}
	if err := server.CheckPublicURL(c.PublicURL); err != nil {
		return server.Config{}, fmt.Errorf("--public-url: %w", err)
	}
	if c.TrustedProxies, err = front.ParseProxies(f.trustedProxies); err != nil {
		return server.Config{}, fmt.Errorf("--trusted-proxies: %w", err)
	}
	if f.locations < 1 || f.grants < 1 {
		return server.Config{}, fmt.Errorf("--quota-locations and --quota-grants must be 1 or more")
	}
	if f.maxStaleness <= 0 || f.drain <= 0 {
		return server.Config{}, fmt.Errorf("--max-staleness and --drain-timeout must be more than 0s")
	}
	if f.directorySession < time.Hour || f.directorySession > 7*24*time.Hour {
		return server.Config{}, fmt.Errorf("--directory-session %v: it must be from 1h to 168h", f.directorySession)
	}
	if err := f.checkRetention(); err != nil {
		return server.Config{}, err
	}
	if f.exchangeRate < 0 {
		return server.Config{}, fmt.Errorf("--quota-token-exchanges must be 0 or more")
	}
	c.Quotas.TokenExchangeRate = f.exchangeRate
	c.Quotas.Locations, c.Quotas.Grants = f.locations, f.grants
	c.Quotas.Applications, c.Quotas.TokenIssuers, c.Quotas.AccessScopes = f.applications, f.issuers, f.scopes
	if f.directories != "" {
		if c.Directories, err = ldapsync.Load(f.directories, account); err != nil {
			return server.Config{}, err
		}
	}
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

// checkRetention refuses times so short that what is removed could still be needed.
func (f *serveFlags) checkRetention() error {
	if d := f.auditRetention; d != 0 && d < maintenance.MinAuditRetention {
		return fmt.Errorf("--audit-retention %v: it must be 24h or more, or 0 to keep the audit log for ever", d)
	}
	if d := f.uploadRetention; d != 0 && d < maintenance.MinUploadRetention {
		return fmt.Errorf("--upload-retention %v: it must be 24h or more, or 0 to keep unfinished uploads for ever", d)
	}
	return nil
}

func runServe(cmd *cobra.Command, c server.Config) error {
	s, err := server.Open(cmd.Context(), c)
	if err != nil {
		return startHint(err)
	}
	out := cmd.OutOrStdout()
	if s.RootMade {
		file, err := filepath.Abs(filepath.Join(c.Data, server.RootCredentialsFile))
		if err != nil {
			return err
		}
		fmt.Fprintf(out,
			"The root key of account %s, shown this once and kept in %s:\n  AWS_ACCESS_KEY_ID=%s\n  AWS_SECRET_ACCESS_KEY=%s\n",
			c.Account, file, s.Root.AccessKeyID, s.Root.Secret.Reveal())
	}
	if s.Exposed() {
		fmt.Fprintf(cmd.ErrOrStderr(),
			"warning: others can reach %s over plain HTTP: vended keys and objects travel readable; "+
				"give --tls-cert and --tls-key, or put TLS in front\n", c.Listen)
	}
	fmt.Fprintf(out, "Try: latchkey exec%s -- aws s3control list-access-grants-instances --account-id %s\n",
		execFlags(s.URL(), c), c.Account)
	fmt.Fprintf(out, "ready %s\n", s.URL())
	running, stop := context.WithCancel(cmd.Context())
	var pace gosync.WaitGroup
	pace.Go(func() { server.PaceCollector(running) })
	err = s.Serve(running)
	stop()
	pace.Wait()
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return err
}

// execFlags are the flags with which `latchkey exec` finds this server from the same folder.
func execFlags(url string, c server.Config) (flags string) {
	if url != defaultURL {
		flags += " --url " + url
	}
	if c.Data != defaultData {
		flags += " --data " + quote(c.Data)
	}
	if c.Region != defaultRegion {
		flags += " --region " + quote(c.Region)
	}
	return flags
}

// startHint adds advice to an error of [server.Open].
func startHint(err error) error {
	_, database := errors.AsType[*server.DatabaseError](err)
	_, listen := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, store.ErrWrongKey):
		return hint(err, "put the %s file that belongs to this database back, or give its text as LATCHKEY_SEALING_KEY",
			server.SealingKeysFile)
	case errors.Is(err, objects.ErrInUse):
		return hint(err,
			"another latchkey serves from this data folder: end it, or give this one a folder of its own with --data")
	case database && !errors.Is(err, fs.ErrPermission):
		return hint(err,
			"is --database right, and does the database answer? without --database, latchkey uses SQLite in the data folder")
	case listen && errors.Is(err, syscall.EADDRINUSE):
		return hint(err, "another program listens there: end it, or choose another port with --listen (0 picks a free one)")
	case listen:
		return hint(err, "--listen and --metrics-listen are host:port, such as 127.0.0.1:4242 or :4242")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EROFS):
		return hint(err, "choose a folder that this user may write to with --data")
	}
	return err
}
