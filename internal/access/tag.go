package access

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTags is how many tags a resource may have.
const MaxTags = 50

// Tag is a name and a value on an instance, a location or a grant.
type Tag struct{ Key, Value string }

// CheckTags refuses the tags that AWS refuses. The problems are distinct because their error codes are. TooManyTags
// means more than MaxTags. ReservedTag means a key that begins with aws: in any case of letters. BadTag means a
// repeated key, an empty or overlong key, an overlong value, or a character outside letters, spaces, numbers and
// _.:/=+-@.
func CheckTags(tags []Tag) error {
	if len(tags) > MaxTags {
		return refuse(TooManyTags, "The number of tags exceeds the limit of %d tags", MaxTags)
	}
	seen := make(map[string]bool, len(tags))
	for _, t := range tags {
		if len(t.Key) >= 4 && strings.EqualFold(t.Key[:4], "aws:") {
			return refuse(ReservedTag, "Tag keys must not begin with aws:, which is reserved")
		}
		if t.Key == "" || !tagText(t.Key, 128) {
			return refuse(BadTag, "The tag key is not valid")
		}
		if !tagText(t.Value, 256) {
			return refuse(BadTag, "The tag value is not valid")
		}
		if seen[t.Key] {
			return refuse(BadTag, "The same tag key was given more than once")
		}
		seen[t.Key] = true
	}
	return nil
}

// MergeTags is the list of tags after TagResource added some to a resource. A tag with a key that the resource has
// replaces its value; other tags come at the end. MergeTags refuses what CheckTags refuses, both of add and of the
// result.
func MergeTags(have, add []Tag) ([]Tag, error) {
	if err := CheckTags(add); err != nil {
		return nil, err
	}
	out := append([]Tag(nil), have...)
next:
	for _, t := range add {
		for i := range out {
			if out[i].Key == t.Key {
				out[i].Value = t.Value
				continue next
			}
		}
		out = append(out, t)
	}
	if err := CheckTags(out); err != nil {
		return nil, err
	}
	return out, nil
}

func tagText(s string, limit int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Z, r) && !strings.ContainsRune("_.:/=+-@", r) {
			return false
		}
	}
	return true
}
