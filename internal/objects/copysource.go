package objects

import (
	"net/url"
	"strings"

	"latchkey/internal/fault"
)

// ParseCopySource reads an x-amz-copy-source header: [/]bucket/key[?versionId=id], percent-encoded. It is
// the only reader of that header: who authorises a copy and who performs it must see the same key.
//
// The first question mark that is not encoded begins the version; nothing but versionId may follow it.
// What is before is decoded once, as a path ("+" is a plus), and split at its first slash. The key is
// literal from there on: no dot, slash or case is touched.
func ParseCopySource(header string) (bucket, key, versionID string, err error) {
	bad := fault.New(fault.Invalid, fault.CopySource,
		"Copy Source must mention the source bucket and key: sourcebucket/sourcekey").
		With("ArgumentName", "x-amz-copy-source").With("ArgumentValue", header)
	if strings.HasPrefix(header, "arn:") || strings.HasPrefix(header, "/arn:") {
		return "", "", "", fault.New(fault.Unsupported, fault.CopySource, "A copy source that is an access point is not implemented")
	}
	name, query, hasQuery := strings.Cut(header, "?")
	if hasQuery {
		raw, ok := strings.CutPrefix(query, "versionId=")
		if !ok || raw == "" || strings.ContainsAny(raw, "&?=;") {
			return "", "", "", bad
		}
		if versionID, err = url.PathUnescape(raw); err != nil {
			return "", "", "", bad.Because(err)
		}
	}
	decoded, err := url.PathUnescape(name)
	if err != nil {
		return "", "", "", bad.Because(err)
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(decoded, "/"), "/")
	if !ok || bucket == "" || key == "" {
		return "", "", "", bad
	}
	if err := checkKey(key); err != nil {
		return "", "", "", err
	}
	return bucket, key, versionID, nil
}
