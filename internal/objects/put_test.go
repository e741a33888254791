package objects

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"latchkey/internal/fault"
)

// trailed is a body with trailers, as the gateway's reader returns it.
type trailed struct {
	io.Reader
	trailer http.Header
}

func (t trailed) Trailer() http.Header { return t.trailer }

func sumOf(a Algorithm, content []byte) string {
	h := a.new()
	h.Write(content)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func TestPutChecksWhatTheClientSays(t *testing.T) {
	content := pattern(3 * maxInline) // in a blob, so that a leftover would be seen
	right := md5.Sum(content)
	md5Right := base64.StdEncoding.EncodeToString(right[:])
	md5Wrong := base64.StdEncoding.EncodeToString(make([]byte, 16))
	type want struct {
		kind   fault.Kind
		entity fault.Entity
	}
	taken := want{}
	mismatch, invalid := want{fault.Invalid, fault.Checksum}, want{fault.Invalid, fault.Request}
	tests := []struct {
		name string
		body func(*Body)
		want want
	}{
		{"taken without anything said", func(b *Body) {}, taken},
		{"taken without a length", func(b *Body) { b.Length = -1 }, taken},
		{"taken with the right Content-MD5", func(b *Body) { b.ContentMD5 = md5Right }, taken},
		{"refused with another Content-MD5", func(b *Body) { b.ContentMD5 = md5Wrong }, want{fault.Invalid, fault.Digest}},
		{"refused with a Content-MD5 that is none", func(b *Body) {
			b.ContentMD5 = "x"
		}, want{fault.Invalid, fault.ContentMD5}},
		{"refused with a short Content-MD5", func(b *Body) { b.ContentMD5 = "AAAA" }, want{fault.Invalid, fault.ContentMD5}},
		{"refused when shorter than announced", func(b *Body) { b.Length++ }, want{fault.Incomplete, fault.Body}},
		{"refused when longer than announced", func(b *Body) { b.Length-- }, want{fault.Incomplete, fault.Body}},
		{"refused when the connection breaks", func(b *Body) {
			b.Reader = io.MultiReader(b.Reader, iotestErr{io.ErrUnexpectedEOF})
		}, want{fault.Incomplete, fault.Body}},
		{"refused when the connection breaks in the first bytes", func(b *Body) {
			b.Reader, b.Length = iotestErr{io.ErrUnexpectedEOF}, -1
		}, want{fault.Incomplete, fault.Body}},
		{"refused as the gateway's reader says", func(b *Body) {
			b.Reader = io.MultiReader(b.Reader, iotestErr{fault.New(fault.Invalid, fault.PayloadHash, "")})
		}, want{fault.Invalid, fault.PayloadHash}},
		{"refused when announced too large", func(b *Body) {
			b.Length = MaxPutSize + 1
		}, want{fault.TooLarge, fault.ObjectSize}},
		{"refused with an algorithm that is not served", func(b *Body) {
			b.Sum.Algorithm = "MD5"
		}, want{fault.Unsupported, fault.Header}},
		{"refused without the trailer that was announced", func(b *Body) {
			b.Sum.Algorithm, b.Trailing = CRC32, true
		}, want{fault.Malformed, fault.Header}},
		{"refused with another trailer than announced", func(b *Body) {
			b.Sum.Algorithm, b.Trailing = CRC32, true
			b.Reader = trailed{b.Reader, http.Header{"X-Amz-Checksum-Crc32c": {sumOf(CRC32C, content)}}}
		}, want{fault.Malformed, fault.Header}},
	}
	for _, a := range algorithms {
		tests = append(tests, []struct {
			name string
			body func(*Body)
			want want
		}{
			{"taken with the right " + string(a), func(b *Body) {
				b.Sum = Checksum{Algorithm: a, Value: sumOf(a, content)}
			}, taken},
			{"refused with another " + string(a), func(b *Body) {
				b.Sum = Checksum{Algorithm: a, Value: sumOf(a, nil)}
			}, mismatch},
			{"refused with a text that is no " + string(a), func(b *Body) {
				b.Sum = Checksum{Algorithm: a, Value: "AAA="}
			}, invalid},
			{"taken with the right trailer " + string(a), func(b *Body) {
				b.Sum.Algorithm, b.Trailing = a, true
				b.Reader = trailed{b.Reader, http.Header{http.CanonicalHeaderKey(a.Header()): {sumOf(a, content)}}}
			}, taken},
			{"refused with another trailer " + string(a), func(b *Body) {
				b.Sum.Algorithm, b.Trailing = a, true
				b.Reader = trailed{b.Reader, http.Header{a.Header(): {sumOf(a, nil)}}}
			}, mismatch},
		}...)
	}
	s := openStore(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := bodyOf(content)
			tt.body(&body)
			o, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Body: body})
			if tt.want == taken {
				if err != nil {
					t.Fatal(err)
				}
				if o.Checksum.Value != sumOf(o.Checksum.Algorithm, content) || o.Checksum.Type != FullObject {
					t.Errorf("checksum %+v", o.Checksum)
				}
				if err := s.Delete(t.Context(), "b", Delete{Key: "k"}); err != nil {
					t.Fatal(err)
				}
			} else {
				wantFault(t, err, tt.want.kind, tt.want.entity)
			}
			if _, err := s.Head(t.Context(), Get{Bucket: "b", Key: "k"}); !fault.Is(err, fault.NotFound, fault.Key) {
				t.Errorf("the key has something: %v", err)
			}
			if files := blobFiles(t, s); len(files) != 0 {
				t.Errorf("blobs are left: %v", files)
			}
		})
	}
}

