package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/pflag"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/front"
	"latchkey/internal/maintenance"
	"latchkey/internal/server"
)

// serveFlags are the settings of `latchkey serve`. Every flag can also be set as LATCHKEY_ and its name in capitals, or
// in the YAML file. A flag overrides the environment, and the environment the file.
type serveFlags struct {
	listen, metrics, data, account, region, database    string
	tlsCert, tlsKey, revocation, logFormat, sealingKeys string
	directories, upstreams                              string
	publicURL, signInURL                                string
	domains, trustedProxies                             []string
	maxStaleness, drain, directorySession               time.Duration
	auditRetention, uploadRetention                     time.Duration
	privateIssuers, strictSCIM, anyRegion               bool
	upstream                                            upstreamFlags
	locations, grants                                   int
	applications, issuers, scopes, exchangeRate         int

	events eventFlags
}

// register adds the flags to a flag set, with their defaults and help texts.
func (f *serveFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.listen, "listen", defaultListen, "`host:port` to listen on")
	fl.StringVar(&f.metrics, "metrics-listen", "",
		"`host:port` for /metrics, /healthz and /readyz alone (default: on --listen)")
	fl.StringVar(&f.data, "data", defaultData, "the `folder` for database, objects and keys")
	fl.StringVar(&f.account, "account", defaultAccount, "the first account, twelve digits")
	fl.StringVar(&f.region, "region", defaultRegion, "the default region")
	fl.BoolVar(&f.anyRegion, "any-region", false,
		"requests to a bucket may be signed for another region than the bucket's; policies and records have the bucket's")
	fl.StringVar(&f.database, "database", "", "postgres://... (default: SQLite in the data folder)")
	fl.StringVar(&f.sealingKeys, "sealing-keys", "",
		"an existing `file` with the key ring, mode 0600 (default: sealing-keys in the data folder, made at the first start)")
	fl.StringVar(&f.tlsCert, "tls-cert", "", "PEM `file` with the certificate chain")
	fl.StringVar(&f.tlsKey, "tls-key", "", "PEM `file` with the certificate's key")
	fl.StringSliceVar(&f.domains, "domain", nil,
		"a host `name` of this server; buckets and accounts may be labels before it (repeatable)")
	fl.StringSliceVar(&f.trustedProxies, "trusted-proxies", nil, "`networks` of proxies in front of this server, such as "+
		"10.0.0.0/8: what they say in X-Forwarded-For and X-Forwarded-Proto counts (default: the peer of the connection "+
		"is the client)")
	fl.StringVar(&f.publicURL, "public-url", "",
		"the `URL` by which browsers know this server, such as https://grants.example.org: "+
			"people sign in there (default: the listener's)")
	fl.StringVar(&f.signInURL, "sign-in-url", "",
		"the `URL` at which people sign in, such as https://sign-in.example.org, at a host that has no objects "+
			"(default: --public-url, whose host objects share)")
	fl.StringVar(&f.revocation, "revocation", "at-once",
		"when a vended credential ends whose grant is deleted: at-once, or expiry as on AWS")
	fl.DurationVar(&f.maxStaleness, "max-staleness", 10*time.Second,
		"how long the database may be silent before this node stops deciding")
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
	fl.StringVar(&f.upstreams, "upstreams", "",
		"a YAML `file` with the S3 stores that this server stands in front of, see docs/upstreams.md")
	f.upstream.register(fl)
	fl.BoolVar(&f.strictSCIM, "scim-strict-aws", false,
		"give the SCIM endpoint the limits of AWS's, to test a provisioning client against")
	fl.StringVar(&f.logFormat, "log", "text", "log records on stderr: text, json or off")
	f.registerQuotas(fl)
	f.events.register(fl)
}

// registerQuotas adds the flags of quotas.
func (f *serveFlags) registerQuotas(fl *pflag.FlagSet) {
	fl.IntVar(&f.locations, "quota-locations", control.DefaultQuotas.Locations, "locations per instance")
	fl.IntVar(&f.grants, "quota-grants", control.DefaultQuotas.Grants, "grants per instance")
	fl.IntVar(&f.applications, "quota-applications", control.DefaultQuotas.Applications,
		"Identity Center applications per account")
	fl.IntVar(&f.issuers, "quota-token-issuers", control.DefaultQuotas.TokenIssuers, "trusted token issuers per account")
	fl.IntVar(&f.scopes, "quota-access-scopes", control.DefaultQuotas.AccessScopes, "access scopes per application")
	fl.IntVar(&f.exchangeRate, "quota-token-exchanges", control.DefaultQuotas.TokenExchangeRate,
		"identity tokens exchanged in a second for an Identity Center instance, by this node; 0: as many as come, AWS: 10")
}

