package remote

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/upstream"
)

// TestABodyIsSentOnce asks for the body of a request again, as net/http does when it lost a connection before it had
// sent anything. That is possible as long as nobody has read of it.
func TestABodyIsSentOnce(t *testing.T) {
	for _, announced := range [][]string{nil, {"x-amz-checksum-crc32"}} {
		trailers := func() http.Header { return http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}} }
		b := newSending(&upstream.Body{Reader: strings.NewReader("0123456789"), Announced: announced, Trailers: trailers}, 10)
		r, err := http.NewRequest(http.MethodPut, "http://a/", nil)
		if err != nil {
			t.Fatal(err)
		}
		in := reflect.ValueOf(s3.PutObjectRequest{})
		if _, err := b.attach(r, newShape(s3.PutObject.Operation), in); err != nil {
			t.Fatal(err)
		}
		first := r.Body
		again, err := r.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := first.Read(make([]byte, 1)); err == nil || n > 0 {
			t.Error("the first attempt still reads")
		}
		all, err := io.ReadAll(again)
		if err != nil || int64(len(all)) != r.ContentLength || !bytes.Contains(all, []byte("0123456789")) {
			t.Errorf("%q of %d, %v", all, r.ContentLength, err)
		}
		if _, err := r.GetBody(); err == nil {
			t.Error("a body that was read is given again")
		}
	}
}

func TestBuffers(t *testing.T) {
	for length, want := range map[int64]int{
		-1: 1 << 20, 0: 4 << 10, 1: 4 << 10, 4 << 10: 4 << 10, 4<<10 + 1: 8 << 10, 1 << 20: 1 << 20, 1 << 40: 1 << 20,
	} {
		for range 2 {
			b := buffers.get(length)
			if len(*b) != want {
				t.Errorf("%d bytes for %d", len(*b), length)
			}
			buffers.put(b)
		}
	}
}

// TestLargeBuffersAreFew asks for more large buffers than may be in use at once.
func TestLargeBuffersAreFew(t *testing.T) {
	var p pools
	var held []*[]byte
	sum := 0
	for range 1000 {
		b := p.get(maxBuffer)
		held = append(held, b)
		sum += len(*b)
	}
	if want := maxLarge + (1000-maxLarge/maxBuffer)*usualBuffer; sum != want {
		t.Errorf("%d bytes are in use, want %d", sum, want)
	}
	for _, b := range held {
		p.put(b)
	}
	if b := p.get(-1); len(*b) != maxBuffer || p.large.Load() != maxBuffer {
		t.Errorf("afterwards: %d bytes, %d in use", len(*b), p.large.Load())
	}
}
