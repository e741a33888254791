package remote

import (
	"encoding/base64"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

const (
	unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	checksumPrefix  = "x-amz-checksum-"
)

// checksumSizes are the lengths of S3's checksums in bytes. The length of a framed body, which is announced before the
// body, depends on them.
var checksumSizes = map[string]int{
	"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32, "sha512": 64, "md5": 16, "xxhash64": 8,
	"xxhash3": 8, "xxhash128": 16,
}

// checkAnnounced refuses trailers that the store could not be told of.
func (b *sending) checkAnnounced() error {
	for i, name := range b.announced {
		name = strings.ToLower(name)
		algorithm, ok := strings.CutPrefix(name, checksumPrefix)
		if _, known := checksumSizes[algorithm]; !ok || !known || i > 0 {
			return fault.New(fault.Invalid, fault.Header, "The value specified in the x-amz-trailer header is not supported")
		}
		b.announced[i] = name
	}
	return nil
}

// checkTrailers checks that every announced trailer has come, and that it is one.
func (b *sending) checkTrailers() error {
	if len(b.announced) == 0 {
		return nil
	}
	came := http.Header(nil)
	if b.trailers != nil {
		came = b.trailers()
	}
	for _, name := range b.announced {
		values := came.Values(name)
		if len(values) != 1 {
			return fault.New(fault.Malformed, fault.Request, "The trailer %s that was announced did not come.", name)
		}
		raw, err := base64.StdEncoding.DecodeString(values[0])
		if err != nil || len(raw) != checksumSizes[strings.TrimPrefix(name, checksumPrefix)] ||
			strings.ContainsAny(values[0], "\r\n") { // DecodeString passes over them
			return fault.New(fault.Invalid, fault.Header, "Value for %s trailing header is invalid.", name)
		}
	}
	if b.compare != nil {
		return b.compare()
	}
	return nil
}

// trailerLength is the length of a trailer's line with its end.
func trailerLength(name string) int64 {
	size := checksumSizes[strings.TrimPrefix(name, checksumPrefix)]
	return int64(len(name) + len(":") + base64.StdEncoding.EncodedLen(size) + len("\r\n"))
}

// framing is a body in the framing aws-chunked, in one chunk, with its trailers behind it:
//
//	hex-size CRLF content CRLF 0 CRLF [trailer: value CRLF ...] CRLF
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
type framing struct {
	of    *sending
	ready string // bytes of the framing that are to be given
	state int
}

// The states of a framed body.
const (
	framedHead = iota
	framedContent
	framedTail
	framedEnd
)

func (f *framing) Read(p []byte) (int, error) {
	for {
		if f.ready != "" {
			n := copy(p, f.ready)
			f.ready = f.ready[n:]
			return n, nil
		}
		switch f.state {
		case framedHead:
			f.state = framedContent
			if f.of.length > 0 {
				f.ready = strconv.FormatInt(f.of.length, 16) + "\r\n"
			}
		case framedContent:
			n, err := f.of.Read(p)
			if err != io.EOF {
				return n, err
			}
			f.state, f.ready = framedTail, f.tail()
		case framedTail:
			f.state = framedEnd
		default:
			return 0, io.EOF
		}
	}
}

func (f *framing) tail() string {
	var b strings.Builder
	if f.of.length > 0 {
		b.WriteString("\r\n")
	}
	b.WriteString("0\r\n")
	for _, name := range f.of.announced {
		b.WriteString(name + ":" + f.of.trailers().Get(name) + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

// framed reports whether the body travels in a framing: with a checksum behind it, unless that is compared here.
func (b *sending) framed() bool {
	return len(b.announced) > 0 && b.compare == nil || b.frame && b.length > 0 && b.compare == nil
}

// framedLength is the length of the body in its framing.
func (b *sending) framedLength() int64 {
	n := int64(len("0\r\n") + len("\r\n"))
	if b.length > 0 {
		n += int64(len(strconv.FormatInt(b.length, 16))) + int64(len("\r\n")) + b.length + int64(len("\r\n"))
	}
	for _, name := range b.announced {
		n += trailerLength(name)
	}
	return n
}

// attach makes the body that of a request, and returns what the signature says of it.
func (b *sending) attach(r *http.Request, sh *shape, in reflect.Value) (hash string, err error) {
	for name, value := range b.headers {
		r.Header.Set(name, value)
	}
	if !b.framed() && b.length == 0 {
		// net/http takes length 0 for an unknown length. The body is read here, because its checks may still fail.
		if !b.complete() {
			err = b.finish()
		}
		r.Body, r.ContentLength = http.NoBody, 0
		return emptySHA256, err
	}
	reader := io.Reader(b)
	hash, r.ContentLength = awswire.UnsignedPayload, b.length
	if b.framed() {
		reader, hash, r.ContentLength = &framing{of: b}, unsignedTrailer, b.framedLength()
		r.Header.Set("X-Amz-Decoded-Content-Length", itoa(b.length))
		if len(b.announced) > 0 {
			r.Header.Set("X-Amz-Trailer", strings.Join(b.announced, ","))
		}
		encoding := "aws-chunked"
		if own := text(in, sh.encoding); own != "" {
			encoding += "," + own
		}
		r.Header.Set("Content-Encoding", encoding)
	}
	r.Body = b.newHand(reader)
	r.GetBody = func() (io.ReadCloser, error) { // net/http asks when it has lost a connection before it sent anything
		if !b.withdraw() {
			return nil, errRewind
		}
		return b.newHand(reader), nil
	}
	if b.waits || b.length >= expectFrom {
		r.Header.Set("Expect", "100-continue")
	}
	return hash, nil
}

// expectFrom is the length of content from which on the store is asked whether it wants the body at all. The SDKs of
// AWS ask from 2 MiB on.
const expectFrom = 1 << 20
