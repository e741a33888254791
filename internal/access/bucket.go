package access

import (
	"net/netip"
	"strings"
)

var (
	bucketReservedStarts = [...]string{"xn--", "sthree-"}
	bucketReservedEnds   = [...]string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

// CheckBucket refuses names that S3 refuses for a general purpose bucket: 3 to 63 characters, lower-case
// letters, digits, dots and hyphens, letter or digit at both ends, no two dots together, no IPv4 address,
// none of the reserved beginnings and endings (S3 user guide, bucket naming rules).
func CheckBucket(name string) error {
	if validBucket(name) {
		return nil
	}
	return refuse(BadBucket, "The specified bucket is not valid.")
}

func validBucket(name string) bool {
	if len(name) < 3 || len(name) > 63 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		inner := i > 0 && i < len(name)-1
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == '-' && inner:
		case c == '.' && inner && name[i-1] != '.':
		default:
			return false
		}
	}
	for _, s := range bucketReservedStarts {
		if strings.HasPrefix(name, s) {
			return false
		}
	}
	for _, s := range bucketReservedEnds {
		if strings.HasSuffix(name, s) {
			return false
		}
	}
	if name[0] <= '9' { // only such a name can look like an address
		if _, err := netip.ParseAddr(name); err == nil {
			return false
		}
	}
	return true
}
