package caller

import (
	"context"
	"errors"
	"net/http"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sigv4"
	"latchkey/internal/store"
)

// Revocation says what ends a vended credential.
type Revocation uint8

const (
	// AtOnce checks grant, grantee, location and key at every request. It is the default.
	AtOnce Revocation = iota
	// AtExpiry is what Amazon S3 does: a vended credential lives until it expires.
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

	// Regrant says whether the request that a session answers would be granted now, to the caller who asked. It returns
	// the denial, or nil. It is not asked about sessions of earlier releases, which do not say what they answer. Nil: the
	// grounds of a session decide alone.
	Regrant func(asker *Caller, s *credential.Session) error

	// MayAct says whether an actor behind a session could ask now for tokens in the name of the application with this id.
	// It returns the denial, or nil. It is set if Regrant is.
	MayAct func(actor *Caller, application string) error

	// Saw is told of every session that a request was signed with, once its signature is verified, and why it has ended,
	// or nil. Nil: nobody is told.
	Saw func(c *Caller, ended *fault.Error)

	documents documents
	answers   answers
}

// Signature is a request's verified signature. The body must be read through it, because it checks a signed payload.
type Signature = sigv4.Signed

// Authenticate establishes who signed r for the service with this signing name. It refuses, in this order: a request
// whose signature cannot be parsed or is meant for another service; an unknown key; a session token that is expired or
// was not issued here; a signature that does not match; another request than the one that the session is good for; and
// a session that has ended (Ended).
//
// The signature is verified before the checks of the session. So only the holder of a credential learns why it ended.
// The Signature is returned beside every error that comes after its verification.
func (a *Authenticator) Authenticate(r *http.Request, service string, from Connection) (*Caller, *Signature, error) {
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
	c := &Caller{AccessKeyID: signed.AccessKeyID, Snapshot: snap, Facts: a.facts(r, signed, now, from)}
	c.meter.Watch(r.Context())
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
	if err := checkOnly(c, signed); err != nil {
		return nil, nil, err
	}
	if err := a.reach(r.Context(), c); err != nil {
		return nil, nil, err
	}
	err = a.evaluate(c)
	a.saw(c, err)
	if err != nil {
		return nil, signed, err
	}
	return c, signed, nil
}

// saw tells of the caller's session, unless it was refused for another reason than that it has ended.
func (a *Authenticator) saw(c *Caller, err error) {
	if a.Saw == nil || c.Session == nil {
		return
	}
	end, over := errors.AsType[*Ended](err)
	switch {
	case over:
		a.Saw(c, fault.Of(end.refusal))
	case err == nil:
		a.Saw(c, nil)
	}
}

// reach gives the caller a snapshot that is not older than the caller's session.
func (a *Authenticator) reach(ctx context.Context, c *Caller) error {
	if c.Session == nil || c.Session.Revision <= uint64(c.Snapshot.Rev()) {
		return nil
	}
	snap, err := a.Engine.Reach(ctx, store.Rev(c.Session.Revision))
	if err != nil {
		return err
	}
	c.Snapshot = snap
	c.establishSession()
	return nil
}

// Reauthenticate checks an authenticated caller against the latest snapshot. It is for a request that takes a long time
// between its signature and the moment when it changes something. It returns c itself if the snapshot has not changed.
// A key or session that has expired since then is accepted. One that was revoked since then is refused.
func (a *Authenticator) Reauthenticate(c *Caller) (*Caller, error) {
	snap, err := a.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	if snap == c.Snapshot {
		return c, nil
	}
	fresh := &Caller{AccessKeyID: c.AccessKeyID, Session: c.Session, Snapshot: snap, Facts: c.Facts}
	fresh.meter.WatchWith(&c.meter)
	if c.Session != nil {
		fresh.establishSession()
	} else if _, err := fresh.establishKey(); err != nil {
		return nil, err
	}
	if err := a.evaluate(fresh); err != nil {
		return nil, err
	}
	return fresh, nil
}

