package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/fault"
)

// amzPrefix begins the names of all headers that mean something to AWS. (Headers like x-amzn-trace-id have another
// prefix.)
const amzPrefix = "x-amz-"

// singleHeaders are the headers, besides x-amz-*, that may occur only once: a second one would give the request two
// readings.
var singleHeaders = [...]string{"authorization", "content-md5", "content-type", "date"}

// A headerSet is the headers of a request by their lower-case names. It includes Host, Content-Length and
// Transfer-Encoding, which net/http keeps elsewhere.
type headerSet map[string][]string

func collectHeaders(r *http.Request) (headerSet, error) {
	h := make(headerSet, len(r.Header)+2)
	total := 0
	for name, values := range r.Header {
		name = lower(name)
		if _, twice := h[name]; twice || name == "host" && len(values) > 0 {
			return nil, fault.New(fault.Invalid, fault.Header, "The header %s is present more than once.", name)
		}
		if len(values) > 1 && (strings.HasPrefix(name, amzPrefix) || slices.Contains(singleHeaders[:], name)) {
			return nil, fault.New(fault.Invalid, fault.Header, "The header %s is present more than once.", name)
		}
		total += len(name)
		for _, v := range values {
			total += len(v)
		}
		h[name] = values
	}
	if total > maxHeaderBytes {
		return nil, fault.New(fault.TooLarge, fault.Header, "Your request header section exceeds the maximum allowed size.")
	}
	if r.Host == "" {
		return nil, fault.New(fault.Invalid, fault.Host, "The request has no Host header.")
	}
	h["host"] = []string{r.Host}
	if _, ok := h["content-length"]; !ok && r.ContentLength >= 0 {
		h["content-length"] = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	if len(r.TransferEncoding) > 0 {
		h["transfer-encoding"] = r.TransferEncoding
	}
	return h, nil
}

// get is the single value of a header, or "".
func (h headerSet) get(name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (h headerSet) has(name string) bool { return len(h[name]) > 0 }

// lower is strings.ToLower for header names, which are ASCII.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' || c >= 0x80 {
			return strings.ToLower(s)
		}
	}
	return s
}

// parseSignedHeaders reads the list of signed names. The names must be in lower case and ascending, not empty and not
// repeated, and must include host.
func parseSignedHeaders(list string, malformed func(format string, args ...any) error) ([]string, error) {
	if strings.Count(list, ";") >= maxSignedHeaders {
		return nil, malformed("SignedHeaders names too many headers")
	}
	names := strings.Split(list, ";")
	for i, n := range names {
		if n == "" {
			return nil, malformed("SignedHeaders has an empty name")
		}
		for j := range len(n) {
			if c := n[j]; !(unreserved(c) && (c < 'A' || c > 'Z') || strings.IndexByte("!#$%&'*+^`|", c) >= 0) {
				return nil, malformed("SignedHeaders must be lower-case header names separated by ';'")
			}
		}
		if i > 0 && n <= names[i-1] {
			return nil, malformed("SignedHeaders must be in ascending order, each name once")
		}
	}
	if _, ok := slices.BinarySearch(names, "host"); !ok {
		return nil, malformed("SignedHeaders must contain host")
	}
	return names, nil
}

// checkSigned refuses unsigned headers that mean something to AWS, and signed headers that are hop-by-hop or absent.
func checkSigned(h headerSet, signed []string) error {
	var unsigned []string
	for name := range h {
		if strings.HasPrefix(name, amzPrefix) || name == "content-md5" {
			if _, ok := slices.BinarySearch(signed, name); !ok {
				unsigned = append(unsigned, name)
			}
		}
	}
	if len(unsigned) > 0 {
		slices.Sort(unsigned)
		return fault.New(fault.Denied, fault.Header, "There were headers present in the request which were not signed").
			With("HeadersNotSigned", strings.Join(unsigned, ", "))
	}
	for _, name := range signed {
		if !h.has(name) {
			return fault.New(fault.Unauthenticated, fault.Signature,
				"The request signature we calculated does not match the signature you provided: "+
					"the signed header %s is not in the request.", name)
		}
	}
	for _, v := range h["connection"] {
		for token := range strings.SplitSeq(v, ",") {
			token = lower(strings.Trim(token, " \t"))
			_, isSigned := slices.BinarySearch(signed, token)
			if isSigned || strings.HasPrefix(token, amzPrefix) || token == "authorization" {
				return fault.New(fault.Invalid, fault.Header, "The Connection header may not name the header %s.", token)
			}
		}
	}
	return nil
}

// appendCanonicalHeaders appends one line for each signed header, then the empty line and the list of names.
func appendCanonicalHeaders(dst []byte, h headerSet, signed []string) []byte {
	for _, name := range signed {
		dst = append(dst, name...)
		dst = append(dst, ':')
		for i, v := range h[name] {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendFolded(dst, v)
		}
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	for i, name := range signed {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, name...)
	}
	return append(dst, '\n')
}

// appendFolded appends v without white space at its ends. Each run of white space inside becomes one space. Almost
// all values have that form already.
func appendFolded(dst []byte, v string) []byte {
	v = strings.Trim(v, white)
	if !strings.ContainsAny(v, white[1:]) && !strings.Contains(v, "  ") {
		return append(dst, v...)
	}
	space := false
	for i := range len(v) {
		if strings.IndexByte(white, v[i]) >= 0 {
			space = true
			continue
		}
		if space {
			dst = append(dst, ' ')
		}
		space = false
		dst = append(dst, v[i])
	}
	return dst
}

const white = " \t\n\r\v\f"
