package principals

import (
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// Limits of tags (IAM user guide, "Tags for AWS Identity and Access Management resources").
const (
	maxTagKey   = 128
	maxTagValue = 256
)

// checkTags refuses tags that an IAM entity may not have. Keys that differ only in case are the same key.
func checkTags(tags []iam.Tag, limit int) error {
	if len(tags) > limit {
		return fault.New(fault.LimitExceeded, fault.Tags, "Cannot exceed quota for TagsPerResource: %d", limit)
	}
	for i, t := range tags {
		if t.Key == "" || utf8.RuneCountInString(t.Key) > maxTagKey || utf8.RuneCountInString(t.Value) > maxTagValue {
			return fault.New(fault.Invalid, fault.Tag, "A tag key must have 1 to %d characters and a tag value at most %d.",
				maxTagKey, maxTagValue)
		}
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return fault.New(fault.Invalid, fault.ReservedTag, "Tag keys that begin with aws: are reserved for system use.")
		}
		if tagAt(tags[:i], t.Key) >= 0 {
			return fault.New(fault.Invalid, fault.Tags,
				"Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
	}
	return nil
}

// addTags adds more to tags. A tag whose key exists already, in whatever case, is replaced.
func addTags(tags, more []iam.Tag, limit int) ([]iam.Tag, error) {
	if err := checkTags(more, limit); err != nil {
		return nil, err
	}
	tags = slices.Clone(tags)
	for _, t := range more {
		if i := tagAt(tags, t.Key); i >= 0 {
			tags[i] = t
		} else {
			tags = append(tags, t)
		}
	}
	return tags, checkTags(tags, limit)
}

// dropTags removes keys. Removing a key that is not there is not an error.
func dropTags(tags []iam.Tag, keys []string) []iam.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t iam.Tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, t.Key) })
	})
}

func tagAt(tags []iam.Tag, key string) int {
	return slices.IndexFunc(tags, func(t iam.Tag) bool { return strings.EqualFold(t.Key, key) })
}
