package objects

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"strings"

	"github.com/minio/crc64nvme"

	"latchkey/internal/fault"
)

// Algorithm is a checksum algorithm by S3's name for it. The zero value is none.
type Algorithm string

// The algorithms that this store computes. S3 knows more; those are refused.
const (
	CRC32     Algorithm = "CRC32"
	CRC32C    Algorithm = "CRC32C"
	CRC64NVME Algorithm = "CRC64NVME"
	SHA1      Algorithm = "SHA1"
	SHA256    Algorithm = "SHA256"
)

// Header is the name of the header, or trailer, that carries a checksum of this algorithm.
func (a Algorithm) Header() string { return "x-amz-checksum-" + strings.ToLower(string(a)) }

func (a Algorithm) known() bool { return a.size() != 0 }

// size is the length of a checksum in bytes, 0 for an algorithm that is not served.
func (a Algorithm) size() int {
	switch a {
	case CRC32, CRC32C:
		return 4
	case CRC64NVME:
		return 8
	case SHA1:
		return sha1.Size
	case SHA256:
		return sha256.Size
	}
	return 0
}

func (a Algorithm) new() hash.Hash {
	switch a {
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case CRC64NVME:
		return crc64nvme.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	}
	panic("objects: a hash of an algorithm that is not served: " + string(a))
}

// ChecksumType says what a checksum of a multipart object covers.
type ChecksumType string

// The checksum types of S3.
const (
	Composite  ChecksumType = "COMPOSITE"   // the parts' checksums, checksummed
	FullObject ChecksumType = "FULL_OBJECT" // the object's bytes
)

// multipartType decides the type of an upload's checksum as S3 does: CRC64NVME covers the object, the
// hashes cover the parts, and the two 32-bit CRCs cover the parts unless the client asks otherwise.
func (a Algorithm) multipartType(asked ChecksumType) (ChecksumType, error) {
	var allowed []ChecksumType
	switch a {
	case CRC64NVME:
		allowed = []ChecksumType{FullObject}
	case CRC32, CRC32C:
		allowed = []ChecksumType{Composite, FullObject}
	default:
		allowed = []ChecksumType{Composite}
	}
	if asked == "" {
		return allowed[0], nil
	}
	for _, t := range allowed {
		if t == asked {
			return t, nil
		}
	}
	return "", invalidRequest("The %s checksum type cannot be used with the %s checksum algorithm.", asked,
		strings.ToLower(string(a)))
}

// Checksum is a checksum as clients see it. The zero value is none.
type Checksum struct {
	Algorithm Algorithm
	Type      ChecksumType
	Value     string // base64; a composite one ends in "-" and the number of parts
}

// parseSum reads the base64 text of a checksum.
func parseSum(a Algorithm, value string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil || !a.known() || len(raw) != a.size() {
		return nil, invalidRequest("Value for %s header is invalid.", a.Header())
	}
	return raw, nil
}

func badChecksum(a Algorithm) error {
	return fault.New(fault.Invalid, fault.Checksum, "The %s you specified did not match the calculated checksum.", a)
}

func badDigest() error {
	return fault.New(fault.Invalid, fault.Digest, "The Content-MD5 you specified did not match what we received.")
}

// combine computes the checksum of two neighbouring runs of bytes from their own checksums. lenB is the length of the
// second run in bytes. Only CRCs can be combined.
func (a Algorithm) combine(sumA, sumB []byte, lenB int64) []byte {
	var poly uint64
	width := 8 * a.size()
	switch a {
	case CRC32:
		poly = crc32.IEEE
	case CRC32C:
		poly = crc32.Castagnoli
	case CRC64NVME:
		poly = 0x9a6c9329ac4bc9b5
	default:
		panic("objects: not a CRC: " + string(a))
	}
	crc := mulMod(poly, width, powX(poly, width, 8*uint64(lenB)), bigEndian(sumA)) ^ bigEndian(sumB)
	out := make([]byte, a.size())
	for i := range out {
		out[len(out)-1-i] = byte(crc >> (8 * i))
	}
	return out
}

func bigEndian(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// mulMod multiplies two polynomials over GF(2) modulo poly, all bit-reflected: the highest bit of width
// is the coefficient of x^0.
func mulMod(poly uint64, width int, a, b uint64) (product uint64) {
	for m := uint64(1) << (width - 1); m != 0; m >>= 1 {
		if a&m != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= poly
		}
	}
	return product
}

// powX is x^n modulo poly, bit-reflected.
func powX(poly uint64, width int, n uint64) uint64 {
	result := uint64(1) << (width - 1) // x^0
	square := uint64(1) << (width - 2) // x^1
	for ; n != 0; n >>= 1 {
		if n&1 != 0 {
			result = mulMod(poly, width, square, result)
		}
		square = mulMod(poly, width, square, square)
	}
	return result
}
