package awswire_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

func TestCheckBody(t *testing.T) {
	const hello = "hello"
	right := map[string]string{ // checksums of "hello"
		"Content-Md5":              "XUFAKrxLKna5cZ2REBfFkg==",
		"X-Amz-Checksum-Crc32":     "NhCmhg==",
		"X-Amz-Checksum-Crc32c":    "mnG7TA==",
		"X-Amz-Checksum-Crc64nvme": "M3eFcAZSQlc=",
		"X-Amz-Checksum-Sha1":      "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
		"X-Amz-Checksum-Sha256":    "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
	}
	check := func(body string, header ...string) error {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Add(header[i], header[i+1])
		}
		return awswire.CheckBody(s3control.CreateAccessGrant.Operation, h, []byte(body))
	}
	for name, sum := range right {
		entity := fault.Checksum
		unreadable := fault.Header
		if name == "Content-Md5" {
			entity, unreadable = fault.Digest, fault.ContentMD5
		}
		t.Run(name+" that is right passes", func(t *testing.T) {
			if err := check(hello, name, sum); err != nil {
				t.Error(err)
			}
		})
		t.Run(name+" that is wrong is refused", func(t *testing.T) {
			if err := check("hellp", name, sum); !fault.Is(err, fault.Invalid, entity) {
				t.Error(err)
			}
		})
		t.Run(name+" that cannot be read is refused", func(t *testing.T) {
			for _, bad := range []string{"", "?", sum[1:], "AAAA" + sum} {
				if err := check(hello, name, bad); !fault.Is(err, fault.Invalid, unreadable) {
					t.Errorf("%q: %v", bad, err)
				}
			}
		})
		t.Run(name+" twice is refused", func(t *testing.T) {
			if err := check(hello, name, sum, name, sum); !fault.Is(err, fault.Invalid, unreadable) {
				t.Error(err)
			}
		})
	}
	t.Run("two of which one is wrong are refused", func(t *testing.T) {
		err := check(hello, "Content-Md5", right["Content-Md5"], "X-Amz-Checksum-Crc32", "AAAAAA==")
		if !fault.Is(err, fault.Invalid, fault.Checksum) {
			t.Error(err)
		}
	})
	t.Run("checksum of no body passes", func(t *testing.T) {
		for _, h := range [][]string{{"X-Amz-Checksum-Crc32", "AAAAAA=="}, {"Content-Md5", "1B2M2Y8AsgTpgAmY7PhCfg=="}, nil} {
			if err := awswire.CheckBody(s3control.GetDataAccess.Operation, headers(h), nil); err != nil {
				t.Errorf("%v: %v", h, err)
			}
		}
	})
	t.Run("unknown algorithm is refused", func(t *testing.T) {
		if err := check(hello, "X-Amz-Checksum-Xxhash64", "AAAAAAAAAAA="); !fault.Is(err, fault.Invalid, fault.Header) {
			t.Error(err)
		}
	})
	t.Run("missing where required is refused unless the signature covers the body", func(t *testing.T) {
		if err := check(hello); !fault.Is(err, fault.Invalid, fault.Header) {
			t.Error(err)
		}
		if err := check(hello, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"); !fault.Is(err, fault.Invalid, fault.Header) {
			t.Error(err)
		}
		if err := check(hello, "X-Amz-Content-Sha256", strings.Repeat("0", 64)); err != nil {
			t.Error(err)
		}
	})
	t.Run("checksum of an object is no checksum of the body", func(t *testing.T) {
		whole := headers([]string{"X-Amz-Checksum-Crc32", "AAAAAA==", "X-Amz-Checksum-Type", "FULL_OBJECT"})
		if err := awswire.CheckBody(s3.CompleteMultipartUpload.Operation, whole, []byte(hello)); err != nil {
			t.Error(err)
		}
	})
	t.Run("checksum of a delete list is one of the body", func(t *testing.T) {
		other := headers([]string{"X-Amz-Checksum-Crc32", "AAAAAA=="})
		err := awswire.CheckBody(s3.DeleteObjects.Operation, other, []byte(hello))
		if !fault.Is(err, fault.Invalid, fault.Checksum) {
			t.Error(err)
		}
	})
}

func headers(list []string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(list); i += 2 {
		h.Add(list[i], list[i+1])
	}
	return h
}

func TestReadBody(t *testing.T) {
	request := func(body io.Reader, length int64) *http.Request {
		r := httptest.NewRequest("POST", "/", body)
		r.ContentLength = length
		return r
	}
	t.Run("body of the limit is read", func(t *testing.T) {
		for _, length := range []int64{5, -1} {
			if b, err := awswire.ReadBody(request(strings.NewReader("hello"), length), 5); err != nil || string(b) != "hello" {
				t.Errorf("read %q, %v", b, err)
			}
		}
	})
	t.Run("body over the limit is refused, announced or not", func(t *testing.T) {
		for _, length := range []int64{6, -1, 3} {
			b, err := awswire.ReadBody(request(strings.NewReader("hello!"), length), 5)
			if !fault.Is(err, fault.TooLarge, fault.Body) {
				t.Errorf("read %q, %v", b, err)
			}
		}
	})
	t.Run("body announced over the limit is not read", func(t *testing.T) {
		b, err := awswire.ReadBody(request(broken{io.ErrUnexpectedEOF}, 10), 5)
		if !fault.Is(err, fault.TooLarge, fault.Body) {
			t.Errorf("read %q, %v", b, err)
		}
	})
	t.Run("body cut short is incomplete", func(t *testing.T) {
		b, err := awswire.ReadBody(request(broken{io.ErrUnexpectedEOF}, 10), 50)
		if !fault.Is(err, fault.Incomplete, fault.Body) {
			t.Errorf("read %q, %v", b, err)
		}
	})
	t.Run("fault of the reader comes through", func(t *testing.T) {
		want := fault.New(fault.Denied, fault.Chunk, "")
		if _, err := awswire.ReadBody(request(broken{want}, 10), 50); !errors.Is(err, want) {
			t.Error(err)
		}
	})
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
