package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// framedListener accepts connections that know of a Content-Length that net/http drops, see framedConn. It speaks TLS
// if tls is set: what comes over the connection must be seen as it is before net/http reads it.
type framedListener struct {
	net.Listener
	tls *tls.Config
	log *log.Logger
}

func (l framedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.tls == nil {
		return &plainConn{framedConn{Conn: c, raw: c, rest: notAtLine}}, nil
	}
	secured := tls.Server(c, l.tls)
	return &framedConn{Conn: secured, raw: c, secured: secured, log: l.log, rest: notAtLine}, nil
}

// framedConn notes whether a line that may be the header Content-Length has ever come over a connection.
//
// net/http drops a Content-Length beside a Transfer-Encoding without a trace. A proxy in front may believe it, and
// would take the answer to what follows for another client's (RFC 9112, 6.1). So a request in chunks may leave its
// connection open only if no such line came: not in that request, and not in one before it, because bytes of the next
// request may be read early. A line of a body counts as well, and so does one that begins with blanks, which some
// programs read as a header: that closes a connection too often, and never too seldom.
type framedConn struct {
	net.Conn
	raw     net.Conn  // TCP
	secured *tls.Conn // nil: plain HTTP
	log     *log.Logger

	shake  sync.Once
	failed error // of the handshake
	rest   int   // how much of the header's name the line has so far, or notAtLine
	length atomic.Bool
}

// plainConn lets the kernel copy files, which it cannot do with TLS.
type plainConn struct{ framedConn }

// ReadFrom is for net/http.
func (c *plainConn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.raw, r) }

const (
	lengthName = "content-length"
	notAtLine  = -1
)

func (c *framedConn) Read(p []byte) (int, error) {
	if c.secured != nil {
		if c.shake.Do(c.handshake); c.failed != nil {
			return 0, c.failed
		}
	}
	n, err := c.Conn.Read(p)
	if !c.length.Load() {
		c.look(p[:n])
	}
	return n, err
}

// look looks for the header's name at the beginning of a line. net/http reads a connection from one goroutine at a
// time.
func (c *framedConn) look(p []byte) {
	for len(p) > 0 {
		if c.rest == notAtLine {
			i := bytes.IndexByte(p, '\n')
			if i < 0 {
				return
			}
			p, c.rest = p[i+1:], 0
			continue
		}
		switch b := p[0]; {
		case b == '\n', c.rest == 0 && (b == ' ' || b == '\t' || b == '\r'):
			c.rest = 0
		case b|0x20 != lengthName[c.rest]:
			c.rest = notAtLine
		default:
			if c.rest++; c.rest == len(lengthName) {
				c.length.Store(true)
				return
			}
		}
		p = p[1:]
	}
}

// handshake tells a client that speaks plain HTTP so, as net/http does.
func (c *framedConn) handshake() {
	if c.failed = c.secured.Handshake(); c.failed == nil {
		return
	}
	if e, ok := errors.AsType[tls.RecordHeaderError](c.failed); ok && e.Conn != nil && looksLikeHTTP(e.RecordHeader[:]) {
		_, _ = io.WriteString(e.Conn,
			"HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		_ = e.Conn.Close()
	}
	c.log.Printf("http: TLS handshake error from %s: %v", c.raw.RemoteAddr(), c.failed)
	c.failed = io.EOF // all is said
}

func looksLikeHTTP(head []byte) bool {
	for _, method := range []string{"GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH"} {
		if string(head) == method {
			return true
		}
	}
	return false
}

// CloseWrite is for net/http, which lets clients read an answer before it closes a connection.
func (c *framedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// NetConn is the TCP connection, for a reset.
func (c *framedConn) NetConn() net.Conn { return c.raw }

func (c *framedConn) framed() *framedConn { return c }

type connKey struct{}

// withConn lets a request's handler find its connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if f, ok := c.(interface{ framed() *framedConn }); ok {
		return context.WithValue(ctx, connKey{}, f.framed())
	}
	return ctx
}

// connOf is the connection of a request; nil: the connection does not know what came over it.
func connOf(r *http.Request) *framedConn {
	c, _ := r.Context().Value(connKey{}).(*framedConn)
	return c
}