type iotestErr struct{ err error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.err }

func TestPutReplaces(t *testing.T) {
	s := openStore(t)
	for _, size := range []int{100, 2 * bufferSize, 10, 3 * bufferSize, 0} {
		want := pattern(size)
		put(t, s, "k", string(want))
		if got, _ := get(t, s, Get{Key: "k"}); !bytes.Equal(got, want) {
			t.Fatalf("%d bytes read, want %d", len(got), size)
		}
	}
	if files := blobFiles(t, s); len(files) != 0 {
		t.Errorf("blobs of replaced objects are left: %v", files)
	}
}

func TestPutRefuses(t *testing.T) {
	s := openStore(t)
	long := strings.Repeat("v", MaxMetadataSize)
	tests := []struct {
		name   string
		put    Put
		kind   fault.Kind
		entity fault.Entity
	}{
		{"an unknown bucket", Put{Bucket: "none", Key: "k"}, fault.NotFound, fault.Bucket},
		{"an empty key", Put{Bucket: "b"}, fault.Invalid, fault.Argument},
		{"a key of 1025 bytes", Put{Bucket: "b", Key: strings.Repeat("k", 1025)}, fault.TooLarge, fault.Key},
		{"a key that is not UTF-8", Put{Bucket: "b", Key: "\xc0\xaf"}, fault.Invalid, fault.Key},
		{"too much metadata", Put{Bucket: "b", Key: "k", Headers: Headers{Metadata: map[string]string{"n": long}}},
			fault.TooLarge, fault.Metadata},
		{"metadata that is not UTF-8", Put{Bucket: "b", Key: "k", Headers: Headers{Metadata: map[string]string{"n": "\xff"}}},
			fault.Invalid, fault.Metadata},
		{"a header that is not UTF-8", Put{Bucket: "b", Key: "k", Headers: Headers{ContentType: "\xff"}}, fault.Invalid,
			fault.Header},
		{"If-None-Match with a tag", Put{Bucket: "b", Key: "k", If: Conditions{IfNoneMatch: `"x"`}}, fault.Unsupported,
			fault.Header},
		{"If-Match on a key without object", Put{Bucket: "b", Key: "k", If: Conditions{IfMatch: `"x"`}}, fault.NotFound,
			fault.Key},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.put.Body = bodyOf([]byte("x"))
			_, err := s.Put(t.Context(), tt.put)
			wantFault(t, err, tt.kind, tt.entity)
		})
	}
	fits := Headers{Metadata: map[string]string{"n": long[1:]}}
	if _, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Headers: fits, Body: bodyOf(nil)}); err != nil {
		t.Errorf("2 KiB of metadata were refused: %v", err)
	}
}

