package caller

import (
	"net/netip"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// Grounds are what a session that the caller makes hangs on: everything that the caller's own session hangs on, and
// that session itself, or the caller's long-term key. The bearer of a foreign token has none here: the token has.
func (c *Caller) Grounds() (all credential.Grounds) {
	s := c.Session
	switch {
	case s != nil && s.IsOld():
		all, _ = oldGrounds(s)
	case s != nil:
		all = append(all, s.Grounds...)
	case c.Principal.Kind != policy.Federated:
		all.Add(credential.OnAccessKey, c.AccessKeyID)
	}
	all.Add(credential.OnPrincipal, c.Principal.ID)
	if s != nil {
		all.Add(credential.OnSession, s.ID.String())
	}
	return all
}

// Actors are those behind a token that the caller gets in the name of an application: those behind the caller's own
// session, and the caller.
func (c *Caller) Actors(application string) (all credential.Actors) {
	if c.Session != nil {
		all.AddAll(c.Session.Actors)
	}
	all.AddAll(credential.Actors{{Application: application, Asked: c.Asked()}})
	return all
}

// Asked is what a session that the caller makes remembers of the caller and of the request.
func (c *Caller) Asked() credential.Asked {
	f := &c.Facts
	a := credential.Asked{
		Principal: c.Principal.ID, TLS: f.TLS, TLSAtProxy: f.TLSAtProxy, Presigned: f.AuthType == QueryString,
	}
	if f.SourceIP.IsValid() {
		a.SourceIP = f.SourceIP.String()
	}
	a.Remember(f.UserAgent)
	if c.Session != nil {
		by := *c.Session
		by.Revision, by.Grounds, by.Actors = 0, nil, nil
		a.By = &by
	}
	return a
}

// FactsOf are the facts of a request that a session remembers. What the session does not remember is taken from others.
func FactsOf(asked *credential.Asked, others Facts) Facts {
	f := Facts{
		Time: others.Time, Region: others.Region, UserAgent: asked.UserAgent, TLS: asked.TLS, TLSAtProxy: asked.TLSAtProxy,
		AuthType: Header, SignatureVersion: SignatureVersion,
	}
	if asked.LongAgent {
		f.UserAgent = policy.Unsure
	}
	f.SourceIP, _ = netip.ParseAddr(asked.SourceIP)
	if asked.Presigned {
		f.AuthType = QueryString
	}
	return f
}

// asker returns the caller who asked for a session, by what is known to the request of another caller. All decisions of
// that request have one meter: a long chain does not make it cost more. What the asker's policies may see of
// the request is what it was when the session was made: its address, TLS version and user agent. The time is the
// present one. It fails if the asker's policies cannot be read, or the asker is gone.
func (a *Authenticator) asker(of *Caller, s *credential.Session) (*Caller, error) {
	asked, snap := &s.Asked, of.Snapshot
	c := &Caller{Snapshot: snap, Session: asked.By, Account: access.AccountID(s.Account), shared: of.Meter()}
	c.Facts = FactsOf(asked, Facts{Time: of.Facts.Time, Region: a.Region})
	if s.Region != "" {
		c.Facts.Region = s.Region
	}
	switch {
	case asked.By != nil:
		c.establishSession()
	case asked.Principal == "":
		p := snap.OIDCProvider(s.ProviderID)
		if p == nil {
			return nil, sessionEnded(fault.ProviderDeleted,
				"the OpenID Connect provider that vouched for this session is deleted")
		}
		c.Principal = policy.Principal{Kind: policy.Federated, Federated: p.ARN()}
		return c, nil
	default:
		c.AccessKeyID = s.ParentKey
		if c.User = snap.User(asked.Principal); c.User != nil {
			c.Account = c.User.Account
		} else if c.Account = access.AccountID(asked.Principal); snap.Account(c.Account) == nil {
			return nil, sessionEnded(fault.ParentDeleted, "the principal that this session was made by is deleted")
		}
	}
	c.identify()
	return c, a.load(c)
}
