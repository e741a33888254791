package objects

import (
	"io"
	"strings"
)

// sums are the checksum members of an input or an output, one for each algorithm that is served.
type sums struct{ crc32, crc32c, crc64nvme, sha1, sha256 *string }

// of puts a checksum into its member.
func (s *sums) of(c Checksum) {
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
	s.of(c)
	return s, optional(string(c.Type))
}

// one is the checksum that the members state; more than one is refused.
func (s sums) one() (c Checksum, err error) {
	for a, v := range map[Algorithm]*string{CRC32: s.crc32, CRC32C: s.crc32c, CRC64NVME: s.crc64nvme, SHA1: s.sha1, SHA256: s.sha256} {
		if v == nil {
			continue
		}
		if c.Algorithm != "" {
			return Checksum{}, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		c = Checksum{Algorithm: a, Value: *v}
	}
	return c, nil
}

// wireBody is how PutObject and UploadPart bring their content.
type wireBody struct {
	body      io.ReadCloser
	length    *int64
	md5       *string
	algorithm *string // x-amz-sdk-checksum-algorithm
	sums      sums
}

func (w wireBody) open(c Caller) (b Body, err error) {
	b = Body{Reader: w.body, Length: -1, ContentMD5: text(w.md5)}
	if w.body == nil {
		b.Reader = strings.NewReader("")
	}
	if w.length != nil {
		b.Length = *w.length
	}
	if sized, ok := w.body.(interface{ Length() int64 }); ok {
		b.Length = sized.Length()
	}
	if b.Sum, err = w.sums.one(); err != nil {
		return b, err
	}
	for name := range strings.SplitSeq(c.Trailer, ",") {
		name, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(name)), "x-amz-checksum-")
		if !ok {
			continue
		}
		if b.Sum.Algorithm != "" {
			return b, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		b.Sum.Algorithm, b.Trailing = Algorithm(strings.ToUpper(name)), true
	}
	if asked := Algorithm(text(w.algorithm)); asked != "" && asked != b.Sum.Algorithm {
		if b.Sum.Algorithm == "" {
			return b, invalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
		}
		return b, invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.")
	}
	return b, nil
}
