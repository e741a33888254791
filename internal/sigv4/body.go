package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"

	"latchkey/internal/fault"
)

// maxHeldBack is the number of last bytes that a body of known length delivers only after every check has passed.
const maxHeldBack = 4 << 10

// BodyOptions let the caller check the content itself, for example its checksums, before the last bytes are
// delivered.
type BodyOptions struct {
	// Digests receives all content, each byte before it is delivered. An error of Digests ends the body.
	Digests io.Writer
	// Check is called once, after Digests received the last byte and before the last bytes are delivered. trailer is nil
	// if the body has no trailer. If Check fails, the reader gets its error in place of the last bytes.
	Check func(trailer http.Header) error
	// Hold is told how many more bytes of a signed chunk are kept in memory, before they are read. An error of Hold ends
	// the body. nil: nobody counts them.
	Hold func(n int64) error
}

// A Body is the content of a verified request. Its Read returns io.EOF only if everything was right that the client
// signed or announced: hash, chunk signatures, length, framing and trailer, and [BodyOptions].Check. Until then Body
// holds back the last bytes: up to 4 KiB, and at least one byte of a body that is not empty. Bytes of a signed chunk
// are delivered only after the chunk's signature was checked. A Body that failed once returns the same error for
// ever.
//
// An UNSIGNED-PAYLOAD body without Check promises nothing: its bytes are delivered as they are read.
type Body struct {
	src     io.Reader // decoded content; io.EOF after its own checks
	closer  io.Closer
	chunks  *chunkReader // src, if the body is framed
	opts    BodyOptions
	hash    hash.Hash // of the content; nil if the content is not signed as a whole
	claimed string    // hash that the client signed, in hexadecimal
	length  int64     // announced content length, -1 if unknown
	seen    int64     // content bytes read from src
	direct  bool      // the bytes need not be held back

	ready []byte // checked as far as possible: to be delivered
	held  []byte // not to be delivered yet
	spare []byte
	done  bool // src is at its end and every check passed
	err   error
}

// Body returns the content of the request. [Signed.Verify] must have succeeded. Body takes the request's Body at the
// time of the call, so that the caller can wrap limits around it after Parse. Call it once.
func (s *Signed) Body(o BodyOptions) *Body {
	raw := s.request.Body
	if raw == nil {
		raw = http.NoBody
	}
	b := &Body{src: raw, closer: raw, opts: o, length: s.DecodedLength}
	if !s.verified {
		b.err = fault.New(fault.Internal, fault.Body, "").Because(errors.New("body read before its signature was verified"))
		return b
	}
	switch s.Payload {
	case PayloadHashed, PayloadBuffered:
		b.hash, b.claimed = sha256.New(), s.ContentSHA256
	case PayloadUnsigned:
		b.direct = o.Check == nil
	default:
		b.chunks = newChunkReader(raw, s)
		b.chunks.hold = o.Hold
		b.src = b.chunks
	}
	return b
}

// Length is the announced number of content bytes, or -1 if the client announced none.
func (b *Body) Length() int64 { return b.length }

// Trailer is the trailer of a body in chunks. Its signature was checked if the mode has one, and its names were
// compared with those that x-amz-trailer announced. It is nil until Read returns io.EOF, and if there is no trailer.
func (b *Body) Trailer() http.Header {
	if b.chunks == nil || !b.done || b.err != io.EOF {
		return nil
	}
	return b.chunks.trailer
}

// Close closes the request's body. It does not check the bytes that were not read.
func (b *Body) Close() error {
	if b.err == nil {
		b.err = errors.New("sigv4: read of a closed body")
	}
	b.ready = nil
	return b.closer.Close()
}

// Drain reads the body to its end and returns the error of its checks. Operations that have no use for a body call
// it, because they must not accept a forged one either.
func (b *Body) Drain() error {
	_, err := io.Copy(io.Discard, b)
	return err
}

// Read implements [io.Reader].
func (b *Body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(b.ready) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		if b.done {
			b.err = io.EOF
			continue
		}
		// Read straight into p as long as more bytes remain than are held back.
		if free := b.free(); free > 0 {
			n, err := b.read(p[:min(int64(len(p)), free)])
			if err == io.EOF && !b.direct {
				err = incomplete(errors.New("fewer bytes than announced"))
			}
			if err != nil {
				b.fail(err)
			}
			if n > 0 || err != nil {
				return n, b.err
			}
			continue
		}
		b.fill()
	}
	n := copy(p, b.ready)
	b.ready = b.ready[n:]
	return n, nil
}

// free is the number of bytes that may be delivered as they are read.
func (b *Body) free() int64 {
	if b.direct {
		return 1 << 62
	}
	if b.length < 0 {
		return 0
	}
	return b.length - b.seen - maxHeldBack
}

// fill reads a block of content, holds it back, and makes the block before it ready. At the end of the content it
// makes the last checks. It is called only when nothing is ready.
func (b *Body) fill() {
	if b.spare == nil {
		b.spare = make([]byte, b.block())
	}
	n, err := b.read(b.spare)
	switch {
	case n == 0:
	case b.length >= 0: // the last bytes of a body of known length: collected and delivered together
		b.held = append(b.held, b.spare[:n]...)
	default: // the ready block becomes the spare one; it is read into only after it has been delivered
		b.ready = b.held
		b.held, b.spare = b.spare[:n], b.held[:cap(b.held)]
		if len(b.spare) == 0 {
			b.spare = nil
		}
	}
	if err == nil {
		return
	}
	if err == io.EOF {
		err = b.finish()
	}
	if err != nil {
		b.fail(err)
		return
	}
	b.ready, b.held, b.done = append(b.ready, b.held...), nil, true
}

// block is the size of a block. One more byte than announced is enough to notice that a body is too long: most
// requests have no body at all.
func (b *Body) block() int {
	if b.length >= 0 {
		return int(min(maxHeldBack, b.length+1))
	}
	return 32 << 10
}

// fail ends the body. Bytes that were not delivered yet are dropped.
func (b *Body) fail(err error) {
	if b.err == nil {
		b.err = err
	}
	b.ready, b.held = nil, nil
}

// read reads, counts and digests content. If the body is longer than announced, it fails before it returns a byte too
// many.
func (b *Body) read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	if n > 0 {
		b.seen += int64(n)
		if b.length >= 0 && b.seen > b.length {
			return 0, incomplete(errors.New("more bytes than announced"))
		}
		if b.hash != nil {
			b.hash.Write(p[:n])
		}
		if b.opts.Digests != nil {
			if _, err := b.opts.Digests.Write(p[:n]); err != nil {
				return 0, err
			}
		}
	}
	if err == nil || err == io.EOF {
		if err == io.EOF && b.direct && b.length >= 0 && b.seen != b.length {
			return n, incomplete(errors.New("fewer bytes than announced"))
		}
		return n, err
	}
	if _, ok := errors.AsType[*fault.Error](err); !ok {
		err = incomplete(err)
	}
	return n, err
}

// finish makes the checks that need the whole content.
func (b *Body) finish() error {
	if b.length >= 0 && b.seen != b.length {
		return incomplete(errors.New("fewer bytes than announced"))
	}
	if b.hash != nil {
		sum := b.hash.Sum(nil)
		claimed, err := hex.DecodeString(b.claimed)
		if err != nil || !bytes.Equal(sum, claimed) {
			return payloadMismatch(b.claimed, hex.EncodeToString(sum))
		}
	}
	if b.opts.Check != nil {
		var trailer http.Header
		if b.chunks != nil {
			trailer = b.chunks.trailer
		}
		return b.opts.Check(trailer)
	}
	return nil
}
