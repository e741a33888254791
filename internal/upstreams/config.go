package upstreams

import (
	"crypto/tls"
	"net/url"
	"time"
)

// Embedded is the name of the server's own object store. No upstream of the configuration may have it.
const Embedded = "embedded"

// Config says which stores a server stands in front of, besides its own.
type Config struct {
	Upstreams []Upstream // in the order of the file; their names differ

	// NewBuckets is the name of the upstream in which CreateBucket makes buckets.
	NewBuckets string
}

// Upstream says how to reach one store, and what of it is served.
type Upstream struct {
	Name        string     // lower-case letters, digits and hyphens
	Endpoints   []*url.URL // at least one; scheme, host and at most a path
	Region      string     // the one that requests to the store are signed for
	Keys        Keys       // sign the requests
	VirtualHost bool       // the bucket is a label before the endpoint's host; otherwise it is in the path
	Flat        bool       // the store keeps keys as they are; otherwise it may fold path segments
	NoTrailers  bool       // the store does not know checksums that come behind a body

	// TLS has the CA and the client certificate; nil: the system's CAs and no certificate.
	TLS *tls.Config

	Buckets Mapping
	Limits  Limits
	Health  Health
	STS     *STS // the store's own token service; nil: it has none
}

// Keys says where the keys come from that sign requests. Exactly one of File, Environment and Chain is set.
type Keys struct {
	File        string // in AWS's credentials format, for its owner alone; read again when it changes
	Profile     string // the section of File
	Environment string // the variables are this and _ACCESS_KEY_ID, _SECRET_ACCESS_KEY and _SESSION_TOKEN
	Chain       bool   // AWS's default chain, as far as docs/upstreams.md says

	// AssumeRole exchanges the keys for those of a role; nil: they sign as they are.
	AssumeRole *AssumeRole
}

// AssumeRole is a role whose keys sign, at the STS that gives them.
type AssumeRole struct {
	Endpoint    *url.URL
	Region      string
	RoleARN     string
	SessionName string
	ExternalID  string        // empty: none
	Duration    time.Duration // that is asked for; the keys are renewed before they end
}

// Limits bound what a store may cost. Each has the default of DefaultLimits.
type Limits struct {
	Connections     int // open connections to each endpoint, busy or not
	IdleConnections int // of these, idle ones that are kept

	// MaxSpool is how many bytes of bodies whose length the client does not tell are kept in files at once.
	MaxSpool int64

	ConnectTimeout time.Duration // to connect, TLS included
	WaitTimeout    time.Duration // for a free connection, if all are busy
	AnswerTimeout  time.Duration // from a request that reads to the header of its answer
	ChangeTimeout  time.Duration // the same for one that changes something, such as a copy
	StallTimeout   time.Duration // how long no byte of a body may move
	IdleTimeout    time.Duration // after which an idle connection is closed
}

// DefaultLimits are the limits of an upstream that names none.
var DefaultLimits = Limits{
	Connections:     512,
	IdleConnections: 128,
	MaxSpool:        5 << 30,
	ConnectTimeout:  5 * time.Second,
	WaitTimeout:     10 * time.Second,
	AnswerTimeout:   time.Minute,
	ChangeTimeout:   10 * time.Minute,
	StallTimeout:    time.Minute,
	IdleTimeout:     30 * time.Second,
}

// Health says how the server finds out whether a store answers.
type Health struct {
	Interval time.Duration // between two checks
	Timeout  time.Duration // of one check
	Bucket   string        // that is asked for, by its name here; empty: the store's list of buckets

	// Observe is how long it is between two looks at what others changed in the store: its buckets and their versioning.
	Observe time.Duration
}

// DefaultHealth is the check of an upstream that says nothing about it.
var DefaultHealth = Health{Interval: 15 * time.Second, Timeout: 5 * time.Second, Observe: 5 * time.Minute}

// Dialect names the way in which a token service reads session policies.
type Dialect string

// The dialects that are known.
const (
	AWS       Dialect = "aws"
	Latchkey  Dialect = "latchkey"
	MinIO     Dialect = "minio"
	RGW       Dialect = "rgw" // Ceph
	RustFS    Dialect = "rustfs"
	SeaweedFS Dialect = "seaweedfs"
	Wasabi    Dialect = "wasabi"
	B2        Dialect = "b2" // Backblaze
)

// STS is the token service of a store.
type STS struct {
	Endpoint    *url.URL
	Region      string
	RoleARN     string // empty: the dialect needs none
	ExternalID  string // empty: none
	Dialect     Dialect
	MinDuration time.Duration // the shortest session that the service gives
	MaxDuration time.Duration // the longest one

	// Keys sign the calls; nil: the upstream's.
	Keys *Keys
}
