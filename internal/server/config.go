package server

import (
	"log/slog"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/front"
	"latchkey/internal/telemetry"
	"latchkey/internal/upstreams"
)

// Config has everything that can be chosen about a server. The zero Config, completed by Defaults, is a working system
// on embedded parts.
type Config struct {
	Listen  string // host:port of the one listener; port 0 picks one
	Metrics string // host:port for /metrics, /healthz and /readyz alone; empty: on Listen
	TLSCert string // PEM files; both or none
	TLSKey  string

	Data     string           // the folder for the database, the objects, the keys
	Database string           // postgres://...; empty: SQLite in Data
	Account  access.AccountID // the first account
	Region   string           // the default region
	// AnyRegion lets signatures for another region than the bucket's pass. Policies and records still have the bucket's.
	AnyRegion bool

	RootAccessKeyID     string // both or none; none: made at first start and kept in Data
	RootSecretAccessKey string
	SealingKey          string // the key ring as text; empty: the file below
	// an existing key ring file, for its owner alone; empty: the one in Data, made at first start
	SealingKeyFile string

	PrivateIssuers   bool          // token issuers may be at addresses that are not public, and there without TLS
	DirectorySession time.Duration // how long after the exchange of a person's token its refresh tokens hold; 0: 8 h

	StrictSCIM  bool              // the SCIM endpoint has the limits of AWS's, for tests of its clients
	Directories []ldapsync.Source // LDAP servers that people and groups come from

	Upstreams *upstreams.Config // the stores that the server stands in front of; nil: its own alone

	AuditRetention  time.Duration // how long audit records are kept; 0: for ever
	UploadRetention time.Duration // how long the embedded store keeps an unfinished upload that grows no more; 0: for ever

	Revocation   caller.Revocation
	MaxStaleness time.Duration // how long the snapshot may not have heard from the database
	DrainTimeout time.Duration // how long requests in flight may take to end at shutdown
	Quotas       control.Quotas
	// the URL by which browsers know this server, without a path: people sign in there; empty: the listener's
	PublicURL string
	// the origin at which alone people sign in, at a host of its own; empty: at PublicURL, a host that objects share
	SignInURL      string
	TrustedProxies front.Proxies // their X-Forwarded-For and X-Forwarded-Proto count; none: no proxy's

	Events Events           // which requests to S3 are recorded, and where
	Traces telemetry.Traces // whether requests are traced

	Domains []string // host names of this server: virtual-hosted buckets and accounts are labels before them

	Log *slog.Logger
	Now func() time.Time
}

// Defaults sets the members that were left empty.
func (c Config) Defaults() Config {
	fill(&c.Listen, "127.0.0.1:4242")
	fill(&c.Data, "latchkey-data")
	fill(&c.Account, "123456789012")
	fill(&c.Region, "us-east-1")
	c.Domains = append(slices.Clone(c.Domains), ProxyName, "localhost")
	fill(&c.MaxStaleness, 10*time.Second)
	fill(&c.DrainTimeout, 30*time.Second)
	if c.Quotas == (control.Quotas{}) {
		c.Quotas = control.DefaultQuotas
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func fill[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}
