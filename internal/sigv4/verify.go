package sigv4

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/fault"
)

// writeCanonical writes the canonical request without its last line, the payload hash.
func (s *Signed) writeCanonical(r *http.Request, h headerSet) {
	size := 256 + 2*(len(s.Path)+len(r.URL.RawQuery))
	for _, name := range s.SignedHeaders {
		size += 2*len(name) + 3
		for _, v := range h[name] {
			size += len(v)
		}
	}
	b := make([]byte, 0, size)
	b = append(b, r.Method...)
	b = append(b, '\n')
	if s.isS3() {
		s.Path = canonicalS3Path(s.Path)
		b = append(b, s.Path...)
	} else {
		b = append(b, canonicalPath(s.Path)...)
	}
	b = append(b, '\n')
	skip := ""
	if s.Presigned {
		skip = qSignature
	}
	b = appendCanonicalQuery(b, s.Query, skip)
	b = append(b, '\n')
	s.canonical = appendCanonicalHeaders(b, h, s.SignedHeaders)
}

// Verify checks the request's time against now and its signature against the secret of its access key. Its faults are
// Expired/RequestTime for a time too far from now, Expired/Signature for a presigned URL before or after its time,
// Unauthenticated/Signature for a signature that does not match, with what the server signed as fields, and
// Invalid/PayloadHash for an empty body that contradicts its hash.
//
// In mode PayloadBuffered Verify reads the whole body first and leaves a copy of it in the request. A body of more
// than Options.MaxBuffered bytes is TooLarge/Body.
func (s *Signed) Verify(secret string, now time.Time) error {
	s.verified = false
	if err := s.checkTime(now); err != nil {
		return err
	}
	if s.Payload == PayloadBuffered {
		if err := s.bufferBody(); err != nil {
			return err
		}
	}
	canonical := append(s.canonical, s.ContentSHA256...) // s.canonical keeps its length
	toSign := s.stringToSign(canonical)
	id := cacheID(secret, s.date[:8], s.Region, s.Service)
	key, ok := s.options.Keys.get(id)
	if !ok {
		key = deriveKey(secret, s.date[:8], s.Region, s.Service)
	}
	mac := hmacSHA256(key[:], toSign)
	var want [2 * sha256.Size]byte
	hex.Encode(want[:], mac[:])
	if secret == "" || subtle.ConstantTimeCompare(want[:], []byte(s.signature)) != 1 {
		return s.mismatch(canonical, toSign)
	}
	s.options.Keys.put(id, key)
	if s.Payload == PayloadHashed && s.request.ContentLength == 0 && s.ContentSHA256 != emptySHA256 {
		return payloadMismatch(s.ContentSHA256, emptySHA256)
	}
	s.key, s.verified = key, true
	return nil
}

func (s *Signed) stringToSign(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	b := make([]byte, 0, 256)
	b = append(b, algorithm+"\n"...)
	b = append(b, s.date...)
	b = append(b, '\n')
	b = append(b, s.scope...)
	b = append(b, '\n')
	b = hex.AppendEncode(b, sum[:])
	return string(b)
}

// checkTime needs no secret. A request out of its time is refused before anything is computed for it.
func (s *Signed) checkTime(now time.Time) error {
	const field = "2006-01-02T15:04:05Z"
	now = now.UTC()
	ahead, behind := s.Time.Sub(now) > s.options.MaxSkew, now.Sub(s.Time) > s.options.MaxSkew
	if s.Presigned {
		if ahead {
			return fault.New(fault.Expired, fault.Signature, "Request is not yet valid").With("ServerTime", now.Format(field))
		}
		if end := s.Time.Add(s.Expires); now.After(end) {
			return fault.New(fault.Expired, fault.Signature, "Request has expired").
				With("X-Amz-Expires", strconv.Itoa(int(s.Expires/time.Second))).
				With("Expires", end.Format(field)).With("ServerTime", now.Format(field))
		}
		return nil
	}
	if ahead || behind {
		return fault.New(fault.Expired, fault.RequestTime,
			"The difference between the request time and the current time is too large.").
			With("RequestTime", s.date).With("ServerTime", now.Format(field)).
			With("MaxAllowedSkewMilliseconds", strconv.FormatInt(s.options.MaxSkew.Milliseconds(), 10))
	}
	return nil
}

func (s *Signed) bufferBody() error {
	body := s.request.Body
	if body == nil {
		body = http.NoBody
	}
	limit := s.options.MaxBuffered
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if err != nil {
		return incomplete(err)
	}
	if int64(len(data)) > limit {
		return fault.New(fault.TooLarge, fault.Body, "The body of the request is larger than %d bytes.", limit)
	}
	sum := sha256.Sum256(data)
	s.ContentSHA256 = hex.EncodeToString(sum[:])
	s.DecodedLength = int64(len(data))
	s.request.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(data), body}
	return nil
}

// mismatch tells the client what the server signed, as S3 does, so that the client's author can find the difference.
// It leaves out values that give access (tokens, customer keys), because people copy errors into logs and tickets.
func (s *Signed) mismatch(canonical []byte, toSign string) error {
	const limit = 16 << 10
	redacted := redact(string(canonical))
	if len(redacted) > limit {
		redacted = redacted[:limit]
	}
	return fault.New(fault.Unauthenticated, fault.Signature, "The request signature we calculated does not match the "+
		"signature you provided. Check your key and signing method.").
		With("AWSAccessKeyId", s.AccessKeyID).With("StringToSign", toSign).
		With("SignatureProvided", s.signature).With("CanonicalRequest", redacted)
}

// secretNames are the beginnings of the names of headers and query parameters whose values mismatch leaves out.
var secretNames = [...]string{"x-amz-security-token", "x-amz-server-side-encryption-customer-key",
	"x-amz-copy-source-server-side-encryption-customer-key"}

func redact(canonical string) string {
	lines := strings.SplitN(canonical, "\n", 4)
	if len(lines) != 4 {
		return ""
	}
	pairs := strings.Split(lines[2], "&")
	for i, p := range pairs {
		pairs[i] = redactPair(p, "=")
	}
	lines[2] = strings.Join(pairs, "&")
	headers := strings.Split(lines[3], "\n")
	for i, h := range headers {
		headers[i] = redactPair(h, ":")
	}
	lines[3] = strings.Join(headers, "\n")
	return strings.Join(lines, "\n")
}

func redactPair(pair, sep string) string {
	name, value, ok := strings.Cut(pair, sep)
	if !ok {
		return pair
	}
	for _, secret := range secretNames {
		if lower(name) == secret {
			return fmt.Sprintf("%s%s(%d bytes not shown)", name, sep, len(value))
		}
	}
	return pair
}

func payloadMismatch(claimed, computed string) error {
	return fault.New(fault.Invalid, fault.PayloadHash,
		"The provided 'x-amz-content-sha256' header does not match what was computed.").
		With("ClientComputedContentSHA256", claimed).With("S3ComputedContentSHA256", computed)
}

func incomplete(cause error) error {
	return fault.New(fault.Incomplete, fault.Body,
		"You did not provide the number of bytes specified by the Content-Length HTTP header").Because(cause)
}
