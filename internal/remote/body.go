package remote

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// sending is the content of a write on its way to the store. It gives the last byte only when the source has said
// io.EOF with exactly the announced length: until then every reader lacks a byte, and no store takes what it has for
// the whole.
//
// net/http reads it on a goroutine of its own, even after it has given up the request. So each attempt to send it has
// a hand of its own, which ends with the attempt.
type sending struct {
	src    io.Reader
	length int64 // of the content
	given  int64 // bytes of the content that were given
	last   []byte
	whole  bool // the source has ended, and everything was right

	announced []string // trailers that come behind the content
	trailers  func() http.Header
	compare   func() error // compares a trailer that the store is not sent; nil: there is none

	frame   bool              // the store needs a framing that has an end
	waits   bool              // the client sends nothing before it is asked for the body
	headers map[string]string // checksums that came behind a body that was kept

	mu      sync.Mutex
	hand    *hand  // of the attempt that is under way
	started bool   // somebody has begun to read
	err     error  // why it failed: a fault
	close   func() // frees what a kept body holds; nil: nothing
}

// newSending prepares a body of known length.
func newSending(b *upstream.Body, length int64) *sending {
	return &sending{
		src: b.Reader, length: length, announced: slices.Clone(b.Announced), trailers: b.Trailer, waits: b.Waits,
	}
}

// Read gives content.
func (b *sending) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if free := b.length - 1 - b.given; free > 0 {
		n, err := b.src.Read(p[:min(int64(len(p)), free)])
		b.given += int64(n)
		if err != nil {
			return 0, b.fail(err)
		}
		return n, nil
	}
	if !b.whole {
		if err := b.finish(); err != nil {
			return 0, err
		}
	}
	if len(b.last) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.last)
	b.last, b.given = b.last[n:], b.given+int64(n)
	return n, nil
}

// maxEmptyReads is how often a source may give nothing at all.
const maxEmptyReads = 100

// finish reads the last byte, if there is any, and the end.
func (b *sending) finish() error {
	var buf [2]byte
	need, have := int(b.length-b.given), 0
	for range maxEmptyReads {
		n, err := b.src.Read(buf[have:])
		have += n
		if have > need {
			return b.fail(errors.New("more bytes than announced"))
		}
		if err == io.EOF {
			if have < need {
				return b.fail(err)
			}
			if err := b.checkTrailers(); err != nil {
				return b.fail(err)
			}
			b.mu.Lock()
			b.last, b.whole = buf[:have], true
			b.mu.Unlock()
			return nil
		}
		if err != nil {
			return b.fail(err)
		}
	}
	return b.fail(io.ErrNoProgress)
}

// fail ends the body. A fault of the source is the failure of the call. Any other error says that the body is not
// whole, even one that wraps io.EOF.
func (b *sending) fail(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		f = fault.New(fault.Incomplete, fault.Body, "").Because(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = f
	}
	return b.err
}

// failure is why the body failed; nil: it has not.
func (b *sending) failure() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// release frees what the body holds, when the call is over.
func (b *sending) release() {
	if b != nil && b.close != nil {
		b.close()
	}
}

// complete reports whether the source has ended and everything was right.
func (b *sending) complete() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.whole
}

// hand is what one attempt reads a body by. After its end it reads nothing more, except for a read that is under way:
// that one may wait for the client, and nobody waits for it.
type hand struct {
	of     *sending
	reader io.Reader // the content, in its framing
	ended  bool      // guarded by of.mu
}

var errHandEnded = errors.New("the attempt to send the body is over")

// Read implements io.Reader.
func (h *hand) Read(p []byte) (int, error) {
	h.of.mu.Lock()
	ended := h.ended
	h.of.started = h.of.started || !ended
	h.of.mu.Unlock()
	if ended {
		return 0, errHandEnded
	}
	return h.reader.Read(p)
}

// Close ends the attempt.
func (h *hand) Close() error {
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	h.ended = true
	return nil
}

// withdraw ends the attempt that is under way, and reports whether nobody has read of the body. A store that was not
// sent any byte of a body that it was told of cannot have done anything.
func (b *sending) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hand != nil {
		b.hand.ended = true
	}
	return !b.started
}

// newHand begins an attempt.
func (b *sending) newHand(framing io.Reader) *hand {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hand = &hand{of: b, reader: framing}
	return b.hand
}
