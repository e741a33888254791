package sigv4

import (
	"net/url"
	"strings"
)

// rawPath is the path as it was sent. It refuses a path whose two forms in u disagree, because one part of the server
// could authorise one of them and another part serve the other.
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

// canonicalS3Path writes a raw path in its only spelling. It decodes and encodes each byte, keeps "/", keeps an
// encoded slash encoded, and normalises nothing. The raw path must be well formed.
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

// canonicalPath is the rule of all services except S3. It resolves dot segments and doubled slashes, and then encodes
// the path as sent once more.
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
