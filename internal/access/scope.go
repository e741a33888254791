package access

import (
	"strings"
	"unicode/utf8"
)

// MaxScope is the length limit of scopes, targets and sub prefixes, in characters (model, S3Prefix).
const MaxScope = 2000

const scheme = "s3://"

// Scope is a set of keys in one bucket: one exact key, or all keys with a common prefix. Scopes are
// comparable with ==, which compares them as they were written. The zero Scope contains nothing and is
// contained in nothing.
type Scope struct {
	text  string
	slash uint16 // where the name of the bucket ends in text
	wild  bool
}

// ParseScope reads a scope of the form s3://bucket, s3://bucket/key or s3://bucket/prefix*.
func ParseScope(s string) (Scope, error) { return parseScope(s, BadScope, "S3Prefix") }

// ParseTarget reads the target of a request for data. Beyond what ParseScope refuses, it refuses wildcard targets
// with a "." or ".." segment, such as s3://b/allowed/../denied/*, because AWS does (measured: InvalidRequest). An
// exact key with such a segment is taken literally, as S3 does.
func ParseTarget(s string) (Scope, error) {
	t, err := parseScope(s, BadTarget, "Target")
	if err != nil {
		return Scope{}, err
	}
	if t.wild && traverses(t.Key()) {
		return Scope{}, refuse(BadTarget, "Target must not contain relative path segments before a wildcard")
	}
	return t, nil
}

func parseScope(s string, p Problem, name string) (Scope, error) {
	if err := checkText(s, p, name); err != nil {
		return Scope{}, err
	}
	rest, ok := strings.CutPrefix(s, scheme)
	if !ok {
		return Scope{}, refuse(p, "%s must start with s3://", name)
	}
	bucket, key, slash := strings.Cut(rest, "/")
	if !validBucket(bucket) {
		return Scope{}, refuse(p, "%s must name a valid bucket after s3://", name)
	}
	wild := slash && strings.HasSuffix(key, "*")
	if strings.ContainsAny(strings.TrimSuffix(key, "*"), "*?") {
		return Scope{}, refuse(p, "%s may contain a wildcard only as its last character, and only *", name)
	}
	return Scope{text: s, slash: uint16(len(scheme) + len(bucket)), wild: wild}, nil
}

// checkText refuses what the model's pattern ^.+$ of 1 to 2000 characters refuses, what XML cannot represent, and
// what is not valid UTF-8.
func checkText(s string, p Problem, name string) error {
	if s == "" {
		return refuse(p, "%s must not be empty", name)
	}
	if len(s) > MaxScope && utf8.RuneCountInString(s) > MaxScope {
		return refuse(p, "%s must not be longer than %d characters", name, MaxScope)
	}
	for i, r := range s {
		bad := false
		switch {
		case r == utf8.RuneError:
			_, size := utf8.DecodeRuneInString(s[i:])
			bad = size == 1
		case r < 0x20:
			bad = r != '\t'
		case r == 0x7f, r == 0x85, r == 0x2028, r == 0x2029, r == 0xfffe, r == 0xffff:
			bad = true
		}
		if bad {
			return refuse(p, "%s contains a character that is not allowed", name)
		}
	}
	return nil
}

// traverses reports whether a segment of the key is "." or "..".
func traverses(key string) bool {
	for seg := range strings.SplitSeq(key, "/") {
		if seg == ".." {
			return true
		}
	}
	// A "." at the end is only the beginning of a segment: s3://b/.* means the dot files, and s3://b/./* does not.
	return strings.HasPrefix(key, "./") || strings.Contains(key, "/./")
}

// String is the scope exactly as it was written.
func (s Scope) String() string { return s.text }

// IsZero reports whether s is the zero Scope.
func (s Scope) IsZero() bool { return s.text == "" }

// Bucket is the name of the bucket.
func (s Scope) Bucket() string {
	if s.text == "" {
		return ""
	}
	return s.text[len(scheme):s.slash]
}

// Key is the key, or the prefix without its asterisk. It is empty for a whole bucket and for a scope
// that names a bucket only.
func (s Scope) Key() string {
	if len(s.text) <= int(s.slash) {
		return ""
	}
	end := len(s.text)
	if s.wild {
		end--
	}
	return s.text[s.slash+1 : end]
}

// Wildcard reports whether the scope ends in an asterisk.
func (s Scope) Wildcard() bool { return s.wild }

// Contains reports whether every key of t is in s. The target s3://b stands for the root of the bucket, so s3://b/*
// contains it. AWS's plugin for boto3 requests that target before it lists a bucket.
func (s Scope) Contains(t Scope) bool {
	if s.text == "" || t.text == "" || s.Bucket() != t.Bucket() {
		return false
	}
	if s.wild {
		return strings.HasPrefix(t.Key(), s.Key())
	}
	return !t.wild && s.Key() == t.Key()
}

// ContainsKey reports whether the key of the bucket is in s. The key may be any key that a client sent: an asterisk
// in it is an ordinary character.
func (s Scope) ContainsKey(bucket, key string) bool {
	if s.text == "" || s.Bucket() != bucket {
		return false
	}
	if s.wild {
		return strings.HasPrefix(key, s.Key())
	}
	return key == s.Key()
}

// ContainsPrefix reports whether every key of the bucket that starts with prefix is in s. A listing touches those
// keys.
func (s Scope) ContainsPrefix(bucket, prefix string) bool {
	return s.text != "" && s.wild && s.Bucket() == bucket && strings.HasPrefix(prefix, s.Key())
}
