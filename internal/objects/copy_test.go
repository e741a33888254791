package objects

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"latchkey/internal/fault"
)

func TestCopy(t *testing.T) {
	s := openStore(t)
	for _, size := range []int{0, 100, 3 * bufferSize} {
		want := pattern(size)
		src, err := s.Put(t.Context(), Put{
			Bucket:  "b",
			Key:     "from",
			Body:    Body{Reader: bytes.NewReader(want), Length: int64(size), Sum: Checksum{Algorithm: SHA256}},
			Headers: Headers{ContentType: "text/plain", Metadata: map[string]string{"a": "1"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "from"}, Bucket: "b", Key: "to"})
		if err != nil {
			t.Fatal(err)
		}
		if o.ETag != src.ETag || o.Checksum != src.Checksum {
			t.Errorf("size %d: copy has %s %v, source %s %v", size, o.ETag, o.Checksum, src.ETag, src.Checksum)
		}
		if err := s.Delete(t.Context(), "b", Delete{Key: "from"}); err != nil {
			t.Fatal(err)
		}
		got, c := get(t, s, Get{Key: "to"})
		if !bytes.Equal(got, want) || c.Headers.ContentType != "text/plain" || c.Headers.Metadata["a"] != "1" {
			t.Errorf("size %d: read %d bytes, %+v", size, len(got), c.Headers)
		}

		o, err = s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "to"}, Bucket: "b", Key: "other", Algorithm: CRC32C,
			Replace: true, Headers: Headers{ContentLanguage: "de"}})
		if err != nil {
			t.Fatal(err)
		}
		if o.Checksum != (Checksum{CRC32C, FullObject, sumOf(CRC32C, want)}) {
			t.Errorf("size %d: checksum of the copy %v", size, o.Checksum)
		}
		got, c = get(t, s, Get{Key: "other"})
		if !bytes.Equal(got, want) || c.Headers.ContentType != defaultContentType || c.Headers.ContentLanguage != "de" ||
			len(c.Headers.Metadata) != 0 {
			t.Errorf("size %d: read %d bytes, %+v", size, len(got), c.Headers)
		}
	}
}

func TestCopyToItself(t *testing.T) {
	s := openStore(t)
	want := pattern(2 * maxInline)
	put(t, s, "k", string(want))
	self := Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "k"}
	_, err := s.Copy(t.Context(), self)
	wantFault(t, err, fault.Invalid, fault.Request)
	self.Replace, self.Headers = true, Headers{Metadata: map[string]string{"new": "1"}}
	if _, err := s.Copy(t.Context(), self); err != nil {
		t.Fatal(err)
	}
	if got, c := get(t, s, Get{Key: "k"}); !bytes.Equal(got, want) || c.Headers.Metadata["new"] != "1" {
		t.Errorf("read %d bytes, %+v", len(got), c.Headers)
	}
}

func TestCopyConditions(t *testing.T) {
	s := openStore(t)
	o := put(t, s, "k", "x")
	before, after := o.Modified.Add(-time.Hour), o.Modified.Add(time.Hour)
	tests := []struct {
		name string
		cond Conditions
		ok   bool
	}{
		{"copied if the tag matches", Conditions{IfMatch: o.ETag}, true},
		{"copied if the tag matches though modified since", Conditions{IfMatch: o.ETag, IfUnmodifiedSince: before}, true},
		{"refused if the tag does not match", Conditions{IfMatch: "x"}, false},
		{"refused if modified since", Conditions{IfUnmodifiedSince: before}, false},
		{"refused if the tag is the unwanted one", Conditions{IfNoneMatch: o.ETag}, false},
		{"refused if the tag is the unwanted one though modified since",
			Conditions{IfNoneMatch: o.ETag, IfModifiedSince: before}, false},
		{"refused if not modified since", Conditions{IfModifiedSince: after}, false},
		{"copied if modified since", Conditions{IfModifiedSince: before}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "k", If: tt.cond}, Bucket: "b", Key: "to"})
			if tt.ok && err != nil {
				t.Fatal(err)
			}
			if !tt.ok {
				wantFault(t, err, fault.Precondition, "")
			}
		})
	}
	t.Run("refused if the destination has something", func(t *testing.T) {
		_, err := s.Copy(t.Context(),
			Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "to", If: Conditions{IfNoneMatch: "*"}})
		wantFault(t, err, fault.Precondition, "")
	})
	t.Run("refused with what no put takes", func(t *testing.T) {
		_, err := s.Copy(t.Context(),
			Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "to", If: Conditions{IfNoneMatch: o.ETag}})
		wantFault(t, err, fault.Unsupported, fault.Header)
		_, err = s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "\xff"})
		wantFault(t, err, fault.Invalid, fault.Key)
		_, err = s.Copy(t.Context(),
			Copy{
				From:    Source{Bucket: "b", Key: "k"},
				Bucket:  "b",
				Key:     "to",
				Replace: true,
				Headers: Headers{ContentType: "\xff"},
			})
		wantFault(t, err, fault.Invalid, fault.Header)
		_, err = s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "to", Algorithm: "MD5"})
		wantFault(t, err, fault.Unsupported, fault.Header)
	})
	t.Run("refused without a source", func(t *testing.T) {
		_, err := s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "none"}, Bucket: "b", Key: "to"})
		wantFault(t, err, fault.NotFound, fault.Key)
		_, err = s.Copy(t.Context(), Copy{From: Source{Bucket: "none", Key: "k"}, Bucket: "b", Key: "to"})
		wantFault(t, err, fault.NotFound, fault.Bucket)
		_, err = s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "none", Key: "to"})
		wantFault(t, err, fault.NotFound, fault.Bucket)
	})
}

// TestSizeLimits claims sizes that no test can store.
func TestSizeLimits(t *testing.T) {
	s := openStore(t)
	put(t, s, "k", "x")
	claim := func(size int64) {
		t.Helper()
		if err := s.update(t.Context(), func(t *tx) error {
			_, err := t.exec(`UPDATE objects SET size = ?`, size)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	claim(MaxPutSize + 1)
	_, err := s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "to"})
	wantFault(t, err, fault.Invalid, fault.Request)
	u, _ := upload(t, s, CreateUpload{Key: "up"})
	_, err = s.CopyPart(t.Context(),
		CopyPart{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "up", UploadID: u.ID, Number: 1})
	wantFault(t, err, fault.Invalid, fault.Request)
	claim(2) // more than there is: the failure is ours, not the client's
	_, err = s.CopyPart(t.Context(),
		CopyPart{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "up", UploadID: u.ID, Number: 1})
	wantFault(t, err, fault.Internal, "")
	in := &inflow{s: s, size: MaxPutSize}
	wantFault(t, in.copy(strings.NewReader("x")), fault.TooLarge, fault.ObjectSize)
}
