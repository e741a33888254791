package objects

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/fault"
)

func TestRanges(t *testing.T) {
	tests := []struct {
		header         string
		size           int64
		offset, length int64
		whole, refused bool
	}{
		{header: "bytes=0-0", size: 10, length: 1},
		{header: "bytes=2-4", size: 10, offset: 2, length: 3},
		{header: "bytes=2-", size: 10, offset: 2, length: 8},
		{header: "bytes=-3", size: 10, offset: 7, length: 3},
		{header: "bytes=-30", size: 10, length: 10},
		{header: "bytes=2-30", size: 10, offset: 2, length: 8},
		{header: "bytes=9-9", size: 10, offset: 9, length: 1},
		{header: "bytes=0-99999999999999999999999", size: 10, length: 10},
		{header: "Bytes=0-0", size: 10, length: 1},
		{header: "bytes=10-", size: 10, refused: true},
		{header: "bytes=10-11", size: 10, refused: true},
		{header: "bytes=99999999999999999999999-", size: 10, refused: true},
		{header: "bytes=-0", size: 10, refused: true},
		{header: "bytes=0-", size: 0, refused: true},
		{header: "bytes=-1", size: 0, refused: true},
		{header: "bytes=4-2", size: 10, length: 10, whole: true},
		{header: "bytes=0-1,3-4", size: 10, length: 10, whole: true},
		{header: "bytes=", size: 10, length: 10, whole: true},
		{header: "bytes=-", size: 10, length: 10, whole: true},
		{header: "bytes=a-b", size: 10, length: 10, whole: true},
		{header: "bytes=+1-2", size: 10, length: 10, whole: true},
		{header: "bytes=1 -2", size: 10, length: 10, whole: true},
		{header: "lines=1-2", size: 10, length: 10, whole: true},
		{header: "1-2", size: 10, length: 10, whole: true},
	}
	for _, tt := range tests {
		t.Run(tt.header, func(t *testing.T) {
			sp, whole, err := parseRange(tt.header, tt.size)
			if tt.refused {
				wantFault(t, err, fault.Range, fault.ByteRange)
				if got := fault.Of(err).Fields["ActualObjectSize"]; got != itoa(tt.size) {
					t.Errorf("the size told is %q", got)
				}
				return
			}
			if err != nil || whole != tt.whole || sp != (span{tt.offset, tt.length}) {
				t.Errorf("got %+v, whole %v, %v", sp, whole, err)
			}
		})
	}
}

func TestGetRange(t *testing.T) {
	s := openStore(t)
	for _, size := range []int{100, 2*bufferSize + 1} {
		want := pattern(size)
		put(t, s, "k", string(want))
		for _, r := range [][2]int{{0, 0}, {1, 50}, {99, 99}, {size / 2, size - 1}, {0, size - 1}} {
			got, c := get(t, s, Get{Key: "k", Range: fmt.Sprintf("bytes=%d-%d", r[0], r[1])})
			if !bytes.Equal(got, want[r[0]:r[1]+1]) || !c.Partial || c.Offset != int64(r[0]) {
				t.Errorf("size %d, range %v: %d bytes from %d", size, r, len(got), c.Offset)
			}
		}
	}
}

func TestConditionalGet(t *testing.T) {
	s := openStore(t)
	o := put(t, s, "k", "x")
	tag, other := `"`+o.ETag+`"`, `"0123"`
	before, at, after := o.Modified.Add(-time.Hour), o.Modified, o.Modified.Add(time.Hour)
	tests := []struct {
		name string
		cond Conditions
		want fault.Kind // Internal: the object
	}{
		{"without conditions", Conditions{}, 0},
		{"If-Match holds", Conditions{IfMatch: tag}, 0},
		{"If-Match holds without quotes", Conditions{IfMatch: o.ETag}, 0},
		{"If-Match holds for a list", Conditions{IfMatch: other + " , " + tag}, 0},
		{"If-Match holds for *", Conditions{IfMatch: "*"}, 0},
		{"If-Match fails", Conditions{IfMatch: other}, fault.Precondition},
		{"If-Match wins over If-Unmodified-Since", Conditions{IfMatch: tag, IfUnmodifiedSince: before}, 0},
		{"If-Unmodified-Since holds", Conditions{IfUnmodifiedSince: at}, 0},
		{"If-Unmodified-Since fails", Conditions{IfUnmodifiedSince: before}, fault.Precondition},
		{"If-None-Match holds", Conditions{IfNoneMatch: other}, 0},
		{"If-None-Match fails", Conditions{IfNoneMatch: tag}, fault.NotModified},
		{"If-None-Match fails for a weak tag", Conditions{IfNoneMatch: "W/" + tag}, fault.NotModified},
		{"If-None-Match wins over If-Modified-Since", Conditions{IfNoneMatch: other, IfModifiedSince: after}, 0},
		{"If-None-Match fails though modified since", Conditions{IfNoneMatch: tag, IfModifiedSince: before},
			fault.NotModified},
		{"If-Modified-Since holds", Conditions{IfModifiedSince: before}, 0},
		{"If-Modified-Since fails", Conditions{IfModifiedSince: at}, fault.NotModified},
		{"If-Match and If-None-Match", Conditions{IfMatch: tag, IfNoneMatch: tag}, fault.NotModified},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k", If: tt.cond})
			_, headErr := s.Head(t.Context(), Get{Bucket: "b", Key: "k", If: tt.cond})
			if (err == nil) != (headErr == nil) || err != nil && fault.KindOf(err) != fault.KindOf(headErr) {
				t.Errorf("GET says %v, HEAD %v", err, headErr)
			}
			if err == nil {
				c.Close()
				if tt.want != 0 {
					t.Errorf("got the object, want %v", tt.want)
				}
				return
			}
			if tt.want == 0 || fault.KindOf(err) != tt.want {
				t.Fatal(err)
			}
			if f := fault.Of(err).Fields; tt.want == fault.NotModified && (f["ETag"] != tag || f["Last-Modified"] == "") {
				t.Errorf("a 304 with %v", f)
			}
		})
	}
	t.Run("the condition is checked before the range", func(t *testing.T) {
		_, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k", Range: "bytes=10-", If: Conditions{IfMatch: other}})
		wantFault(t, err, fault.Precondition, "")
	})
}

