package access

import (
	"strings"
	"unicode/utf8"
)

// KeyTarget is the target of a request for one key of a bucket. Unlike ParseTarget, it takes any key that S3 has: an
// asterisk in it is an ordinary character. It refuses an empty key, one that is longer than a scope can be, and one
// with a NUL, which the index keeps for itself.
func KeyTarget(bucket, key string) (Scope, error) {
	if key == "" {
		return Scope{}, refuse(BadTarget, "Target must name a key")
	}
	return literal(bucket, key, false)
}

// PrefixTarget is the target of a request for all keys of a bucket that begin with prefix, whatever characters it has.
func PrefixTarget(bucket, prefix string) (Scope, error) { return literal(bucket, prefix+"*", true) }

func literal(bucket, key string, wild bool) (Scope, error) {
	if !validBucket(bucket) {
		return Scope{}, refuse(BadTarget, "Target must name a valid bucket after s3://")
	}
	if strings.IndexByte(key, 0) >= 0 {
		return Scope{}, refuse(BadTarget, "Target contains a character that is not allowed")
	}
	text := scheme + bucket + "/" + key
	if len(text) > MaxScope && utf8.RuneCountInString(text) > MaxScope {
		return Scope{}, refuse(BadTarget, "Target must not be longer than %d characters", MaxScope)
	}
	return Scope{text: text, slash: uint16(len(scheme) + len(bucket)), wild: wild}, nil
}