func TestConditionalPut(t *testing.T) {
	s := openStore(t)
	o := put(t, s, "k", "one")
	tests := []struct {
		name string
		cond Conditions
		ok   bool
	}{
		{"refused by If-None-Match: *", Conditions{IfNoneMatch: "*"}, false},
		{"refused by If-Match with another tag", Conditions{IfMatch: `"00"`}, false},
		{"taken by If-Match with the tag", Conditions{IfMatch: `"` + o.ETag + `"`}, true},
		{"taken by If-Match with the tag without quotes", Conditions{IfMatch: o.ETag}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Body: bodyOf([]byte("one")), If: tt.cond})
			if tt.ok && err != nil {
				t.Fatal(err)
			}
			if !tt.ok {
				wantFault(t, err, fault.Precondition, "")
			}
		})
	}
}

func TestOneWriterWins(t *testing.T) {
	s := openStore(t)
	for _, size := range []int{10, maxInline + 10} {
		var winners atomic.Int64
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				content := append(pattern(size), byte(i))
				_, err := s.Put(t.Context(),
					Put{Bucket: "b", Key: "won" + itoa(int64(size)), Body: bodyOf(content), If: Conditions{IfNoneMatch: "*"}})
				switch {
				case err == nil:
					winners.Add(1)
				case fault.KindOf(err) != fault.Precondition:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := winners.Load(); n != 1 {
			t.Errorf("%d writers with If-None-Match: * won, want 1", n)
		}
	}
}

// TestCounter counts with If-Match. No increment may be lost.
func TestCounter(t *testing.T) {
	s := openStore(t)
	put(t, s, "n", "")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for added := 0; added < 25; {
				have, c := get(t, s, Get{Key: "n"})
				_, err := s.Put(t.Context(),
					Put{Bucket: "b", Key: "n", Body: bodyOf(append(have, 'x')), If: Conditions{IfMatch: c.ETag}})
				switch {
				case err == nil:
					added++
				case fault.KindOf(err) != fault.Precondition:
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, _ := get(t, s, Get{Key: "n"}); len(got) != 100 {
		t.Errorf("%d of 100 increments are left", len(got))
	}
}

func TestAFullDiskIsTold(t *testing.T) {
	s := openStore(t)
	s.blobs.sync = func(*os.File) error { return syscall.ENOSPC }
	_, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Body: bodyOf(pattern(maxInline + 1))})
	wantFault(t, err, fault.LimitExceeded, fault.Storage)
	if files := blobFiles(t, s); len(files) != 0 {
		t.Errorf("blobs are left: %v", files)
	}
}

// TestABucketOfTheSameNameIsAnotherOne replaces the bucket before the body has come.
func TestABucketOfTheSameNameIsAnotherOne(t *testing.T) {
	s := openStore(t)
	for _, size := range []int{10, 2 * bufferSize} {
		body := io.MultiReader(bytes.NewReader(pattern(size)), readerFunc(func([]byte) (int, error) {
			if err := errors.Join(s.DeleteBucket(t.Context(), "b"), s.CreateBucket(t.Context(), "b")); err != nil {
				t.Error(err)
			}
			return 0, io.EOF
		}))
		_, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Body: Body{Reader: body, Length: -1}})
		wantFault(t, err, fault.NotFound, fault.Bucket)
	}
	if files := blobFiles(t, s); len(files) != 0 {
		t.Errorf("blobs are left: %v", files)
	}
}

// TestAnUncertainCommitKeepsTheBlob checks that a failed commit keeps the blob, because a restart may still find the
// commit in the log.
func TestAnUncertainCommitKeepsTheBlob(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.receive(bodyOf(pattern(maxInline+1)), CRC32)
	if err != nil {
		t.Fatal(err)
	}
	s.settle(p, storageFault(uncertain{syscall.EIO}))
	if n := len(blobFiles(t, s)); n != 1 {
		t.Errorf("%d blobs, want 1", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(blobFiles(t, openIn(t, dir))); n != 0 {
		t.Errorf("the next start left %d blobs", n)
	}
}

func TestFolderNamesAreLiteral(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c=d%20#é")
	s := openIn(t, dir)
	put(t, s, "k", string(pattern(maxInline+1)))
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the folder there are %v, %v", entries, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "objects.db")); err != nil {
		t.Error(err)
	}
}
