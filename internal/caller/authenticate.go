package caller

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sigv4"
)

// Revocation says what ends a vended credential.
type Revocation uint8

const (
	// AtOnce checks grant, grantee, location and key again at every request. The default.
	AtOnce Revocation = iota
	// AtExpiry is what Amazon S3 does: a credential once vended lives until it expires.
	AtExpiry
)

// Authenticator turns signed requests into callers.
type Authenticator struct {
	Engine     *engine.Engine
	Ring       *credential.Ring
	Signatures sigv4.Options
	Now        func() time.Time
	Region     string // the region that "snow" stands for
	Revocation Revocation
}

// Signature is a request's verified signature. Body must be read through it: it is what checks a signed
// payload.
type Signature = sigv4.Signed

// Authenticate establishes who signed r for the service with this signing name. It refuses, in this order, a
// request whose signature cannot be parsed or is meant for another service, an unknown key, a foreign or
// expired session token, a signature that does not match, and a session whose grounds have gone.
//
// The signature is verified before the session's grounds are looked at, so that only the holder of a
// credential learns why it ended.
func (a *Authenticator) Authenticate(r *http.Request, service, requestID string) (*Caller, *Signature, error) {
	now := a.Now()
	signed, err := sigv4.Parse(r, a.Signatures)
	if err != nil {
		return nil, nil, err
	}
	if err := signed.RequireService(service); err != nil {
		return nil, nil, err
	}
	snap, err := a.Engine.Snapshot()
	if err != nil {
		return nil, nil, err
	}
	c := &Caller{AccessKeyID: signed.AccessKeyID, Snapshot: snap, Facts: a.facts(r, signed, now, requestID)}
	var secret credential.Secret
	if token := signed.SessionToken(); token == "" {
		secret, err = a.longTerm(c)
	} else {
		secret, err = a.session(c, token, now)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := signed.Verify(secret.Reveal(), now); err != nil {
		return nil, nil, err
	}
	if c.Session != nil && (c.Session.Kind != credential.Vended || a.Revocation == AtOnce) {
		if err := leash(snap, c.Session); err != nil {
			return nil, nil, err
		}
	}
	if err := c.load(); err != nil {
		return nil, nil, err
	}
	return c, signed, nil
}

func (a *Authenticator) longTerm(c *Caller) (credential.Secret, error) {
	k := c.Snapshot.AccessKey(c.AccessKeyID)
	if k == nil || k.Status != iam.Active {
		return credential.Secret{}, fault.New(fault.Unauthenticated, fault.AccessKey, "").With("AWSAccessKeyId", c.AccessKeyID)
	}
	secret, err := a.Ring.Unseal(KeyPurpose(k.ID), k.Sealed)
	if err != nil {
		return credential.Secret{}, fault.New(fault.Internal, fault.AccessKey, "").Because(err)
	}
	c.Account = k.Account
	if k.UserID != "" {
		if c.User = c.Snapshot.User(k.UserID); c.User == nil {
			return credential.Secret{}, fault.New(fault.Unauthenticated, fault.AccessKey, "").With("AWSAccessKeyId", c.AccessKeyID)
		}
	}
	return credential.NewSecret(string(secret)), nil
}

// KeyPurpose is the purpose under which the secret of a long-term key is sealed: a sealed secret moved to
// another key's row does not open.
func KeyPurpose(accessKeyID string) string { return "access-key:" + accessKeyID }

func (a *Authenticator) session(c *Caller, token string, now time.Time) (credential.Secret, error) {
	s, secret, err := a.Ring.Open(c.AccessKeyID, token, now)
	if err != nil {
		return credential.Secret{}, err
	}
	c.Session = &s
	c.Account = access.AccountID(s.Account)
	switch s.Kind {
	case credential.AssumedRole, credential.Vended:
		c.Role = c.Snapshot.Role(s.PrincipalID)
		if c.Role == nil {
			return secret, nil // the leash refuses after the signature was verified
		}
	case credential.UserSession:
		c.User = c.Snapshot.User(s.PrincipalID)
	}
	return secret, nil
}

// load fills the principal and its policies.
func (c *Caller) load() error {
	switch {
	case c.Role != nil:
		c.Principal = policy.Principal{
			Kind: policy.Role, ID: c.Role.ID, Account: string(c.Role.Account), ARN: c.Role.ARN(),
			SessionARN: iam.SessionARN(c.Role.Account, c.Role.Name, c.Session.Name),
		}
	case c.User != nil:
		c.Principal = policy.Principal{Kind: policy.User, ID: c.User.ID, Account: string(c.User.Account), ARN: c.User.ARN()}
	case c.Session == nil || c.Session.Kind == credential.RootSession:
		c.Principal = policy.Principal{Kind: policy.Root, ID: string(c.Account), Account: string(c.Account), ARN: iam.RootARN(c.Account)}
		return nil
	default:
		return gone("the principal of this session is deleted")
	}
	compiled := c.Snapshot.Compiled(c.Principal.ID)
	if compiled == nil || compiled.Err != nil {
		return unreadable(compiled)
	}
	c.policies.Identity = compiled.Identity
	c.policies.Boundary = compiled.Boundary
	if c.Session == nil {
		return nil
	}
	if err := c.guard(); err != nil {
		return err
	}
	return c.loadSessionPolicies()
}

func unreadable(compiled *engine.Compiled) error {
	f := fault.New(fault.Denied, fault.Policy, "Access Denied: a policy of this principal cannot be read")
	if compiled != nil {
		return f.Because(compiled.Err)
	}
	return f
}

// loadSessionPolicies adds what narrows a session: its session policies, and for a vended credential the
// policy generated from its scope and permission.
func (c *Caller) loadSessionPolicies() error {
	s := c.Session
	if s.Kind == credential.Vended {
		scope, err := access.ParseScope(s.Scope)
		if err != nil {
			return fault.New(fault.Denied, fault.SessionToken, "").Because(err)
		}
		c.policies.HasSession = true
		c.policies.Session = append(c.policies.Session, policy.DataAccess(scope.Bucket(), scope.Key(), !scope.Wildcard(), s.Permission, s.ObjectOnly))
		return nil
	}
	for _, text := range s.Policies {
		d, err := policy.Parse(text, policy.Session)
		if err != nil {
			return fault.New(fault.Denied, fault.Policy, "Access Denied: a session policy cannot be read").Because(err)
		}
		c.policies.HasSession = true
		c.policies.Session = append(c.policies.Session, d)
	}
	for _, arn := range s.PolicyARNs {
		d := c.Snapshot.PolicyDocument(arn)
		if d == nil {
			return fault.New(fault.Denied, fault.Policy, "Access Denied: the session policy %s does not exist or cannot be read", arn)
		}
		c.policies.HasSession = true
		c.policies.Session = append(c.policies.Session, d)
	}
	return nil
}

func (a *Authenticator) facts(r *http.Request, s *sigv4.Signed, now time.Time, requestID string) Facts {
	f := Facts{
		Time: now, UserAgent: r.UserAgent(), Region: s.Region, Service: s.Service, Host: r.Host, RequestID: requestID,
		AuthType: Header, SignatureVersion: "AWS4-HMAC-SHA256", ContentSHA256: r.Header.Get("X-Amz-Content-Sha256"),
	}
	if f.Region == SnowRegion {
		f.Region = a.Region
	}
	if s.Presigned {
		f.AuthType = QueryString
		f.SignatureAge = now.Sub(s.Time)
	}
	if r.TLS != nil {
		f.TLS = r.TLS.Version
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		f.SourceIP, _ = netip.ParseAddr(host)
	}
	return f
}

// SnowRegion is the region name under which botocore's endpoint rules leave the account id out of the host;
// it stands for the server's default region.
const SnowRegion = "snow"

// How a request carries its signature (condition key s3:authType).
const (
	Header      = "REST-HEADER"
	QueryString = "REST-QUERY-STRING"
)