func TestGetMissing(t *testing.T) {
	s := openStore(t)
	_, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k"})
	wantFault(t, err, fault.NotFound, fault.Key)
	_, err = s.Get(t.Context(), Get{Bucket: "none", Key: "k"})
	wantFault(t, err, fault.NotFound, fault.Bucket)
	_, err = s.Head(t.Context(), Get{Bucket: "none", Key: "k"})
	wantFault(t, err, fault.NotFound, fault.Bucket)
}

// TestReadersSeeOneObject replaces and deletes an object while it is read: a reader gets the bytes of
// the object that it opened, and its blob goes when it is done.
func TestReadersSeeOneObject(t *testing.T) {
	s := openStore(t)
	old := pattern(4 * bufferSize)
	put(t, s, "k", string(old))
	c, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 10)
	if _, err := io.ReadFull(c, first); err != nil {
		t.Fatal(err)
	}
	put(t, s, "k", "new")
	if err := s.Delete(t.Context(), "b", Delete{Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if n := len(blobFiles(t, s)); n != 1 {
		t.Errorf("%d blobs while the object is read, want 1", n)
	}
	rest, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(append(first, rest...), old) {
		t.Errorf("read %d bytes: %v", len(first)+len(rest), err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if files := blobFiles(t, s); len(files) != 0 {
		t.Errorf("blobs are left: %v", files)
	}
}

// TestReadersAndWriters reads an object that several writers replace all the time; each read must be one
// writer's content, whole.
func TestReadersAndWriters(t *testing.T) {
	s := openStore(t)
	content := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, maxInline-2000+1000*(i%5)) }
	put(t, s, "k", string(content(0)))
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for w := range 2 {
		wg.Go(func() {
			for i := range 60 {
				if _, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Body: bodyOf(content(w*100 + i))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k"})
				if err != nil {
					t.Error(err)
					return
				}
				var got bytes.Buffer
				_, err = c.WriteTo(&got)
				c.Close()
				if err != nil || int64(got.Len()) != c.Size || md5Hex(got.Bytes()) != c.ETag {
					t.Errorf("read %d of %d bytes: %v", got.Len(), c.Size, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	readers.Wait()
}

func TestHeadersComeBack(t *testing.T) {
	s := openStore(t)
	want := Headers{
		ContentType:        "text/plain; charset=utf-8",
		ContentEncoding:    "gzip",
		ContentDisposition: `attachment; filename="é.txt"`,
		ContentLanguage:    "de",
		CacheControl:       "no-store",
		Expires:            "Thu, 01 Dec 1994 16:00:00 GMT",
		Metadata:           map[string]string{"a-b": "x", "empty": "", "text": strings.Repeat("é", 10)},
	}
	if _, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Headers: want, Body: bodyOf(nil)}); err != nil {
		t.Fatal(err)
	}
	_, c := get(t, s, Get{Key: "k"})
	if fmt.Sprint(c.Headers) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", c.Headers, want)
	}
}

func FuzzRange(f *testing.F) {
	for _, seed := range []string{"bytes=0-0", "bytes=-1", "bytes=5-", "bytes=1-2,3-4", "bytes=9223372036854775807-", "",
		"bytes=-", "bytes=--1"} {
		f.Add(seed, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		sp, whole, err := parseRange(header, size)
		if err != nil {
			return
		}
		if sp.offset < 0 || sp.length < 0 || sp.offset+sp.length > size || !whole && sp.length == 0 ||
			whole && sp != (span{0, size}) {
			t.Fatalf("%q of %d: %+v, whole %v", header, size, sp, whole)
		}
		if sp, err := parseCopyRange(header, size); err == nil && (sp.length <= 0 || sp.offset+sp.length > size) {
			t.Fatalf("copy %q of %d: %+v", header, size, sp)
		}
	})
}
