package access

import "strings"

// LocationScope is the scope of a location: s3:// (the default location), a bucket, or a prefix, with or without a
// trailing asterisk. Clients get it back as they wrote it. Two location scopes name the same location only if their
// texts are equal: s3://b, s3://b/ and s3://b/* may all be registered, each with a role of its own. AWS does not
// document this case. It does allow overlapping locations, and its lists filter by the text. The zero LocationScope
// is invalid.
type LocationScope struct{ text string }

// ParseLocationScope reads a location scope. It refuses the bucket wildcard s3://b*, because only the location s3://
// spans buckets.
func ParseLocationScope(s string) (LocationScope, error) {
	if s == scheme {
		return LocationScope{s}, nil
	}
	t, err := parseScope(s, BadLocation, "LocationScope")
	if err != nil {
		return LocationScope{}, err
	}
	if t.wild && traverses(t.Key()) {
		return LocationScope{}, refuse(BadLocation, "LocationScope must not contain relative path segments before a wildcard")
	}
	return LocationScope{s}, nil
}

// String is the location scope exactly as it was written.
func (l LocationScope) String() string { return l.text }

// IsZero reports whether l is the zero LocationScope.
func (l LocationScope) IsZero() bool { return l.text == "" }

// IsDefault reports whether l is s3://, whose location id is always DefaultLocationID.
func (l LocationScope) IsDefault() bool { return l.text == scheme }

// Bucket is the bucket of the location, empty for the default location.
func (l LocationScope) Bucket() string {
	b, _, _ := strings.Cut(strings.TrimPrefix(l.text, scheme), "/")
	return b
}

// Join joins a location scope and a sub prefix to the scope of a grant.
//
//   - A trailing asterisk of the location is dropped first.
//   - After the bucket stands exactly one separating slash, whether or not location and sub prefix bring
//     one; below a prefix the two are simply concatenated.
//   - A bucket without a sub prefix is the whole bucket, s3://b/*. So is a sub prefix of the default
//     location that names a bucket only.
//   - The default location demands a sub prefix, which begins with the bucket.
//   - object (S3PrefixType=Object) demands one exact key: no trailing asterisk or slash.
func Join(l LocationScope, sub string, object bool) (Scope, error) {
	if l.IsZero() {
		return Scope{}, refuse(BadGrant, "The access grant needs a location")
	}
	if sub != "" {
		if err := checkText(sub, BadGrant, "S3SubPrefix"); err != nil {
			return Scope{}, err
		}
	} else if l.IsDefault() {
		return Scope{}, refuse(BadGrant, "S3SubPrefix must name a bucket when the location is the default location s3://")
	}
	base := strings.TrimSuffix(l.text, "*")
	var text string
	switch {
	case l.IsDefault():
		text = base + sub
	case sub == "" && strings.HasSuffix(l.text, "*"):
		text = l.text
	case wholeBucket(base):
		text = strings.TrimSuffix(base, "/") + "/" + strings.TrimPrefix(sub, "/")
	default:
		text = base + sub
	}
	s, err := parseScope(text, BadGrant, "The scope of the access grant")
	if err != nil {
		return Scope{}, err
	}
	if s.Key() == "" && !s.wild {
		if s, err = parseScope(scheme+s.Bucket()+"/*", BadGrant, "The scope of the access grant"); err != nil {
			return Scope{}, err
		}
	}
	if object && (s.wild || strings.HasSuffix(s.text, "/")) {
		return Scope{}, refuse(BadGrant, "S3PrefixType Object needs a scope that does not end in * or /")
	}
	if s.wild && traverses(s.Key()) {
		return Scope{}, refuse(BadGrant,
			"The scope of the access grant must not contain relative path segments before a wildcard")
	}
	return s, nil
}

// wholeBucket reports whether text, without its asterisk, names a bucket and nothing below it.
func wholeBucket(text string) bool {
	_, key, _ := strings.Cut(strings.TrimPrefix(text, scheme), "/")
	return key == ""
}