// evaluate checks a caller whose signature is verified against the snapshot: it checks that the session still stands,
// and loads the policies.
func (a *Authenticator) evaluate(c *Caller) error {
	c.identify()
	if s := c.Session; s != nil && (s.Kind != credential.Vended || a.Revocation == AtOnce) {
		if why := a.stands(c); why != nil {
			return ended(c, why)
		}
	}
	return a.load(c)
}

// Ended is the refusal of a session whose signature was correct, but which has ended: something that it depends on was
// deleted or made inactive. A client sees the fault that Ended wraps, which has the reason.
type Ended struct {
	Caller  *Caller // the caller of the session; it may do nothing
	Text    string  // why the session ended
	refusal *fault.Error
}

// ended makes the refusal. It also takes all permissions from the caller: an empty session policy allows nothing.
func ended(c *Caller, why *fault.Error) *Ended {
	c.policies = policy.Policies{HasSession: true}
	text := why.Message()
	return &Ended{
		Caller: c, Text: text,
		refusal: fault.New(fault.Denied, fault.SessionToken, "Access Denied: %s", text).For(why.Reason),
	}
}

// Error says why the session ended.
func (e *Ended) Error() string { return "the session ended: " + e.Text }

// Unwrap returns what the client is told.
func (e *Ended) Unwrap() error { return e.refusal }

func (a *Authenticator) longTerm(c *Caller) (credential.Secret, error) {
	k, err := c.establishKey()
	if err != nil {
		return credential.Secret{}, err
	}
	secret, err := a.Ring.Unseal(KeyPurpose(k.ID), k.Sealed)
	if err != nil {
		return credential.Secret{}, fault.New(fault.Internal, fault.AccessKey, "").Because(err)
	}
	return credential.NewSecret(string(secret)), nil
}

// establishKey finds the long-term key of the caller and the key's owner. The key must be active.
func (c *Caller) establishKey() (*iam.AccessKey, error) {
	unknown := fault.New(fault.Unauthenticated, fault.AccessKey, "").With("AWSAccessKeyId", c.AccessKeyID)
	k := c.Snapshot.AccessKey(c.AccessKeyID)
	if k == nil || k.Status != iam.Active {
		return nil, unknown
	}
	c.Account = k.Account
	if k.UserID != "" {
		if c.User = c.Snapshot.User(k.UserID); c.User == nil {
			return nil, unknown
		}
	}
	return k, nil
}

// KeyPurpose is the purpose under which the secret of a long-term key is sealed. A sealed secret that was moved to
// another key's row cannot be opened.
func KeyPurpose(accessKeyID string) string { return "access-key:" + accessKeyID }

func (a *Authenticator) session(c *Caller, token string, now time.Time) (credential.Secret, error) {
	s, secret, err := a.Ring.Open(c.AccessKeyID, token, now)
	if err != nil {
		return credential.Secret{}, err
	}
	c.Session = &s
	c.establishSession()
	return secret, nil
}

// establishSession finds the principal of the session. If the principal is deleted, the caller has none, and the leash
// refuses the session after the signature was verified.
func (c *Caller) establishSession() {
	c.Account = access.AccountID(c.Session.Account)
	switch c.Session.Kind {
	case credential.AssumedRole, credential.Vended:
		c.Role = c.Snapshot.Role(c.Session.PrincipalID)
	case credential.UserSession:
		c.User = c.Snapshot.User(c.Session.PrincipalID)
	}
}

// identify sets the principal, if it exists.
func (c *Caller) identify() {
	switch {
	case c.Role != nil:
		c.Principal = policy.Principal{
			Kind: policy.Role, ID: c.Role.ID, Account: string(c.Role.Account), ARN: c.Role.ARN(),
			SessionARN: iam.SessionARN(c.Role.Account, c.Role.Name, c.Session.Name), Federated: c.federatedBy(),
		}
	case c.User != nil:
		c.Principal = policy.Principal{Kind: policy.User, ID: c.User.ID, Account: string(c.User.Account), ARN: c.User.ARN()}
	case c.Session == nil || c.Session.Kind == credential.RootSession:
		c.Principal = policy.Principal{
			Kind:    policy.Root,
			ID:      string(c.Account),
			Account: string(c.Account),
			ARN:     iam.RootARN(c.Account),
		}
	}
}

