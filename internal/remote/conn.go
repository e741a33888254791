package remote

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"
)

// newTransport makes what sends requests. It speaks HTTP/1.1 only, as S3 does, follows nothing, and takes no proxy from
// the environment: the store's credentials go to the endpoints of the configuration and nowhere else.
func newTransport(l Limits, conf *tls.Config) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	d := &dialer{net: net.Dialer{Timeout: l.Connect, KeepAlive: 15 * time.Second}, connect: l.Connect, idle: l.Idle}
	d.tls = conf.Clone()
	if d.tls == nil {
		d.tls = &tls.Config{}
	}
	if d.tls.MinVersion == 0 {
		d.tls.MinVersion = tls.VersionTLS12
	}
	d.tls.NextProtos = []string{"http/1.1"}
	return &http.Transport{
		DialContext:            d.dial,
		DialTLSContext:         d.dialTLS,
		Protocols:              protocols,
		DisableCompression:     true, // an object would arrive changed
		MaxConnsPerHost:        l.MaxConns,
		MaxIdleConnsPerHost:    l.MaxIdle,
		IdleConnTimeout:        l.Keep,
		ExpectContinueTimeout:  l.Continue,
		ResponseHeaderTimeout:  l.Work,
		MaxResponseHeaderBytes: l.MaxHeader,
	}
}

// dialer connects to the store.
type dialer struct {
	net     net.Dialer
	tls     *tls.Config
	connect time.Duration
	idle    time.Duration
}

// connectError is a failure to connect: nothing of the request was sent.
type connectError struct{ error }

// Unwrap returns what went wrong.
func (e connectError) Unwrap() error { return e.error }

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, connectError{err}
	}
	return newConn(c, c, d.idle), nil
}

func (d *dialer) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.connect)
	defer cancel()
	plain, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conf := d.tls
	if conf.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			_ = plain.Close()
			return nil, connectError{err}
		}
		conf = conf.Clone()
		conf.ServerName = host
	}
	secure := tls.Client(plain, conf)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, connectError{err}
	}
	return newConn(secure, plain, d.idle), nil
}

// conn is a connection on which no write stands still, on which content is copied by large buffers, and which is always
// reset, never closed in order. Some stores (fasthttp, and versitygw with it) take the end of a connection for the end
// of an object that was announced to be longer, and store a part for the whole. No store takes a reset for an end. The
// kernel resets the connection, too, if this program dies.
type conn struct {
	net.Conn
	plain net.Conn // below TLS, which would announce an end in order; else the same
	idle  time.Duration

	reading atomic.Bool // net/http waits for what the store says next
	closed  atomic.Bool
}

func newConn(c, plain net.Conn, idle time.Duration) *conn {
	if own, ok := plain.(*conn); ok {
		plain = own.Conn
	}
	if tcp, ok := plain.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return &conn{Conn: c, plain: plain, idle: idle}
}

// Close resets the connection.
func (c *conn) Close() error {
	c.closed.Store(true)
	return c.plain.Close()
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	c.reading.Store(true)
	defer c.reading.Store(false)
	return c.Conn.Read(p)
}

// maxUnsettled is how long a connection that is used again may take to become silent.
const maxUnsettled = time.Second

// settle waits until nothing is left of the answer before. A store may say more than the length of its answer. net/http
// closes such a connection when it looks at it, but it may hand it to the next call first, and would take what is left
// for the answer to that call. Once net/http waits for the store, it has nothing left.
func (c *conn) settle() {
	for began := time.Now(); !c.reading.Load() && !c.closed.Load(); {
		if time.Since(began) > maxUnsettled {
			_ = c.Close()
			return
		}
		runtime.Gosched()
	}
}

// Write fails if the store takes nothing for as long as a body may stand still.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// ReadFrom copies a body to the store. net/http calls it with a reader that knows its length.
func (c *conn) ReadFrom(r io.Reader) (total int64, err error) {
	length := int64(-1)
	if l, ok := r.(*io.LimitedReader); ok {
		length = l.N
	}
	return buffers.copy(c, r, length)
}
