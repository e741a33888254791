package sigv4

import (
	"net/http"
	"strings"
)

// target is what names a request: its method, host, path and query in the one spelling over which S3's signatures are
// made, and how its body is signed. No line feed can be in any of its parts.
func target(r *http.Request, path string, query []Param, contentSHA256 string) string {
	b := make([]byte, 0, 256+len(path)+len(r.URL.RawQuery))
	for _, part := range [...]string{r.Method, strings.ToLower(r.Host), canonicalS3Path(path)} {
		b = append(b, part...)
		b = append(b, '\n')
	}
	b = appendCanonicalQuery(b, query, "")
	b = append(b, '\n')
	return string(append(b, contentSHA256...))
}

// Target names the request that was signed, as TargetOf does. A presigned URL has its signature in its query, so it is
// never the target of a request that has its signature in a header.
func (s *Signed) Target() string {
	return target(s.request, s.Path, s.Query, s.ContentSHA256)
}

// TargetOf names an S3 request that is not signed yet, by everything that a signature says of it except headers. Equal
// requests in different spellings have the same name. contentSHA256 is the value that x-amz-content-sha256 will have.
func TargetOf(r *http.Request, contentSHA256 string) (string, error) {
	path, err := rawPath(r.URL)
	if err != nil {
		return "", err
	}
	query, err := ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", err
	}
	return target(r, path, query, contentSHA256), nil
}
