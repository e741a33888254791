package upstream

import (
	"net/url"
	"strings"

	"latchkey/internal/fault"
)

// CopySource is the object that a copy reads.
type CopySource struct {
	Bucket, Key string
	Version     string // empty: the current one
}

// ParseCopySource reads an x-amz-copy-source header: [/]bucket/key[?versionId=id], percent-encoded. It is the only
// reader of that header, so that the code that authorises a copy and the code that performs it see the same key.
//
// The first question mark that is not encoded begins the version. Only versionId may follow it. The text before it is
// decoded once, as a path ("+" is a plus), and split at its first slash. The key is literal from there on: no dot,
// slash or case is changed.
func ParseCopySource(header string) (CopySource, error) {
	bad := fault.New(fault.Invalid, fault.CopySource,
		"Copy Source must mention the source bucket and key: sourcebucket/sourcekey").
		With("ArgumentName", "x-amz-copy-source").With("ArgumentValue", header)
	if strings.HasPrefix(header, "arn:") || strings.HasPrefix(header, "/arn:") {
		return CopySource{}, fault.New(fault.Unsupported, fault.CopySource,
			"A copy source that is an access point is not implemented")
	}
	var from CopySource
	name, query, hasQuery := strings.Cut(header, "?")
	if hasQuery {
		raw, ok := strings.CutPrefix(query, "versionId=")
		if !ok || raw == "" || strings.ContainsAny(raw, "&?=;") {
			return CopySource{}, bad
		}
		version, err := url.PathUnescape(raw)
		if err != nil {
			return CopySource{}, bad.Because(err)
		}
		from.Version = version
	}
	decoded, err := url.PathUnescape(name)
	if err != nil {
		return CopySource{}, bad.Because(err)
	}
	var ok bool
	from.Bucket, from.Key, ok = strings.Cut(strings.TrimPrefix(decoded, "/"), "/")
	if !ok || from.Bucket == "" || from.Key == "" {
		return CopySource{}, bad
	}
	if err := CheckKey(from.Key); err != nil {
		return CopySource{}, err
	}
	return from, nil
}
