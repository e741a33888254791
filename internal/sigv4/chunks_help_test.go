package sigv4

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// A framing writes a body in chunks as the specification describes it.
type framing struct {
	mode    string // of x-amz-content-sha256
	chunks  []string
	trailer [][2]string // name, value
	minio   bool        // as minio-go ends the trailer: LF, then an empty line before its signature
	decoded string      // x-amz-decoded-content-length; "": the right one; "-": no header
	names   string      // x-amz-trailer; "": the names of trailer; "-": no header
}

const (
	signedChunks   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedTrailer  = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	unsignedChunks = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

func (f framing) content() string { return strings.Join(f.chunks, "") }

// request is the signed request without its body. The body comes later, because the first chunk signature is chained
// to the request's.
func (f framing) request(t testing.TB) *http.Request {
	t.Helper()
	r := request(t, "PUT", "http://s3.example.org/bucket/key", "",
		"X-Amz-Content-Sha256", f.mode, "Content-Encoding", "aws-chunked")
	if f.decoded != "-" {
		r.Header.Set("X-Amz-Decoded-Content-Length", cmpOr(f.decoded, strconv.Itoa(len(f.content()))))
	}
	var names []string
	for _, l := range f.trailer {
		names = append(names, l[0])
	}
	if n := cmpOr(f.names, strings.Join(names, ",")); n != "" && n != "-" {
		r.Header.Set("X-Amz-Trailer", n)
	}
	r = signer{}.header(t, r)
	r.ContentLength = -1 // as in a request with Transfer-Encoding: chunked
	r.Header.Del("Content-Length")
	return r
}

func (f framing) body(seed string) string {
	key := deriveKey(testSecret, "20260501", "us-east-1", "s3")
	previous := seed
	chain := func(kind, extra, data string) string {
		mac := hmacSHA256(key[:], kind+"\n"+testDate+"\n"+testScope+"\n"+previous+"\n"+extra+hexSum(data))
		previous = hex.EncodeToString(mac[:])
		return previous
	}
	head := func(data string) string {
		if f.mode == unsignedChunks {
			return fmt.Sprintf("%x\r\n", len(data))
		}
		return fmt.Sprintf("%x;chunk-signature=%s\r\n", len(data), chain("AWS4-HMAC-SHA256-PAYLOAD", hexSum("")+"\n", data))
	}
	var b strings.Builder
	for _, c := range f.chunks {
		b.WriteString(head(c) + c + "\r\n")
	}
	b.WriteString(head(""))
	if f.mode == signedChunks {
		return b.String() + "\r\n"
	}
	lines := ""
	for _, l := range f.trailer {
		lines += l[0] + ":" + l[1] + "\n"
	}
	end := "\r\n"
	if f.mode == signedTrailer {
		end = "x-amz-trailer-signature:" + chain("AWS4-HMAC-SHA256-TRAILER", "", lines) + "\r\n\r\n"
	}
	if f.minio {
		if f.mode == signedTrailer {
			end = "\r\n" + end
		}
		return b.String() + lines + end
	}
	return b.String() + strings.ReplaceAll(lines, "\n", "\r\n") + end
}

// send verifies a request with the body that change makes of the right one, and returns its Body.
func (f framing) send(t testing.TB, o BodyOptions, change func(body string) string) (*Signed, *Body) {
	t.Helper()
	s := mustVerify(t, f.request(t))
	body := f.body(s.signature)
	if change != nil {
		body = change(body)
	}
	setBody(s, body)
	return s, s.Body(o)
}
