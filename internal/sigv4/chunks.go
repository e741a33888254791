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

// A chunkReader takes the aws-chunked framing off a body:
//
//	hex-size[;chunk-signature=64 hex] CRLF content CRLF ... 0[;chunk-signature=...] CRLF [trailer lines] CRLF
//
// Signed chunks are delivered after their signature, which covers the signature before it, has been checked.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html.
type chunkReader struct {
	r        *bufio.Reader
	signed   bool
	trailing bool
	names    []string // announced trailer names
	maxChunk int64
	left     int64 // content bytes announced and not read; -1 unknown

	mac      hash.Hash
	digest   hash.Hash
	prologue string // date and scope lines of each string to sign
	previous [2 * sha256.Size]byte

	chunk   []byte // content of the checked chunk not delivered yet
	buffer  []byte
	inChunk int64 // bytes left in the current unsigned chunk
	within  bool  // an unsigned chunk is open
	trailer http.Header
	err     error
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

// Read implements [io.Reader]; io.EOF means that the last chunk, the trailer and the end of the body were as they
// should be.
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
				c.err = short(err)
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

// short makes the end of the body inside the framing an incomplete body.
func short(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return incomplete(err)
}

// next reads the head of the next chunk, and of a signed one its content too. After the last chunk it gives io.EOF.
func (c *chunkReader) next() error {
	if c.within {
		if err := c.crlf(); err != nil {
			return err
		}
		c.within = false
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
		c.inChunk, c.within = size, true
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

// readSigned reads a chunk's content into the buffer, which grows with what has come, not with what was announced.
func (c *chunkReader) readSigned(size int64) error {
	const step = 1 << 20
	c.buffer = c.buffer[:0]
	for int64(len(c.buffer)) < size {
		have := len(c.buffer)
		want := int(min(size-int64(have), max(step, int64(have))))
		c.buffer = slices.Grow(c.buffer, want)[:have+want]
		if _, err := io.ReadFull(c.r, c.buffer[have:]); err != nil {
			return short(err)
		}
	}
	return nil
}

// checkChunk checks a chunk's signature, which then becomes the one that the next must be chained to.
func (c *chunkReader) checkChunk(content []byte, signature string) error {
	c.digest.Reset()
	c.digest.Write(content)
	return c.check("AWS4-HMAC-SHA256-PAYLOAD\n", emptySHA256+"\n", signature)
}

// check checks a signature over what the digest has seen.
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

// end checks the last chunk, the trailer, and that nothing follows. Whether the content is all that was announced, [Body] checks.
func (c *chunkReader) end(signature string) error {
	if c.signed {
		if err := c.checkChunk(nil, signature); err != nil {
			return err
		}
	}
	if c.trailing {
		if err := c.readTrailer(); err != nil {
			return err
		}
	} else if err := c.crlf(); err != nil {
		return err
	}
	switch _, err := c.r.ReadByte(); err {
	case io.EOF:
		return io.EOF
	case nil:
		return badChunk("bytes follow the last chunk")
	default:
		return incomplete(err)
	}
}

// readTrailer reads "name:value" lines up to the empty line. Lines may end in LF alone, and an empty line may precede
// the trailer's signature: minio-go writes both.
func (c *chunkReader) readTrailer() error {
	c.trailer = http.Header{}
	if c.signed {
		c.digest.Reset()
	}
	room := maxTrailer
	blank := false
	for {
		line, err := c.line(room)
		if err != nil {
			return err
		}
		room -= len(line) + 1
		if line == "" {
			if !c.signed {
				return c.complete()
			}
			if blank {
				return badChunk("the trailer has no signature")
			}
			blank = true
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = lower(name), strings.TrimLeft(value, " \t")
		if name == hTrailerSignature {
			if !c.signed {
				return badChunk("the trailer may not be signed in this mode")
			}
			if err := c.check("AWS4-HMAC-SHA256-TRAILER\n", "", value); err != nil {
				return err
			}
			if err := c.crlf(); err != nil {
				return err
			}
			return c.complete()
		}
		if blank {
			return badChunk("the trailer goes on after its end")
		}
		if !ok || !hasName(c.names, name) {
			return badChunk("the trailer %q was not announced", name)
		}
		key := http.CanonicalHeaderKey(name)
		if _, twice := c.trailer[key]; twice {
			return badChunk("the trailer %q is present twice", name)
		}
		c.trailer[key] = []string{value}
		if c.signed {
			io.WriteString(c.digest, name+":"+value+"\n")
		}
	}
}

// complete holds the trailer against its announcement.
func (c *chunkReader) complete() error {
	for _, n := range c.names {
		if _, ok := c.trailer[http.CanonicalHeaderKey(n)]; !ok {
			return badChunk("the trailer %q is missing", n)
		}
	}
	return nil
}

// line reads a line of at most limit bytes without its end. Heads of chunks must end in CRLF.
func (c *chunkReader) line(limit int) (string, error) {
	data, err := c.r.ReadSlice('\n')
	if len(data) > limit+2 || err == bufio.ErrBufferFull {
		return "", badChunk("a line is too long")
	}
	if err != nil {
		return "", short(err)
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
			return short(err)
		}
		if got != want {
			return badChunk("a chunk is not followed by CRLF")
		}
	}
	return nil
}
