package upstream

import (
	"strconv"
	"unicode/utf8"

	"latchkey/internal/fault"
)

// MaxKeyLength is the longest key in bytes (S3 user guide, "Naming Amazon S3 objects").
const MaxKeyLength = 1024

// CheckKey refuses a text that is not a key. Every other byte string is one, and is never changed.
func CheckKey(key string) error {
	switch {
	case key == "":
		return fault.New(fault.Invalid, fault.Argument, "The object key must not be empty.").
			With("ArgumentName", "Key").With("ArgumentValue", key)
	case len(key) > MaxKeyLength:
		return fault.New(fault.TooLarge, fault.Key, "Your key is too long").
			With("Size", strconv.Itoa(len(key))).With("MaxSizeAllowed", strconv.Itoa(MaxKeyLength))
	case !utf8.ValidString(key):
		return fault.New(fault.Invalid, fault.Key, "The object key is not valid UTF-8.")
	}
	return nil
}
