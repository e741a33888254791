package caller

import (
	"context"
	"net/http"

	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sigv4"
)

// Bearer establishes who presents a bearer of a session, in place of a signature. It refuses what Authenticate refuses
// of the session: a bearer that is not of this server, one that has expired, and a session that has ended (Ended). It
// also refuses a session that is good for one request only.
//
// The bearer's holder has the session's rights for as long as the bearer lasts. So Bearer is only for operations that
// hand out less than the session itself may do.
func (a *Authenticator) Bearer(r *http.Request, bearer credential.Secret, from Connection) (*Caller, error) {
	now := a.Now()
	s, accessKeyID, err := a.Ring.OpenBearer(bearer, now)
	if err != nil {
		return nil, err
	}
	facts := a.Unsigned(r, now, from)
	facts.AuthType, facts.SignatureVersion, facts.Service = Header, SignatureVersion, "s3"
	return a.OfSession(r.Context(), s, accessKeyID, facts)
}

// OfSession returns the caller of a session that this server has opened or made itself, as Authenticate would for a
// request that is signed with it.
func (a *Authenticator) OfSession(
	ctx context.Context, s credential.Session, accessKeyID string, facts Facts,
) (*Caller, error) {
	snap, err := a.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	c := &Caller{AccessKeyID: accessKeyID, Session: &s, Snapshot: snap, Facts: facts}
	c.meter.Watch(ctx)
	c.establishSession()
	if !s.Only.IsZero() {
		return nil, otherRequest()
	}
	if err := a.reach(ctx, c); err != nil {
		return nil, err
	}
	err = a.evaluate(c)
	a.saw(c, err)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// checkOnly refuses another request than the one that the caller's session is good for.
func checkOnly(c *Caller, signed *sigv4.Signed) error {
	if c.Session == nil || c.Session.Only.IsZero() || c.Session.Only.Admits(signed.Target()) {
		return nil
	}
	return otherRequest()
}

func otherRequest() error {
	return fault.New(fault.Denied, fault.SessionToken,
		"Access Denied: the credential is good for the one request that was signed").For(fault.OtherRequest)
}
