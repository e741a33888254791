package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// How many bytes a server may send: until the bind has succeeded, when without encryption it may be anybody on the
// way, and what it sends can take a thousand times as much memory as it has bytes; for one request, a page or a range.
const (
	helloLimit  = 128 << 10
	answerLimit = 512 << 20
)

// conn is a bound connection.
type conn struct {
	*ldap.Conn
	wire *meter
	url  string
	stop func() bool
}

func (c *conn) close() {
	c.stop()
	_ = c.Conn.Close() // it was read from only
}

// RefusedError says that a server knows the bind DN not, or not with this password. Other servers are not tried then:
// each try may count towards locking the account.
type RefusedError struct {
	URL, BindDN string
	err         error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s refuses the bind DN %q or its password (%s)", e.URL, e.BindDN, codeName(e.err))
}

// Unwrap is the protocol's own error.
func (e *RefusedError) Unwrap() error { return e.err }

// connect connects to the first of the servers that answers, and binds.
func connect(ctx context.Context, o Options) (*conn, error) {
	var errs []error
	for _, u := range o.URLs {
		c, err := connectTo(ctx, o, u)
		if err == nil {
			return c, nil
		}
		if _, refused := errors.AsType[*RefusedError](err); refused || ctx.Err() != nil {
			return nil, err
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func connectTo(ctx context.Context, o Options, text string) (_ *conn, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ldap": ldap.DefaultLdapPort, "ldaps": ldap.DefaultLdapsPort}[u.Scheme]
	}
	dial := net.Dialer{Timeout: o.Timeout}
	raw, err := dial.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", text, err)
	}
	wire := &meter{Conn: raw}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	var l *ldap.Conn
	defer func() {
		if err != nil {
			stop()
			raw.Close()
			if ctx.Err() != nil {
				err = ctx.Err()
			}
		}
	}()
	wire.left.Store(helloLimit)
	_ = raw.SetDeadline(time.Now().Add(o.Timeout)) // of the handshake and the bind together
	secure := &tls.Config{RootCAs: o.RootCAs, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if u.Scheme == "ldaps" {
		t := tls.Client(wire, secure)
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS with %s: %w", text, err)
		}
		l = ldap.NewConn(t, true)
	} else {
		l = ldap.NewConn(wire, false)
	}
	l.Start()
	l.SetTimeout(o.Timeout)
	if u.Scheme == "ldap" && o.StartTLS {
		if err := l.StartTLS(secure); err != nil {
			return nil, fmt.Errorf("StartTLS with %s: %w", text, err)
		}
	}
	if err := bind(l, o, text); err != nil {
		l.Close()
		return nil, err
	}
	_ = raw.SetDeadline(time.Time{})
	return &conn{Conn: l, wire: wire, url: text, stop: stop}, nil
}

func bind(l *ldap.Conn, o Options, url string) error {
	if o.BindDN == "" {
		return nil
	}
	password, err := o.Password()
	if err != nil {
		return err
	}
	if password == "" { // a bind with an empty password is an anonymous one and succeeds (RFC 4513, 5.1.2)
		return errors.New("the bind password is empty")
	}
	err = l.Bind(o.BindDN, password)
	switch {
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultInvalidCredentials,
		ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultInvalidDNSyntax,
		ldap.LDAPResultNoSuchObject, ldap.LDAPResultInsufficientAccessRights):
		return &RefusedError{URL: url, BindDN: o.BindDN, err: err}
	case err != nil:
		return fmt.Errorf("bind at %s: %w", url, err)
	}
	return nil
}

func codeName(err error) string {
	if e, ok := errors.AsType[*ldap.Error](err); ok {
		return fmt.Sprintf("result %d, %s", e.ResultCode, ldap.LDAPResultCodeMap[e.ResultCode])
	}
	return err.Error()
}

// meter bounds what is read until, and between, resets.
type meter struct {
	net.Conn
	left atomic.Int64
}

func (m *meter) reset() { m.left.Store(answerLimit) }

var errTooMuch = errors.New("the server sent more than an answer may have")

// Read reads what the budget lets through.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if m.left.Add(-int64(n)) < 0 {
		m.Conn.Close()
		return 0, errTooMuch
	}
	return n, err
}
