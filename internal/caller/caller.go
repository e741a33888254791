// Package caller establishes who is calling and what the caller may do.
//
// It turns a signed request into a Caller: the signature is verified, the key is known, the session still stands. It
// asks the caller's policies whether an action on a resource is allowed, and words the refusal as AWS does. It is the
// only way in. The control plane and the gateway share it, so that neither can forget a check.
//
// It knows no operation, and it does not decide about grants.
package caller

import (
	"net/netip"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// Caller is an authenticated principal, as of one snapshot.
type Caller struct {
	Principal   policy.Principal // as policies know it
	Account     access.AccountID
	AccessKeyID string
	User        *iam.User           // set for a user, and for a session that a user made for itself
	Role        *iam.Role           // set for a session of a role, vended sessions included
	Session     *credential.Session // set for temporary credentials
	Snapshot    *engine.Snapshot    // against which the caller was checked; the whole request uses it
	Facts       Facts

	policies policy.Policies
	meter    policy.Meter  // of all decisions about the request
	shared   *policy.Meter // in place of meter, for a caller who stands in for another one in the same request
}

// Meter counts what the decisions about the request cost. Decisions about others that the request needs share it.
func (c *Caller) Meter() *policy.Meter {
	if c.shared != nil {
		return c.shared
	}
	return &c.meter
}

// Facts are what is known about the request, apart from who signed it.
type Facts struct {
	Time time.Time
	// The client's address. Of the headers that proxies add, only those of trusted proxies are used, see package front.
	SourceIP   netip.Addr
	UserAgent  string
	Referer    string // the header, which the client may choose; empty without one
	TLS        uint16 // tls.VersionTLS12 and so on; zero: no TLS with this server
	TLSAtProxy bool   // a trusted proxy says that the client came to it with TLS
	// The region in which the request takes place: that of the bucket or of the Access Grants instance, else the server's.
	// Policies and records have it. The fronts set it from what the request addresses, never from the signature alone.
	Region       string
	SignedRegion string // the region that the client signed for, "snow" resolved; empty: no signature
	Service      string // the service that the client signed for
	Host         string
	RequestID    string
	AuthType     string        // REST-HEADER or REST-QUERY-STRING
	SignatureAge time.Duration // only for presigned requests
	// How the body is signed: the x-amz-content-sha256 header, or UNSIGNED-PAYLOAD for a presigned URL without it. Empty:
	// not known yet.
	ContentSHA256    string
	SignatureVersion string // always AWS4-HMAC-SHA256
}

// IsRoot reports whether the caller is the root user of its account, with a long-term key.
func (c *Caller) IsRoot() bool { return c.Principal.Kind == policy.Root }

// IsVended reports whether the credential came from GetDataAccess.
func (c *Caller) IsVended() bool {
	return c.Session != nil && c.Session.Kind == credential.Vended
}

// IsTemporary reports whether the credential is a session of any kind.
func (c *Caller) IsTemporary() bool { return c.Session != nil }

// ARN is the ARN of the caller in refusals and records.
func (c *Caller) ARN() string {
	if c.Principal.SessionARN != "" {
		return c.Principal.SessionARN
	}
	return c.Principal.ARN
}

// UserID is the caller's unique id as GetCallerIdentity returns it: an account id for root, AIDA... for a user,
// AROA...:session for a session of a role.
func (c *Caller) UserID() string {
	switch {
	case c.Role != nil:
		return c.Role.ID + ":" + c.Session.Name
	case c.User != nil:
		return c.User.ID
	case c.Session != nil && c.Session.Name != "": // of a role that is deleted
		return c.Session.PrincipalID + ":" + c.Session.Name
	case c.Session != nil:
		return c.Session.PrincipalID
	default:
		return string(c.Account)
	}
}

// SourceIdentity is the source identity that the session carries; empty for none.
func (c *Caller) SourceIdentity() string {
	if c.Session == nil {
		return ""
	}
	return c.Session.SourceIdentity
}
