package remote_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/remote"
	"latchkey/internal/upstream"
)

// stores are the kinds of stores that bodies are broken off in front of.
var stores = map[string]func(testing.TB) site{"Latchkey": latchkey, "versitygw": versitygw}

// impatient are limits that end tests soon.
var impatient = remote.Limits{
	Idle: 300 * time.Millisecond, Answer: 400 * time.Millisecond, Work: time.Second, Continue: 100 * time.Millisecond,
	MaxFailures: 1000,
}

const objectSize = 3 << 20

// breaks are what may happen in the middle of the bytes of one direction.
func breaks(at int64) map[string]func(to, from net.Conn) {
	return map[string]func(to, from net.Conn){
		"truncated":   truncated(at),
		"reset":       reset(at),
		"half-closed": halfClosed(at),
		"stalled":     stalled(at),
	}
}

// TestABrokenDownloadIsNoSuccess breaks the store's answer in the middle of an object. The gateway's client must see a
// failure, not a short object.
func TestABrokenDownloadIsNoSuccess(t *testing.T) {
	r, behind := relayTo(t, latchkey(t))
	o := behind.options(t)
	o.Limits = impatient
	f := inFront(t, open(t, o))
	want := content(1, objectSize)
	put(t, f.store, "lake", "k", want)
	for what, how := range breaks(objectSize / 2) {
		t.Run(what, func(t *testing.T) {
			r.set(f.store, faults{down: how})
			if status, body, err := f.do(http.MethodGet, "/lake/k", nil, nil); err == nil {
				t.Errorf("%d with %d bytes", status, len(body))
			}
			r.set(f.store, faults{})
			if status, body, err := f.do(http.MethodGet, "/lake/k", nil, nil); err != nil || body != string(want) {
				t.Errorf("afterwards: %d with %d bytes, %v", status, len(body), err)
			}
		})
	}
}

// TestABrokenUploadLeavesNothing breaks the way to the store in the middle of an object. The call fails, and the object
// that was there stays.
func TestABrokenUploadLeavesNothing(t *testing.T) {
	for name, start := range stores {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			r, behind := relayTo(t, s)
			o := behind.options(t)
			o.Limits = impatient
			u := open(t, o)
			lake, old := bucket(t, u, "lake"), content(9, 5000)
			put(t, u, lake, "k", old)
			for what, how := range breaks(objectSize / 2) {
				if what == "truncated" || what == "half-closed" {
					continue // see TestATruncatingProxy
				}
				r.set(u, faults{up: how})
				_, err := direct(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: &lake, Key: new("k")},
					bodyOf(content(1, objectSize)))
				if fault.KindOf(err) != fault.Unavailable && fault.KindOf(err) != fault.Incomplete {
					t.Errorf("%s: %v", what, err)
				}
				r.set(u, faults{})
				has(t, u, lake, "k", old)
			}
		})
	}
}

// TestATruncatingProxy has a proxy that ends the connection to the store in order, in the middle of an object.
// versitygw takes that for the end of the object, unless the object is framed.
func TestATruncatingProxy(t *testing.T) {
	for name, start := range stores {
		t.Run(name, func(t *testing.T) {
			r, behind := relayTo(t, start(t))
			o := behind.options(t)
			o.Limits, o.Frame = impatient, !o.Flat
			u := open(t, o)
			lake, old := bucket(t, u, "lake"), content(9, 5000)
			put(t, u, lake, "k", old)
			for what, how := range map[string]func(to, from net.Conn){
				"truncated": truncated(objectSize / 2), "half-closed": halfClosed(objectSize / 2),
			} {
				r.set(u, faults{up: how})
				_, err := direct(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: &lake, Key: new("k")},
					bodyOf(content(1, objectSize)))
				if fault.KindOf(err) != fault.Unavailable && fault.KindOf(err) != fault.Incomplete {
					t.Errorf("%s: %v", what, err)
				}
				r.set(u, faults{})
				has(t, u, lake, "k", old)
			}
			put(t, u, lake, "k", content(1, objectSize))
			has(t, u, lake, "k", content(1, objectSize))
		})
	}
}

// TestAClientThatGoesLeavesNothing ends the gateway's client in the middle of its upload.
func TestAClientThatGoesLeavesNothing(t *testing.T) {
	for name, start := range stores {
		t.Run(name, func(t *testing.T) {
			f := inFront(t, open(t, start(t).options(t)))
			old := content(9, 5000)
			put(t, f.store, "lake", "k", old)
			for _, length := range []int64{1000, 70_000, objectSize} {
				ctx, cancel := context.WithCancel(t.Context())
				half := io.MultiReader(bytes.NewReader(content(1, int(length/2))), waiting{ctx, cancel})
				req, err := http.NewRequestWithContext(ctx, http.MethodPut, f.url+"/lake/k", half)
				if err != nil {
					t.Fatal(err)
				}
				req.ContentLength = length
				if resp, err := f.http.Do(f.sign(req, "UNSIGNED-PAYLOAD")); err == nil {
					t.Errorf("%d bytes: %d", length, resp.StatusCode)
				}
				has(t, f.store, "lake", "k", old)
			}
			f.settle()
			has(t, f.store, "lake", "k", old)
		})
	}
}

// waiting ends a request once its bytes were taken.
type waiting struct {
	ctx    context.Context
	cancel func()
}

