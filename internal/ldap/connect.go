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

// Bounds on the bytes that a server may send. maxHello holds until the bind has succeeded. Without encryption anybody
// on the network may answer until then, and an answer can take a thousand times its size in memory. maxAnswer holds
// for each request: a page or a range.
const (
	maxHello  = 128 << 10
	maxAnswer = 512 << 20
)

// conn is a bound connection.
type conn struct {
	*ldap.Conn
	wire *readLimiter
	url  string
	stop func() bool
}

func (c *conn) close() {
	c.stop()
	_ = c.Conn.Close() // the connection was only read from
}

// RefusedError says that a server does not know the bind DN, or refuses its password. connect then does not try the
// other servers, because each attempt may count towards a lock of the account.
type RefusedError struct {
	URL, BindDN string
	err         error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s refuses the bind DN %q or its password (%s)", e.URL, e.BindDN, codeName(e.err))
}

// Unwrap is the error of the LDAP protocol.
func (e *RefusedError) Unwrap() error { return e.err }

// connect connects to the first server that answers, and binds.
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
	wire := &readLimiter{Conn: raw}
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
	wire.left.Store(maxHello)
	_ = raw.SetDeadline(time.Now().Add(o.Timeout)) // for the handshake and the bind together
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
	if password == "" { // a bind with an empty password is anonymous, and succeeds (RFC 4513, 5.1.2)
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

// readLimiter bounds the bytes that are read before the first reset and between two resets.
type readLimiter struct {
	net.Conn
	left atomic.Int64
}

func (m *readLimiter) reset() { m.left.Store(maxAnswer) }

var errTooMuch = errors.New("the server sent more than an answer may have")

// Read reads from the connection. It closes the connection when the bound is exceeded.
func (m *readLimiter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if m.left.Add(-int64(n)) < 0 {
		m.Conn.Close()
		return 0, errTooMuch
	}
	return n, err
}
