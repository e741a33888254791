package awswire

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"strings"

	"github.com/minio/crc64nvme"

	"latchkey/internal/fault"
)

// ReadBody reads a request's whole body. A body of more than limit bytes is fault.TooLarge; if the announced length
// exceeds the limit, nothing is read. A body shorter than announced is fault.Incomplete. A fault of the reader
// itself, such as a wrong signature, is returned unchanged.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, fault.New(fault.TooLarge, fault.Body, "")
	}
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(min(r.ContentLength, 64<<10)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(io.LimitReader(r.Body, limit+1))
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return nil, err
		}
		return nil, fault.New(fault.Incomplete, fault.Body, "").Because(err)
	}
	if int64(b.Len()) > limit {
		return nil, fault.New(fault.TooLarge, fault.Body, "")
	}
	return b.Bytes(), nil
}

// checksums are the x-amz-checksum- headers that this package can check. It refuses the xxhash ones, which the newest
// SDKs can send, because accepting a checksum without checking it would be worse than refusing it.
var checksums = map[string]func() hash.Hash{
	"crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"crc64nvme": func() hash.Hash { return crc64nvme.New() },
	"sha1":      sha1.New,
	"sha256":    sha256.New,
	"sha512":    sha512.New,
	"md5":       md5.New,
}

const checksumPrefix = "X-Amz-Checksum-"

// CheckBody compares a buffered body, which may be empty, with Content-MD5 and every x-amz-checksum- header of the
// request. It ignores a header that is a member of the operation's input, because such a header describes an object,
// not the body. If the operation requires a checksum, the request may lack one only if its body is empty or covered
// by the signature (x-amz-content-sha256).
func CheckBody(op *Operation, h http.Header, body []byte) error {
	op.plans()
	found := false
	if list := h.Values("Content-Md5"); len(list) > 0 {
		found = true
		want, err := base64.StdEncoding.DecodeString(list[0])
		if err != nil || len(list) > 1 || len(want) != md5.Size {
			return fault.New(fault.Invalid, fault.ContentMD5, "")
		}
		if got := md5.Sum(body); !bytes.Equal(got[:], want) {
			return fault.New(fault.Invalid, fault.Digest, "")
		}
	}
	for name, list := range h {
		algorithm, ok := strings.CutPrefix(name, checksumPrefix)
		if !ok {
			continue
		}
		algorithm = strings.ToLower(algorithm)
		if algorithm == "mode" || algorithm == "type" || algorithm == "algorithm" || op.headerMember(name) != nil {
			continue
		}
		found = true
		if err := checkSum(algorithm, list, body); err != nil {
			return err
		}
	}
	if op.ChecksumRequired && !found && len(body) > 0 && len(h.Get("X-Amz-Content-Sha256")) != 2*sha256.Size {
		return fault.New(fault.Invalid, fault.Header,
			"Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	return nil
}

func checkSum(algorithm string, list []string, body []byte) error {
	newHash := checksums[algorithm]
	if newHash == nil {
		return fault.New(fault.Invalid, fault.Header, "The checksum algorithm %s is not supported.", algorithm)
	}
	sum := newHash()
	want, err := base64.StdEncoding.DecodeString(list[0])
	if err != nil || len(list) > 1 || len(want) != sum.Size() {
		return fault.New(fault.Invalid, fault.Header, "Value for x-amz-checksum-%s header is invalid.", algorithm)
	}
	sum.Write(body)
	if !bytes.Equal(sum.Sum(nil), want) {
		return fault.New(fault.Invalid, fault.Checksum,
			"The %s you specified did not match the calculated checksum.", strings.ToUpper(algorithm))
	}
	return nil
}

// NewChecksum returns the hash of the x-amz-checksum- header of an algorithm, such as crc32, or nil if this package
// cannot check it.
func NewChecksum(algorithm string) hash.Hash {
	if newHash := checksums[algorithm]; newHash != nil {
		return newHash()
	}
	return nil
}
