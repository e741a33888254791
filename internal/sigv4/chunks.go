package sigv4

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"slices"
	"strings"

	"latchkey/internal/fault"
)

const hTrailerSignature = "x-amz-trailer-signature"

// A chunkReader removes the aws-chunked framing from a body:
//
//	hex-size[;chunk-signature=64 hex] CRLF content CRLF ... 0[;chunk-signature=...] CRLF [trailer lines] CRLF
//
// A signed chunk is delivered after its signature was checked. Each signature covers the signature before it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html.
type chunkReader struct {
	r        *bufio.Reader
	signed   bool
	trailing bool
	names    []string // announced trailer names
	maxChunk int64
	left     int64 // announced content bytes that were not read yet; -1: unknown

	mac      hash.Hash
	digest   hash.Hash
	prologue string // date and scope lines of each string to sign
	previous [2 * sha256.Size]byte

	chunk     []byte // content of a checked chunk that was not delivered yet
	buffer    []byte
	hold      func(n int64) error // see BodyOptions.Hold
	held      int64               // bytes of the buffer that hold was told of
	inChunk   int64               // bytes left in the current unsigned chunk
	chunkOpen bool                // an unsigned chunk is open
	trailer   http.Header
	err       error
}

func newChunkReader(raw io.Reader, s *Signed) *chunkReader {
	c := &chunkReader{
		r:        bufio.NewReaderSize(raw, 32<<10),
		signed:   s.Payload != PayloadUnsignedChunks,
		trailing: s.Payload.hasTrailer(),
		names:    s.trailerNames,
		maxChunk: s.options.MaxChunk,
		left:     s.DecodedLength,
	}
	if c.signed {
		c.mac = hmac.New(sha256.New, s.key[:])
		c.digest = sha256.New()
		c.prologue = s.date + "\n" + s.scope + "\n"
		copy(c.previous[:], s.signature)
	}
	return c
}

func badChunk(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.Chunk, "The body in chunks is not well formed: "+format+".", args...)
}

// Read implements [io.Reader]. io.EOF means that the last chunk, the trailer and the end of the body were right.
func (c *chunkReader) Read(p []byte) (int, error) {
	for c.err == nil {
		if len(c.chunk) > 0 {
			n := copy(p, c.chunk)
			c.chunk = c.chunk[n:]
			return n, nil
		}
		if c.inChunk > 0 {
			n, err := c.r.Read(p[:min(int64(len(p)), c.inChunk)])
			c.inChunk -= int64(n)
			if err != nil {
				c.err = truncated(err)
			}
			if n > 0 {
				return n, nil
			}
			continue
		}
		c.err = c.next()
	}
	return 0, c.err
}

// truncated turns an end of the body inside the framing into the error of an incomplete body.
func truncated(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return incomplete(err)
}

// next reads the head of the next chunk and, if the chunk is signed, its content. After the last chunk it returns
// io.EOF.
func (c *chunkReader) next() error {
	if c.chunkOpen {
		if err := c.crlf(); err != nil {
			return err
		}
		c.chunkOpen = false
	}
	line, err := c.line(maxChunkHeader)
	if err != nil {
		return err
	}
	size, signature, err := c.parseHead(line)
	if err != nil {
		return err
	}
	if c.left >= 0 {
		if size > c.left {
			return incomplete(errors.New("more chunk bytes than announced"))
		}
		c.left -= size
	}
	if size == 0 {
		return c.end(signature)
	}
	if !c.signed {
		c.inChunk, c.chunkOpen = size, true
		return nil
	}
	if err := c.readSigned(size); err != nil {
		return err
	}
	if err := c.checkChunk(c.buffer, signature); err != nil {
		return err
	}
	if err := c.crlf(); err != nil {
		return err
	}
	c.chunk = c.buffer
	return nil
}

func (c *chunkReader) parseHead(line string) (size int64, signature string, err error) {
	digits := line
	if c.signed {
		var ok bool
		digits, signature, ok = strings.Cut(line, ";chunk-signature=")
		if !ok || len(signature) != 2*sha256.Size {
			return 0, "", badChunk("a chunk has no signature")
		}
	}
	if digits == "" || len(digits) > 16 {
		return 0, "", badChunk("a chunk has no size")
	}
	for i := range len(digits) {
		d, ok := unhex(digits[i])
		if !ok || size > 1<<58 {
			return 0, "", badChunk("the size of a chunk is not a number")
		}
		size = size<<4 | int64(d)
	}
	if c.signed && size > c.maxChunk {
		return 0, "", fault.New(fault.TooLarge, fault.Chunk, "A chunk is larger than %d bytes.", c.maxChunk)
	}
	return size, signature, nil
}

// readSigned reads a chunk's content into the buffer. The buffer grows with the bytes that arrived, not with the
// announced size.
func (c *chunkReader) readSigned(size int64) error {
	const step = 1 << 20
	c.buffer = c.buffer[:0]
	for int64(len(c.buffer)) < size {
		have := len(c.buffer)
		want := int(min(size-int64(have), max(step, int64(have))))
		if more := int64(have+want) - c.held; more > 0 && c.hold != nil {
			if err := c.hold(more); err != nil {
				return err
			}
			c.held += more
		}
		c.buffer = slices.Grow(c.buffer, want)[:have+want]
		if _, err := io.ReadFull(c.r, c.buffer[have:]); err != nil {
			return truncated(err)
		}
	}
	return nil
}

// checkChunk checks a chunk's signature. The next chunk's signature must be chained to it.
func (c *chunkReader) checkChunk(content []byte, signature string) error {
	c.digest.Reset()
	c.digest.Write(content)
	return c.check("AWS4-HMAC-SHA256-PAYLOAD\n", emptySHA256+"\n", signature)
}

// check checks a signature over the bytes that were written to the digest.
func (c *chunkReader) check(kind, extra, signature string) error {
	var sum [sha256.Size]byte
	c.digest.Sum(sum[:0])
	b := make([]byte, 0, 384)
	b = append(b, kind...)
	b = append(b, c.prologue...)
	b = append(b, c.previous[:]...)
	b = append(b, '\n')
	b = append(b, extra...)
	b = hex.AppendEncode(b, sum[:])
	c.mac.Reset()
	c.mac.Write(b)
	var want [2 * sha256.Size]byte
	hex.Encode(want[:], c.mac.Sum(sum[:0]))
	if subtle.ConstantTimeCompare(want[:], []byte(signature)) != 1 {
		return fault.New(fault.Unauthenticated, fault.Signature,
			"The chunk signature we calculated does not match the signature you provided.")
	}
	c.previous = want
	return nil
}

// line reads a line of at most limit bytes and returns it without its end. The head of a chunk must end in CRLF.
func (c *chunkReader) line(limit int) (string, error) {
	data, err := c.r.ReadSlice('\n')
	if len(data) > limit+2 || err == bufio.ErrBufferFull {
		return "", badChunk("a line is too long")
	}
	if err != nil {
		return "", truncated(err)
	}
	data = data[:len(data)-1]
	if bytes.HasSuffix(data, []byte{'\r'}) {
		data = data[:len(data)-1]
	} else if c.trailer == nil {
		return "", badChunk("a line does not end in CRLF")
	}
	if bytes.IndexByte(data, '\r') >= 0 {
		return "", badChunk("a line has a carriage return inside")
	}
	return string(data), nil
}

func (c *chunkReader) crlf() error {
	for _, want := range []byte("\r\n") {
		got, err := c.r.ReadByte()
		if err != nil {
			return truncated(err)
		}
		if got != want {
			return badChunk("a chunk is not followed by CRLF")
		}
	}
	return nil
}
