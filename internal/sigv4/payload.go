package sigv4

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"latchkey/internal/fault"
)

// PayloadMode says how a request's body is bound to its signature. [Parse] never returns the zero mode.
type PayloadMode uint8

// The payload modes.
const (
	_                     PayloadMode = iota
	PayloadHashed                     // x-amz-content-sha256 is the body's SHA-256
	PayloadBuffered                   // the body's SHA-256 is signed but not named: services other than S3
	PayloadUnsigned                   // UNSIGNED-PAYLOAD, or a presigned URL that states no mode
	PayloadChunks                     // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
	PayloadChunksTrailer              // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
	PayloadUnsignedChunks             // STREAMING-UNSIGNED-PAYLOAD-TRAILER
)

var payloadNames = [...]string{"none", "hashed", "buffered", "unsigned", "signed chunks", "signed chunks with trailer",
	"unsigned chunks with trailer"}

func (m PayloadMode) String() string {
	if int(m) < len(payloadNames) {
		return payloadNames[m]
	}
	return fmt.Sprintf("payload mode %d", uint8(m))
}

// Streaming reports whether the body is framed as aws-chunked.
func (m PayloadMode) Streaming() bool { return m >= PayloadChunks }

func (m PayloadMode) hasTrailer() bool {
	return m == PayloadChunksTrailer || m == PayloadUnsignedChunks
}

const (
	emptySHA256     = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	unsignedPayload = "UNSIGNED-PAYLOAD"

	hContentSHA256 = "x-amz-content-sha256"
	hDecodedLength = "x-amz-decoded-content-length"
	hTrailer       = "x-amz-trailer"
	checksumPrefix = "x-amz-checksum-" // of the only trailers that S3 knows
	hSecurityToken = "x-amz-security-token"
	hDate          = "x-amz-date"

	fContentSHA256 = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, " +
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value."
)

// readPayload decides the payload mode. The signed header must name the mode. A query may repeat it or name a plain
// hash, but may not start a framing.
func (s *Signed) readPayload(r *http.Request, h headerSet, auth authParams) error {
	declared, inHeader := h.get(hContentSHA256), h.has(hContentSHA256)
	if q, ok := auth.contentSHA256, auth.hasContentSHA256; ok {
		if inHeader && q != declared {
			return invalidArgument("X-Amz-Content-Sha256 in the query and in the header do not agree.")
		}
		declared = q
	} else if !inHeader {
		switch {
		case !s.isS3():
			s.Payload = PayloadBuffered
			return s.readLengths(r, h)
		case s.Presigned:
			s.Payload, s.ContentSHA256 = PayloadUnsigned, unsignedPayload
			return s.readLengths(r, h)
		}
		return fault.New(fault.Invalid, fault.Header, "Missing required header for this request: x-amz-content-sha256")
	}
	s.ContentSHA256 = declared
	switch declared {
	case unsignedPayload:
		s.Payload = PayloadUnsigned
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
		s.Payload = PayloadChunks
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
		s.Payload = PayloadChunksTrailer
	case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
		s.Payload = PayloadUnsignedChunks
	default:
		if _, err := hex.DecodeString(declared); err != nil || len(declared) != 64 {
			return invalidArgument(fContentSHA256)
		}
		s.Payload = PayloadHashed
	}
	if s.Payload != PayloadHashed && !s.isS3() {
		return invalidArgument("x-amz-content-sha256 must be a valid sha256 value for the service %s.", s.Service)
	}
	if s.Payload.Streaming() && (s.Presigned || !inHeader) {
		return invalidArgument("A presigned request cannot have a body in chunks.")
	}
	return s.readLengths(r, h)
}

func invalidArgument(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.Argument, format, args...).With("ArgumentName", hContentSHA256)
}

// readLengths reads what the headers announce about the body's length and trailer.
func (s *Signed) readLengths(r *http.Request, h headerSet) error {
	s.DecodedLength = r.ContentLength
	if h.has(hTrailer) && !s.Payload.hasTrailer() {
		return fault.New(fault.Invalid, fault.Header, "x-amz-trailer needs a -TRAILER value in x-amz-content-sha256.")
	}
	if !s.Payload.Streaming() {
		for _, v := range h["content-encoding"] {
			if hasToken(v, "aws-chunked") {
				return fault.New(fault.Invalid, fault.Header,
					"Content-Encoding aws-chunked needs a STREAMING- value in x-amz-content-sha256.")
			}
		}
		return nil
	}
	s.DecodedLength = -1
	if v := h.get(hDecodedLength); h.has(hDecodedLength) {
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil || strings.TrimLeft(v, "0123456789") != "" {
			return fault.New(fault.Invalid, fault.Header, "x-amz-decoded-content-length must be a number of bytes.")
		}
		s.DecodedLength = int64(n)
	} else if s.Payload != PayloadUnsignedChunks {
		return fault.New(fault.Invalid, fault.ContentLength, "You must provide the Content-Length HTTP header.")
	}
	if s.DecodedLength >= 0 && r.ContentLength >= 0 && s.DecodedLength > r.ContentLength {
		return fault.New(fault.Incomplete, fault.Body, "x-amz-decoded-content-length is larger than the body.")
	}
	if !h.has(hTrailer) {
		return nil
	}
	for name := range strings.SplitSeq(h.get(hTrailer), ",") {
		name = lower(strings.Trim(name, " \t"))
		if !strings.HasPrefix(name, checksumPrefix) || hasName(s.trailerNames, name) {
			return fault.New(fault.Invalid, fault.Header, "The value specified in the x-amz-trailer header is not supported")
		}
		s.trailerNames = append(s.trailerNames, name)
	}
	return nil
}

func hasName(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func hasToken(list, token string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.Trim(t, " \t"), token) {
			return true
		}
	}
	return false
}
