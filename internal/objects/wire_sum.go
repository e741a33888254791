package objects

import (
	"strings"

	"latchkey/internal/awswire"
	"latchkey/internal/upstream"
)

// sums are the checksum members of an input or an output, one for each algorithm that is served.
type sums struct{ crc32, crc32c, crc64nvme, sha1, sha256 *string }

// set puts a checksum into its member.
func (s *sums) set(c Checksum) {
	switch c.Algorithm {
	case CRC32:
		s.crc32 = &c.Value
	case CRC32C:
		s.crc32c = &c.Value
	case CRC64NVME:
		s.crc64nvme = &c.Value
	case SHA1:
		s.sha1 = &c.Value
	case SHA256:
		s.sha256 = &c.Value
	}
}

func sumsOf(c Checksum) (s sums, kind *string) {
	s.set(c)
	return s, awswire.Optional(string(c.Type))
}

// single is the checksum that the members state. More than one checksum is refused.
func (s sums) single() (c Checksum, err error) {
	for a, v := range map[Algorithm]*string{
		CRC32:     s.crc32,
		CRC32C:    s.crc32c,
		CRC64NVME: s.crc64nvme,
		SHA1:      s.sha1,
		SHA256:    s.sha256,
	} {
		if v == nil {
			continue
		}
		if c.Algorithm != "" {
			return Checksum{}, invalidRequest("Expecting a single x-amz-checksum- header. " +
				"Multiple checksum Types are not allowed.")
		}
		c = Checksum{Algorithm: a, Value: *v}
	}
	return c, nil
}

// wireBody is how PutObject and UploadPart bring their content.
type wireBody struct {
	body      *upstream.Body
	length    *int64 // counts for a body that is empty
	md5       *string
	algorithm *string // x-amz-sdk-checksum-algorithm
	sums      sums
}

func (w wireBody) open() (b Body, err error) {
	b = Body{Reader: strings.NewReader(""), Length: awswire.Value(w.length), ContentMD5: awswire.Value(w.md5)}
	var announced []string
	if w.body != nil {
		b.Reader, b.Length, announced = w.body, w.body.Length, w.body.Announced
	}
	if b.Sum, err = w.sums.single(); err != nil {
		return b, err
	}
	for _, name := range announced {
		name, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-checksum-")
		if !ok {
			continue
		}
		if b.Sum.Algorithm != "" {
			return b, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		b.Sum.Algorithm, b.Trailing = Algorithm(strings.ToUpper(name)), true
	}
	if asked := Algorithm(awswire.Value(w.algorithm)); asked != "" && asked != b.Sum.Algorithm {
		if b.Sum.Algorithm == "" {
			return b, invalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or " +
				"x-amz-trailer headers were found.")
		}
		return b, invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.")
	}
	return b, nil
}