func (w waiting) Read([]byte) (int, error) {
	w.cancel()
	<-w.ctx.Done()
	return 0, w.ctx.Err()
}

// settle waits until the gateway has no request under way.
func (f *front) settle() {
	f.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		_, page, err := f.do(http.MethodGet, "/lake?list-type=2", nil, nil)
		if err == nil && strings.Contains(page, "<KeyCount>1</KeyCount>") {
			return
		}
		if time.Now().After(deadline) {
			f.Fatalf("%s %v", page, err)
		}
	}
}

func crc(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)))
}

// TestCorruptedBytesAreNoticed changes one byte of an object on its way to the store, and of one on its way back. The
// client's checksum must reach the store, and the store's the client.
func TestCorruptedBytesAreNoticed(t *testing.T) {
	for name, start := range stores {
		t.Run(name, func(t *testing.T) {
			r, behind := relayTo(t, start(t))
			u := open(t, behind.options(t))
			lake, old, b := bucket(t, u, "lake"), content(9, 5000), content(1, objectSize)
			put(t, u, lake, "k", old)
			trailing := bodyOf(b)
			trailing.Announced = []string{"X-Amz-Checksum-Crc32"}
			trailing.Trailers = func() http.Header { return http.Header{"X-Amz-Checksum-Crc32": {crc(b)}} }
			for what, c := range map[string]struct {
				in   s3.PutObjectRequest
				body *upstream.Body
			}{
				"a checksum before the body": {s3.PutObjectRequest{ChecksumCRC32: new(crc(b))}, bodyOf(b)},
				"a checksum behind the body": {s3.PutObjectRequest{}, trailing},
			} {
				r.set(u, faults{up: corrupted(objectSize / 2)})
				c.in.Bucket, c.in.Key = &lake, new("k")
				if _, err := direct(t, u, s3.PutObject, &c.in, c.body); !fault.Is(err, fault.Invalid, fault.Checksum) {
					t.Errorf("%s: %v", what, err)
				}
				r.set(u, faults{})
				has(t, u, lake, "k", old)
			}
			must(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: &lake, Key: new("k"), ChecksumCRC32: new(crc(b))}, bodyOf(b))
			r.set(u, faults{down: corrupted(objectSize / 2)})
			out := must(t, u, s3.GetObject,
				&s3.GetObjectRequest{Bucket: &lake, Key: new("k"), ChecksumMode: new("ENABLED")}, nil)
			got, err := io.ReadAll(out.Body)
			_ = out.Body.Close()
			if err != nil || out.ChecksumCRC32 == nil || *out.ChecksumCRC32 != crc(b) || crc(got) == crc(b) {
				t.Errorf("%v, the checksum is %v", err, out.ChecksumCRC32)
			}
			r.set(u, faults{})
		})
	}
}

// TestASlowStoreIsWaitedFor has a store that is slow but never stands still.
func TestASlowStoreIsWaitedFor(t *testing.T) {
	r, behind := relayTo(t, latchkey(t))
	o := behind.options(t)
	o.Limits = remote.Limits{Idle: 2 * time.Second}
	u := open(t, o)
	lake, b := bucket(t, u, "lake"), content(1, 40_000)
	r.set(u, faults{up: slow(5000, 10*time.Millisecond), down: slow(5000, 10*time.Millisecond)})
	put(t, u, lake, "k", b)
	has(t, u, lake, "k", b)
}

// TestAStoreThatDoesNotAnswer takes the request and says nothing.
func TestAStoreThatDoesNotAnswer(t *testing.T) {
	r, behind := relayTo(t, latchkey(t))
	o := behind.options(t)
	o.Limits = impatient
	u := open(t, o)
	lake := bucket(t, u, "lake")
	put(t, u, lake, "k", nil)
	for _, at := range []int64{0, 100} { // bytes of the answer
		r.set(u, faults{down: stalled(at)})
		_, err := direct(t, u, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: &lake}, nil)
		unanswered(t, fmt.Sprint("a listing, ", at), err)
		_, err = direct(t, u, s3.GetObject, &s3.GetObjectRequest{Bucket: &lake, Key: new("k")}, nil)
		unanswered(t, fmt.Sprint("an object, ", at), err)
		_, err = direct(t, u, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: &lake, Key: new("none")}, nil)
		unanswered(t, fmt.Sprint("a deletion, ", at), err)
		_, err = direct(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: &lake, Key: new("new")}, bodyOf(content(1, 10)))
		unanswered(t, fmt.Sprint("a write, ", at), err)
	}
}

// TestAStoreThatTakesNoMore stops to read in the middle of an object that is larger than what the kernel keeps.
func TestAStoreThatTakesNoMore(t *testing.T) {
	r, behind := relayTo(t, latchkey(t))
	o := behind.options(t)
	o.Limits = remote.Limits{Idle: 300 * time.Millisecond}
	u := open(t, o)
	lake := bucket(t, u, "lake")
	r.set(u, faults{up: stalled(100_000)})
	_, err := direct(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: &lake, Key: new("k")},
		&upstream.Body{Reader: io.LimitReader(zeros{}, 64<<20), Length: 64 << 20})
	unanswered(t, "a write", err)
}

// unanswered fails unless a call failed because the store does not answer, and says when to try again.
func unanswered(t testing.TB, what string, err error) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Unavailable || f.Entity != fault.Upstream || f.Fields["Retry-After"] == "" {
		t.Errorf("%s: %v", what, err)
	}
}
