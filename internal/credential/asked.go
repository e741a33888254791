package credential

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Asked is what the server remembers of the request that a session answers, so that it can ask at each use of the
// session whether the same request would be answered now. The conditions of policies see the address, the TLS version
// and the user agent of that request for as long as the session lives: a credential may be used by another machine than
// the one that asked for it.
type Asked struct {
	By         *Session // the session that asked; nil: a long-term key or a foreign token
	Principal  string   // immutable id of the principal that asked; empty: the bearer of a foreign token
	ExternalID string   // of AssumeRole
	SourceIP   string   // the client's address; empty: not known
	UserAgent  string   // empty if it was longer than MaxAskedAgent
	LongAgent  bool     // it was longer
	TLS        uint16   // tls.VersionTLS12 and so on; zero: none
	TLSAtProxy bool
	Audit      Delegation // of an audit context, which only the role's trust policy and the records see
	Presigned  bool
}

// MaxAskedAgent is the longest user agent, in bytes, that a session remembers.
const MaxAskedAgent = 256

const maxAskedDepth = 16

// IsZero reports that nothing is remembered: the session was sealed by a release that remembered nothing.
func (a *Asked) IsZero() bool { return *a == Asked{} }

// Remember sets the user agent, or that it is too long.
func (a *Asked) Remember(agent string) {
	if a.LongAgent = len(agent) > MaxAskedAgent; a.LongAgent {
		agent = ""
	}
	a.UserAgent = strings.Clone(agent)
}

// depth is how many sessions are on the way to this one.
func (a *Asked) depth() (n int) {
	for by := a.By; by != nil; by = by.Asked.By {
		n++
	}
	return n
}

// check compares what is remembered with the rules for sealed sessions. Only the outermost session has grounds. vended
// says that the request was for a vended credential: a session that acts for an asserted user can ask for no other.
func (a *Asked) check(vended bool) error {
	depth := 0
	for by := a.By; by != nil; by = by.Asked.By {
		if depth++; depth > maxAskedDepth {
			return errors.New("the chain of sessions is too long")
		}
		switch {
		case by.Kind == 0 || by.Kind >= Vended:
			return errors.New("a session of this kind makes no other session")
		case by.Revision != 0 || len(by.Grounds) > 0 || len(by.Actors) > 0:
			return errors.New("a session within a session has grounds")
		case !by.Only.IsZero():
			return errors.New("a session that is good for one request makes no other session")
		case by.ID == SessionID{} || by.PrincipalID == "":
			return errors.New("a session within a session is not complete")
		case !wholeUTC(by.Issued) || !wholeUTC(by.Expires):
			return errors.New("a session within a session has no times")
		}
		if by.Asserted != "" && !vended {
			return errors.New("a session that acts for an asserted user makes no other session")
		}
		if err := by.checkTags(); err != nil {
			return err
		}
	}
	if len(a.UserAgent) > MaxAskedAgent || a.LongAgent && a.UserAgent != "" {
		return errors.New("the remembered user agent is too long")
	}
	return nil
}

// The flags of what is remembered share one byte.
const (
	flagAskedTLSAtProxy = 1 << 0
	flagAskedPresigned  = 1 << 1
	flagAskedBy         = 1 << 2 // the session that asked follows
	flagAskedAudit      = 1 << 3 // the delegation of an audit context follows
	flagAskedLongAgent  = 1 << 4
)

func (a *Asked) append(b []byte, outer *Session) []byte {
	at := len(b)
	b = append(b, 0)
	for _, f := range []struct {
		set  bool
		flag byte
	}{{a.TLSAtProxy, flagAskedTLSAtProxy}, {a.Presigned, flagAskedPresigned}, {a.By != nil, flagAskedBy},
		{!a.Audit.IsZero(), flagAskedAudit}, {a.LongAgent, flagAskedLongAgent}} {
		if f.set {
			b[at] |= f.flag
		}
	}
	b = binary.AppendUvarint(b, uint64(a.TLS))
	for _, v := range [...]string{a.Principal, a.ExternalID, a.SourceIP, a.UserAgent} {
		b = appendText(b, v)
	}
	if !a.Audit.IsZero() {
		for _, v := range a.Audit.strings() {
			b = appendText(b, *v)
		}
	}
	if a.By != nil {
		b = a.By.appendTo(b, outer)
	}
	return b
}

func (d *decoder) asked(outer *Session, depth int) (a Asked) {
	flags := d.take(1)
	if d.bad || flags[0]&^(flagAskedTLSAtProxy|flagAskedPresigned|flagAskedBy|flagAskedAudit|flagAskedLongAgent) != 0 {
		d.bad = true
		return a
	}
	a.TLSAtProxy, a.Presigned = flags[0]&flagAskedTLSAtProxy != 0, flags[0]&flagAskedPresigned != 0
	a.LongAgent = flags[0]&flagAskedLongAgent != 0
	version := d.uvarint()
	d.bad = d.bad || version > 0xffff
	a.TLS, a.Principal, a.ExternalID = uint16(version), d.text(), d.text()
	a.SourceIP, a.UserAgent = d.text(), d.text()
	if flags[0]&flagAskedAudit != 0 {
		for _, v := range a.Audit.strings() {
			*v = d.text()
		}
		d.bad = d.bad || a.Audit.IsZero()
	}
	if flags[0]&flagAskedBy != 0 {
		if depth == 0 {
			d.bad = true
			return a
		}
		a.By = new(Session)
		d.session(a.By, outer, depth-1)
	}
	return a
}
