package gateway

import (
	"strings"

	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// maxSegment is the longest part of a path between two slashes, in bytes, that file systems keep (Linux, NAME_MAX).
const maxSegment = 255

// checkKeys refuses keys that an upstream which maps keys to paths would fold into other keys. In such a store a/../b
// would be b, and a scope on a/ would reach it; and secret/ would be secret, so that a scope on secret/ would reach an
// object beside it.
func checkKeys(traits upstream.Traits, keys ...*string) error {
	return checkSegments(traits, keys, func(key string) string { return key })
}

// checkPrefixes is checkKeys for prefixes and markers, with which keys begin. A slash at their end is the end of a
// segment, and not an empty one.
func checkPrefixes(traits upstream.Traits, prefixes ...*string) error {
	return checkSegments(traits, prefixes, func(prefix string) string { return strings.TrimSuffix(prefix, "/") })
}

// checkSegments checks what rest leaves of each text. Nothing is left of the empty text, which is no key.
func checkSegments(traits upstream.Traits, texts []*string, rest func(string) string) error {
	if traits.Flat {
		return nil
	}
	for _, t := range texts {
		if t == nil || *t == "" {
			continue
		}
		for s := range strings.SplitSeq(rest(*t), "/") {
			if s == "" || s == "." || s == ".." || len(s) > maxSegment || strings.Contains(s, "\x00") {
				return fault.New(fault.Unsupported, fault.Key,
					"The key %q has a path segment that this store does not keep apart", *t)
			}
		}
	}
	return nil
}
