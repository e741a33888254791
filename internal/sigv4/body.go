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

// holdBack is how many last bytes a body of known length keeps to itself until everything about it has been checked.
const holdBack = 4 << 10

// BodyOptions let the caller check the content itself, such as its checksums, while the last bytes are held back.
type BodyOptions struct {
	// Digests receives all content, each byte before it is delivered. Its errors end the body.
	Digests io.Writer
	// Check is called once, after Digests got the last byte and before the last bytes are delivered, with the
	// trailer (nil where there is none). Its error is what the reader gets instead of them.
	Check func(trailer http.Header) error
}

// A Body is the content of a verified request. Its Read gives io.EOF only if everything held that was signed or
// announced: hash, chunk signatures, length, framing, trailer, [BodyOptions].Check; until then the last bytes, up to
// 4 KiB and never none of a body that has any, are held back. Bytes of signed chunks are delivered only after their
// chunk's signature has been checked. A failed Body stays failed.
//
// An UNSIGNED-PAYLOAD body without Check promises nothing and is handed through.
type Body struct {
	src     io.Reader // decoded content; io.EOF after its own checks
	closer  io.Closer
	chunks  *chunkReader // src, if the body is framed
	opts    BodyOptions
	hash    hash.Hash // of the content, nil if not signed as a whole
	claimed string    // hex of the hash
	length  int64     // announced content length, -1 if unknown
	seen    int64     // content bytes read from src
	direct  bool      // nothing to check at the end

	ready []byte // checked as far as it can be: to be delivered
	held  []byte // not to be delivered yet
	spare []byte
	done  bool // src is finished and all checks passed
	err   error
}

// Body gives the content of the request, which [Signed.Verify] must have found good. It takes the request's Body at
// the time of the call, so that limits can be wrapped around it in between. Call it once.
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
		b.src = b.chunks
	}
	return b
}

// Length is the announced number of content bytes, -1 if unknown.
func (b *Body) Length() int64 { return b.length }

// Trailer is the trailer of a body in chunks, checked against its signature if the mode has one and against the names
// that x-amz-trailer announced. It is nil before Read gave io.EOF, and where there is none.
func (b *Body) Trailer() http.Header {
	if b.chunks == nil || !b.done || b.err != io.EOF {
		return nil
	}
	return b.chunks.trailer
}

// Close closes the request's body without checking the rest of it.
func (b *Body) Close() error {
	if b.err == nil {
		b.err = errors.New("sigv4: read of a closed body")
	}
	b.ready = nil
	return b.closer.Close()
}

// Drain reads the body to its end and says whether it held: for operations that have no use for a body and must not
// accept a forged one.
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
		// Straight into p while what is left is more than what is held back anyway.
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

// free is how many bytes may be delivered as they are read.
func (b *Body) free() int64 {
	if b.direct {
		return 1 << 62
	}
	if b.length < 0 {
		return 0
	}
	return b.length - b.seen - holdBack
}

// fill reads a block of content to hold and frees the block before it, or ends the body. It is called only when
// nothing is ready.
func (b *Body) fill() {
	if b.spare == nil {
		b.spare = make([]byte, b.block())
	}
	n, err := b.read(b.spare)
	switch {
	case n == 0:
	case b.length >= 0: // the tail of a body of known length: gathered whole, delivered whole
		b.held = append(b.held, b.spare[:n]...)
	default: // what is ready lies in the next spare block, which is not read into before it has been delivered
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

func (b *Body) block() int {
	if b.length >= 0 {
		return holdBack
	}
	return 32 << 10
}

// fail ends the body: nothing that was not delivered yet ever will be.
func (b *Body) fail(err error) {
	if b.err == nil {
		b.err = err
	}
	b.ready, b.held = nil, nil
}

// read reads content and counts and digests it. A body longer than announced fails before a byte too many is out.
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

// finish makes the checks that need all content.
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
