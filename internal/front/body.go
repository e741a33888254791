package front

import (
	"errors"
	"fmt"
	"io"
	"time"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// How many bytes of request bodies this server keeps in memory at a time. A request that does not find room is refused,
// and its client tries again. Bodies that are streamed to a store are not kept, and do not count.
//
// Nobody has proved yet who sends an unproven body. So an unproven one has less room, and cannot take that of others.
const (
	maxHeld           = 256 << 20
	maxHeldSource     = 64 << 20
	maxUnproven       = 64 << 20
	maxUnprovenSource = 16 << 20
)

// intake counts the bodies that are in memory.
type intake struct{ unproven, proven budget.Intake }

func newIntake() *intake {
	return &intake{
		unproven: budget.Intake{MaxAll: maxUnproven, MaxSource: maxUnprovenSource},
		proven:   budget.Intake{MaxAll: maxHeld, MaxSource: maxHeldSource},
	}
}

// shared is the intake of the frame.
func (f *Frame) shared() *intake {
	f.once.Do(func() { f.intake = newIntake() })
	return f.intake
}

// Limited is a body that must have come until some time. The server's outermost reader of bodies implements it, because
// it owns the deadlines of the connection.
type Limited interface{ Until(time.Time) }

// Limit bounds the request's body. From here on a read that exceeds the budget fails with a fault: fault.TooLarge for
// too many bytes, fault.Incomplete for a body that takes too long, fault.Throttled if there is no memory for it. If the
// announced length exceeds the budget, nothing is read. Call Limit before the first read, and again when the budget
// changes, for example because the operation is known by now.
func (x *Exchange) Limit(b budget.Budget) {
	if x.request.Body == nil || x.request.ContentLength == 0 {
		return
	}
	body := x.body
	if body == nil {
		body = &boundedBody{ReadCloser: x.request.Body, x: x}
		x.body, x.request.Body = body, body
	}
	body.left = b.Bytes - body.read
	body.max = b.Bytes
	if body.until = (time.Time{}); b.Time > 0 {
		body.until = time.Now().Add(b.Time)
		if inner, ok := body.ReadCloser.(Limited); ok {
			inner.Until(body.until)
		}
	}
	if body.err == nil && x.request.ContentLength > b.Bytes {
		body.err = tooLarge(b.Bytes)
	}
}

// Proved says that it is known now who sends the request. Bytes of the body that are in memory count for the proven
// ones from here on.
func (x *Exchange) Proved() error {
	if x.proved {
		return nil
	}
	in := x.frame.shared()
	if !in.proven.Hold(x.From.SourceIP, x.held) {
		return noRoom()
	}
	in.unproven.Release(x.From.SourceIP, x.held)
	x.proved = true
	return nil
}

// Hold counts n more bytes of the request that stay in memory until it ends. It fails with fault.Throttled if there is
// no room for them.
func (x *Exchange) Hold(n int64) error {
	if !x.pool().Hold(x.From.SourceIP, n) {
		return noRoom()
	}
	x.held += n
	return nil
}

// letGo ends what Hold counted.
func (x *Exchange) letGo() {
	x.pool().Release(x.From.SourceIP, x.held)
	x.held = 0
}

func (x *Exchange) pool() *budget.Intake {
	if x.proved {
		return &x.frame.shared().proven
	}
	return &x.frame.shared().unproven
}

func tooLarge(max int64) error {
	return fault.New(fault.TooLarge, fault.Body, "").Because(fmt.Errorf("a body of more than %d bytes", max))
}

func noRoom() error {
	return fault.New(fault.Throttled, "", "").Because(errors.New("too many bodies are in memory"))
}

// boundedBody is the body of a request within its budget.
type boundedBody struct {
	io.ReadCloser
	x     *Exchange
	read  int64
	left  int64
	max   int64
	until time.Time
	err   error
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.read, b.left = b.read+int64(n), b.left-int64(n)
	switch {
	case b.left < 0:
		err = tooLarge(b.max)
	case !b.until.IsZero() && err != io.EOF && time.Now().After(b.until):
		err = fault.New(fault.Incomplete, fault.Body, "").Because(errors.New("the body as a whole took too long"))
	default:
		if held := b.x.Hold(int64(n)); held != nil {
			err = held
		}
	}
	if err != nil && err != io.EOF {
		b.err, n = err, 0
	}
	return n, err
}