// load sets the policies of the principal.
func (a *Authenticator) load(c *Caller) error {
	switch c.Principal.Kind {
	case policy.Root:
		return nil
	case policy.User, policy.Role:
	default:
		return ended(c, sessionEnded(fault.PrincipalDeleted, "the principal of this session is deleted"))
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
	return c.loadSessionPolicies(&a.documents)
}

// unreadablePolicy is the denial of a principal that has a policy which cannot be evaluated.
func unreadablePolicy(text string) *fault.Error {
	return fault.New(fault.Denied, fault.Policy, "Access Denied: %s", text).For(fault.PolicyUnreadable)
}

func unreadable(compiled *engine.Compiled) error {
	f := unreadablePolicy("a policy of this principal cannot be read")
	if compiled != nil {
		return f.Because(compiled.Err)
	}
	return f
}

// loadSessionPolicies adds what narrows a session: its session policies, and for a vended credential the policy that is
// generated from its scope and permission.
func (c *Caller) loadSessionPolicies(docs *documents) error {
	s := c.Session
	if s.Kind == credential.Vended {
		d, err := docs.ofScope(scopeKey{s.Scope, s.Permission, s.ObjectOnly})
		if err != nil {
			return fault.New(fault.Denied, fault.SessionToken, "").For(fault.SessionInvalid).Because(err)
		}
		c.policies.HasSession = true
		c.policies.Session = append(c.policies.Session, d)
		return nil
	}
	for _, text := range s.Policies {
		d, err := docs.ofText(text)
		if err != nil {
			return unreadablePolicy("a session policy cannot be read").Because(err)
		}
		c.policies.HasSession = true
		c.policies.Session = append(c.policies.Session, d)
	}
	for _, arn := range s.PolicyARNs {
		d := c.Snapshot.PolicyDocument(arn)
		if d == nil {
			return unreadablePolicy("the session policy " + arn + " does not exist or cannot be read")
		}
		c.policies.HasSession = true
		c.policies.Session = append(c.policies.Session, d)
	}
	return nil
}

func (a *Authenticator) facts(r *http.Request, s *sigv4.Signed, now time.Time, from Connection) Facts {
	f := a.Unsigned(r, now, from)
	f.SignedRegion, f.Service, f.ContentSHA256 = s.Region, s.Service, s.ContentSHA256
	f.AuthType, f.SignatureVersion = Header, SignatureVersion
	if f.SignedRegion == SnowRegion {
		f.SignedRegion = a.Region
	}
	if s.Presigned {
		f.AuthType = QueryString
		f.SignatureAge = now.Sub(s.Time)
	}
	return f
}

// Unsigned returns the facts of a request that has no AWS signature. Some other proof says who sends it.
func (a *Authenticator) Unsigned(r *http.Request, now time.Time, from Connection) Facts {
	return Facts{
		Time: now, UserAgent: r.UserAgent(), Referer: r.Referer(), Region: a.Region, Host: r.Host,
		RequestID: from.RequestID,
		SourceIP:  from.SourceIP, TLS: from.TLS, TLSAtProxy: from.TLSAtProxy,
	}
}

// SnowRegion is the name of the region for which botocore's endpoint rules leave the account id out of the host name.
// It stands for the server's default region.
const SnowRegion = "snow"

// SignatureVersion is the version of every signature (condition key s3:signatureversion).
const SignatureVersion = "AWS4-HMAC-SHA256"

// How a request carries its signature (condition key s3:authType).
const (
	Header      = "REST-HEADER"
	QueryString = "REST-QUERY-STRING"
)
