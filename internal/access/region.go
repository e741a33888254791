package access

import "strings"

// maxRegion is the longest name of a region, in bytes.
const maxRegion = 32

// IsRegion reports whether a name can be a region's: 1 to 32 lower-case letters, digits and hyphens. The name becomes a
// part of ARNs that policies are asked about: a region with a colon in it could pass for another account's resource. It
// also comes back in answers and stands in records.
func IsRegion(s string) bool {
	return s != "" && len(s) <= maxRegion && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
