package remote_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"latchkey/internal/remote"
)

// relay is a proxy that passes bytes between an upstream and its store, and does to them what faults say.
type relay struct {
	url *url.URL

	mu     sync.Mutex
	faults faults
	open   map[net.Conn]bool
	wg     sync.WaitGroup
}

// faults are what happens to the bytes of the connections that are accepted from now on. nil: they pass.
type faults struct {
	up, down func(to, from net.Conn) // up: to the store; down: to the upstream
}

// relayTo starts a relay in front of a site. The upstream in front of it knows the relay's address only.
func relayTo(t testing.TB, s site) (*relay, site) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{url: &url.URL{Scheme: "http", Host: l.Addr().String()}, open: map[net.Conn]bool{}}
	r.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.serve(c, s.url.Host)
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.cut()
		r.wg.Wait()
	})
	behind := s
	behind.url = r.url
	return r, behind
}

func (r *relay) serve(c net.Conn, target string) {
	up, err := net.Dial("tcp", target)
	if err != nil {
		_ = c.Close()
		return
	}
	r.mu.Lock()
	f := r.faults
	r.open[c], r.open[up] = true, true
	r.mu.Unlock()
	pass := func(how func(to, from net.Conn), to, from net.Conn) {
		if how == nil {
			how = passAll
		}
		how(to, from)
	}
	r.wg.Go(func() { pass(f.up, up, c) })
	r.wg.Go(func() { pass(f.down, c, up) })
}

// set changes what happens, and ends the connections that there are. The upstream uses none of them again.
func (r *relay) set(u *remote.Store, f faults) {
	r.mu.Lock()
	r.faults = f
	r.mu.Unlock()
	_ = u.Close()
	r.cut()
}

// cut resets all connections.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		end(c, io.ErrUnexpectedEOF)
	}
	clear(r.open)
}

// passAll passes everything, and a reset as a reset.
func passAll(to, from net.Conn) {
	_, err := io.Copy(to, struct{ io.Reader }{from})
	end(to, err)
	end(from, err)
}

func end(c net.Conn, err error) {
	if tcp, ok := c.(*net.TCPConn); ok && err != nil {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// truncated passes n bytes and ends both connections in order.
func truncated(n int64) func(to, from net.Conn) {
	return func(to, from net.Conn) {
		_, err := io.CopyN(to, from, n)
		end(to, err)
		end(from, err)
	}
}

// reset passes n bytes and resets both connections.
func reset(n int64) func(to, from net.Conn) {
	return func(to, from net.Conn) {
		_, _ = io.CopyN(to, from, n)
		end(to, io.ErrUnexpectedEOF)
		end(from, io.ErrUnexpectedEOF)
	}
}

// halfClosed passes n bytes and says that no more come, and takes the rest.
func halfClosed(n int64) func(to, from net.Conn) {
	return func(to, from net.Conn) {
		_, _ = io.CopyN(to, from, n)
		_ = to.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, from)
		end(to, nil)
		end(from, nil)
	}
}

// stalled passes n bytes, and then nothing, while the connections stay.
func stalled(n int64) func(to, from net.Conn) {
	return func(to, from net.Conn) { _, _ = io.CopyN(to, from, n) }
}

// corrupted changes the byte behind the first n.
func corrupted(n int64) func(to, from net.Conn) {
	return func(to, from net.Conn) {
		if _, err := io.CopyN(to, from, n); err == nil {
			var b [1]byte
			if _, err := io.ReadFull(from, b[:]); err == nil {
				b[0] ^= 1
				_, _ = to.Write(b[:])
			}
		}
		passAll(to, from)
	}
}

// slow passes a piece at a time, with a pause behind it.
func slow(piece int64, pause time.Duration) func(to, from net.Conn) {
	return func(to, from net.Conn) {
		for {
			if _, err := io.CopyN(to, from, piece); err != nil {
				end(to, err)
				end(from, err)
				return
			}
			time.Sleep(pause)
		}
	}
}
