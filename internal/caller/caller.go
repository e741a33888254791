// Package caller says who is calling and whether they may.
//
// It turns a signed request into a Caller: signature checked, key known, session alive. It asks the policies
// of that caller whether an action on a resource is allowed, and words the refusal as AWS does. It is the
// only way in: the control plane and the gateway share it, so neither can forget a check.
//
// It does not know any operation, and it does not decide about grants.
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
	Snapshot    *engine.Snapshot    // what the caller was judged against; the whole request uses this one
	Facts       Facts

	policies policy.Policies
}

// Facts are what is known of the request besides who signed it.
type Facts struct {
	Time time.Time
	// the client's; of what a proxy forwards only trusted proxies are believed, see package front
	SourceIP     netip.Addr
	UserAgent    string
	TLS          uint16 // tls.VersionTLS12 and so on; zero: no TLS with this server
	TLSAtProxy   bool   // a trusted proxy says that the client came to it with TLS
	Region       string // the region that the client signed for, "snow" resolved
	Service      string // the service that the client signed for
	Host         string
	RequestID    string
	AuthType     string        // REST-HEADER or REST-QUERY-STRING
	SignatureAge time.Duration // only for presigned requests
	// how the body is signed: x-amz-content-sha256, UNSIGNED-PAYLOAD for a presigned URL without; empty: not known at once
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

// ARN is the ARN by which refusals and records name the caller.
func (c *Caller) ARN() string {
	if c.Principal.SessionARN != "" {
		return c.Principal.SessionARN
	}
	return c.Principal.ARN
}

// UserID is the caller's unique id as GetCallerIdentity gives it: an account id for root, AIDA... for a
// user, AROA...:session for a session of a role.
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
