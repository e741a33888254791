package front

import (
	"net"
	"net/http"
	"time"
)

// reset closes the connection of an answer that is not whole, and drops what the client has not yet got of it. An
// answer of HTTP/1.0 without a length ends with its connection, so a client would take an orderly close for the end of
// the answer.
func reset(w http.ResponseWriter) {
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Unix(1, 0)) // what is buffered stays here
	conn, _, err := rc.Hijack()
	if err != nil {
		return // http.ErrAbortHandler does what can be done
	}
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn() // without the alert that says that all was sent
	}
	if c, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = c.SetLinger(0)
	}
	_ = conn.Close()
}
