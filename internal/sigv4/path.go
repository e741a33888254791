package sigv4

import (
	"net/url"
	"strings"
)

// rawPath is the path as it came over the wire. A path whose two forms in u disagree is refused: whoever authorised
// one of them would serve the other.
func rawPath(u *url.URL) (string, error) {
	if u.Opaque != "" {
		return "", badURI()
	}
	p := u.RawPath
	if p == "" {
		p = u.EscapedPath()
	}
	if p == "" {
		return "/", nil
	}
	if p[0] != '/' {
		return "", badURI()
	}
	if plain, err := url.PathUnescape(p); err != nil || plain != u.Path {
		return "", badURI()
	}
	return p, nil
}

// canonicalS3Path gives a raw path its one spelling: each byte decoded and encoded again, "/" kept, an encoded
// slash kept encoded, nothing normalised. The raw path has been found well formed.
func canonicalS3Path(raw string) string {
	b := make([]byte, 0, len(raw)+16)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '/' {
			b = append(b, '/')
			continue
		}
		if c == '%' {
			c, _ = unhex2(raw[i+1:])
			i += 2
		}
		b = appendEscapedByte(b, c)
	}
	return string(b)
}

// canonicalPath is the rule of all services but S3: dot segments and doubled slashes are resolved, then the path as
// sent is encoded once more.
func canonicalPath(raw string) string {
	var segments []string
	for s := range strings.SplitSeq(raw, "/") {
		switch s {
		case "", ".":
		case "..":
			if len(segments) > 0 {
				segments = segments[:len(segments)-1]
			}
		default:
			segments = append(segments, s)
		}
	}
	b := make([]byte, 0, len(raw)+16)
	for _, s := range segments {
		b = append(b, '/')
		for i := range len(s) {
			b = appendEscapedByte(b, s[i])
		}
	}
	if len(b) == 0 || strings.HasSuffix(raw, "/") {
		b = append(b, '/')
	}
	return string(b)
}
