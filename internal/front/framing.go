package front

import (
	"net/http"
	"slices"

	"latchkey/internal/fault"
)

// This file has what concerns HTTP itself, for every front: what the framing of a request may be, and what a header of
// an answer may hold.

// wellFramed refuses a request that announces trailers. The trailers that S3 knows lie inside of the body of an upload
// (aws-chunked) and are announced by x-amz-trailer. Fields that come after the body in any other way would have no
// effect, and a client must not believe that they have one.
func wellFramed(r *http.Request) error {
	if len(r.Trailer) > 0 {
		return fault.New(fault.Invalid, fault.Header, "Trailers of the transfer coding are not supported; see x-amz-trailer.")
	}
	return nil
}

// clean replaces control characters in the values of an answer's headers by spaces, as net/http does with line breaks
// only. Header values come from objects, too: what was stored by other means than this server's may have any bytes.
func clean(h http.Header) {
	for name, values := range h {
		for i, v := range values {
			if at := firstControl(v); at >= 0 {
				b := []byte(v)
				for j := at; j < len(b); j++ {
					if isControl(b[j]) {
						b[j] = ' '
					}
				}
				values = slices.Clone(values) // it may be shared
				values[i] = string(b)
				h[name] = values
			}
		}
	}
}

func firstControl(s string) int {
	for i := range len(s) {
		if isControl(s[i]) {
			return i
		}
	}
	return -1
}

// isControl reports whether a byte must not be in the value of a header (RFC 9110, 5.5).
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }
