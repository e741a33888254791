package upstream

import (
	"io"
	"net/http"
)

// Body is the content of an object or a part on its way in. Reader returns io.EOF only after every signature, hash,
// announced length and authorisation of the body was checked: see the package's comment.
type Body struct {
	io.Reader
	Length    int64    // bytes of content, without framing; negative: unknown
	Announced []string // names of the trailers that come with the body, such as x-amz-checksum-crc32, in any case
	// Waits says that the client sends nothing before it is asked for the body, which the first Read does (Expect:
	// 100-continue). An upstream that asks its store the same way lets the client see a refusal before it sends.
	Waits bool
	// Trailers are the trailers, once Reader gave io.EOF. nil: there are none.
	Trailers func() http.Header
}

// Trailer returns the body's trailers. They are valid after io.EOF, and nil if there are none.
func (b *Body) Trailer() http.Header {
	if b.Trailers == nil {
		return nil
	}
	return b.Trailers()
}