// config checks the flags and returns the server's configuration.
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
		AnyRegion:           f.anyRegion,
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
		SignInURL:           f.signInURL,
		SealingKey:          os.Getenv("LATCHKEY_SEALING_KEY"),
		SealingKeyFile:      f.sealingKeys,
		Quotas:              control.DefaultQuotas,
	}
	if err := f.check(&c); err != nil {
		return server.Config{}, err
	}
	c.Quotas.TokenExchangeRate = f.exchangeRate
	c.Quotas.Locations, c.Quotas.Grants = f.locations, f.grants
	c.Quotas.Applications, c.Quotas.TokenIssuers, c.Quotas.AccessScopes = f.applications, f.issuers, f.scopes
	if f.directories != "" {
		if c.Directories, err = ldapsync.Load(f.directories, account); err != nil {
			return server.Config{}, err
		}
	}
	if c.Upstreams, err = f.openUpstreams(); err != nil {
		return server.Config{}, err
	}
	if c.Events, c.Traces, err = f.events.config(); err != nil {
		return server.Config{}, err
	}
	if c.Revocation, err = parseRevocation(f.revocation); err != nil {
		return server.Config{}, err
	}
	if c.Log, err = newLogger(f.logFormat, log); err != nil {
		return server.Config{}, err
	}
	return c, nil
}

// check refuses flags that do not go together, or whose values are out of range.
func (f *serveFlags) check(c *server.Config) error {
	if (c.RootAccessKeyID == "") != (c.RootSecretAccessKey == "") {
		return fmt.Errorf("LATCHKEY_ROOT_ACCESS_KEY_ID and LATCHKEY_ROOT_SECRET_ACCESS_KEY belong " +
			"together: set both or none")
	}
	if err := server.CheckPublicURL(c.PublicURL); err != nil {
		return fmt.Errorf("--public-url: %w", err)
	}
	if !access.IsRegion(c.Region) || c.Region == caller.SnowRegion {
		return fmt.Errorf("--region %q: it must be 1 to 32 lower-case letters, digits and hyphens, and not snow", c.Region)
	}
	if err := server.CheckSignInURL(*c); err != nil {
		return fmt.Errorf("--sign-in-url: %w", err)
	}
	var err error
	if c.TrustedProxies, err = front.ParseProxies(f.trustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	if f.locations < 1 || f.grants < 1 {
		return fmt.Errorf("--quota-locations and --quota-grants must be 1 or more")
	}
	if f.maxStaleness <= 0 || f.drain <= 0 {
		return fmt.Errorf("--max-staleness and --drain-timeout must be more than 0s")
	}
	if f.directorySession < time.Hour || f.directorySession > 7*24*time.Hour {
		return fmt.Errorf("--directory-session %v: it must be from 1h to 168h", f.directorySession)
	}
	if err := f.checkRetention(); err != nil {
		return err
	}
	if f.exchangeRate < 0 {
		return fmt.Errorf("--quota-token-exchanges must be 0 or more")
	}
	return nil
}

// parseRevocation reads the value of --revocation.
func parseRevocation(text string) (caller.Revocation, error) {
	switch text {
	case "at-once":
		return caller.AtOnce, nil
	case "expiry":
		return caller.AtExpiry, nil
	}
	return caller.AtOnce, fmt.Errorf("--revocation %q: it must be at-once or expiry", text)
}

// newLogger makes the logger for the value of --log. It is nil for "off".
func newLogger(format string, to io.Writer) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(to, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(to, nil)), nil
	case "off":
		return nil, nil
	}
	return nil, fmt.Errorf("--log %q: it must be text, json or off", format)
}

// checkRetention refuses retentions so short that the server would remove what is still needed.
func (f *serveFlags) checkRetention() error {
	if d := f.auditRetention; d != 0 && d < maintenance.MinAuditRetention {
		return fmt.Errorf("--audit-retention %v: it must be 24h or more, or 0 to keep the audit log for ever", d)
	}
	if d := f.uploadRetention; d != 0 && d < maintenance.MinUploadRetention {
		return fmt.Errorf("--upload-retention %v: it must be 24h or more, or 0 to keep unfinished uploads for ever", d)
	}
	return nil
}
