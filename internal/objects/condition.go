package objects

import (
	"strings"
	"time"

	"latchkey/internal/fault"
)

// Conditions are those of a conditional request; a zero member is no condition.
type Conditions struct {
	IfMatch           string // an entity tag, a list of them, or *
	IfNoneMatch       string
	IfModifiedSince   time.Time
	IfUnmodifiedSince time.Time
}

// checkRead checks the conditions of a read with the precedence of RFC 9110, section 13.2.2: If-Match over
// If-Unmodified-Since, then If-None-Match over If-Modified-Since.
func (c Conditions) checkRead(o Object) error {
	if c.IfMatch != "" {
		if !matches(c.IfMatch, o.ETag) {
			return preconditionFailed("If-Match")
		}
	} else if !c.IfUnmodifiedSince.IsZero() && o.Modified.After(c.IfUnmodifiedSince) {
		return preconditionFailed("If-Unmodified-Since")
	}
	if c.IfNoneMatch != "" {
		if matches(c.IfNoneMatch, o.ETag) {
			return notModified(o)
		}
	} else if !c.IfModifiedSince.IsZero() && !o.Modified.After(c.IfModifiedSince) {
		return notModified(o)
	}
	return nil
}

// checkSource checks the conditions of a copy's source. They are those of a read, but each one that is not met fails
// the copy.
func (c Conditions) checkSource(o Object) error {
	err := c.checkRead(o)
	if err == nil {
		return nil
	}
	if fault.KindOf(err) != fault.NotModified {
		return preconditionFailed("x-amz-copy-source-" + fault.Of(err).Fields["Condition"])
	}
	if c.IfNoneMatch != "" {
		return preconditionFailed("x-amz-copy-source-If-None-Match")
	}
	return preconditionFailed("x-amz-copy-source-If-Modified-Since")
}

// checkWritable refuses a condition that S3 does not serve on writes: If-None-Match with anything but *.
func (c Conditions) checkWritable() error {
	if c.IfNoneMatch != "" && c.IfNoneMatch != "*" {
		return notServed("If-None-Match")
	}
	return nil
}

// checkWrite checks the conditions of a write against the object that the key has.
func (c Conditions) checkWrite(old Object, exists bool, key string) error {
	if c.IfNoneMatch != "" && exists {
		return preconditionFailed("If-None-Match")
	}
	if c.IfMatch != "" {
		if !exists {
			return noKey(key)
		}
		if !matches(c.IfMatch, old.ETag) {
			return preconditionFailed("If-Match")
		}
	}
	return nil
}

// notModified is a 304 with its two headers, the entity tag and the time. It has no checksum, because some clients fail
// on one.
func notModified(o Object) error {
	return fault.New(fault.NotModified, fault.Object, "Not Modified").
		With("ETag", `"`+o.ETag+`"`).With("Last-Modified", o.Modified.UTC().Format(httpTime))
}

const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

// matches compares a tag with a list of entity tags; S3 takes them with and without quotes.
func matches(list, etag string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || trimTag(tag) == etag {
			return true
		}
	}
	return false
}

// trimTag takes the quotes off an entity tag.
func trimTag(tag string) string {
	tag = strings.TrimPrefix(tag, "W/")
	if len(tag) >= 2 && tag[0] == '"' && tag[len(tag)-1] == '"' {
		tag = tag[1 : len(tag)-1]
	}
	return tag
}
