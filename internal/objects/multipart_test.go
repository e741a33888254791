package objects

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"latchkey/internal/fault"
)

// upload begins an upload of the key "k" and stores the parts, numbered from 1.
func upload(t testing.TB, s *Store, in CreateUpload, parts ...[]byte) (Upload, []CompletePart) {
	t.Helper()
	in.Bucket = "b"
	if in.Key == "" {
		in.Key = "k"
	}
	u, err := s.CreateUpload(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var list []CompletePart
	for i, content := range parts {
		p, err := s.PutPart(t.Context(),
			PutPart{Bucket: "b", Key: in.Key, UploadID: u.ID, Number: i + 1, Body: bodyOf(content)})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, CompletePart{Number: i + 1, ETag: p.ETag, Sum: p.Checksum})
	}
	return u, list
}

func complete(t testing.TB, s *Store, u Upload, list []CompletePart) (Object, error) {
	t.Helper()
	return s.Complete(t.Context(), Complete{Bucket: "b", Key: u.Key, UploadID: u.ID, Parts: list, Size: -1})
}

func TestMultipart(t *testing.T) {
	s := openStore(t)
	parts := [][]byte{pattern(MinPartSize), pattern(MinPartSize + 1), pattern(100)}
	whole := bytes.Join(parts, nil)
	u, list := upload(t, s, CreateUpload{Headers: Headers{ContentType: "text/plain"}}, parts...)
	if _, err := s.Head(t.Context(), Get{Bucket: "b", Key: "k"}); !fault.Is(err, fault.NotFound, fault.Key) {
		t.Errorf("an unfinished upload is an object: %v", err)
	}
	o, err := complete(t, s, u, list)
	if err != nil {
		t.Fatal(err)
	}
	var tags []byte
	for _, p := range parts {
		raw, _ := hexBytes(md5Hex(p))
		tags = append(tags, raw...)
	}
	if want := md5Hex(tags) + "-3"; o.ETag != want || o.Size != int64(len(whole)) {
		t.Errorf("etag %s, size %d; want %s, %d", o.ETag, o.Size, want, len(whole))
	}
	if want := (Checksum{CRC64NVME, FullObject, sumOf(CRC64NVME, whole)}); o.Checksum != want {
		t.Errorf("checksum %v, want %v", o.Checksum, want)
	}
	got, c := get(t, s, Get{Key: "k"})
	if !bytes.Equal(got, whole) || c.Headers.ContentType != "text/plain" || c.Parts != 3 {
		t.Errorf("read %d bytes, %+v", len(got), c.Object)
	}
	var out bytes.Buffer
	if c, err := s.Get(t.Context(),
		Get{Bucket: "b", Key: "k", Range: fmt.Sprintf("bytes=%d-%d", MinPartSize-7, len(whole)-5)}); err != nil {
		t.Error(err)
	} else if _, err := io.Copy(&out, c); err != nil || !bytes.Equal(out.Bytes(), whole[MinPartSize-7:len(whole)-4]) ||
		c.Close() != nil {
		t.Errorf("a range across parts: %d bytes, %v", out.Len(), err)
	}
	offset := 0
	for i, p := range parts {
		got, c := get(t, s, Get{Key: "k", Part: i + 1})
		if !bytes.Equal(got, p) || c.Offset != int64(offset) || !c.Partial {
			t.Errorf("part %d: %d bytes from %d", i+1, len(got), c.Offset)
		}
		offset += len(p)
	}
	for _, n := range []int{4, 10000} {
		_, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k", Part: n})
		wantFault(t, err, fault.Range, fault.Part)
	}
	_, err = s.Get(t.Context(), Get{Bucket: "b", Key: "k", Part: 1, Range: "bytes=0-1"})
	wantFault(t, err, fault.Invalid, fault.Request)
	_, err = s.Get(t.Context(), Get{Bucket: "b", Key: "k", Part: 10001})
	wantFault(t, err, fault.Invalid, fault.Argument)

	t.Run("completing it again answers the same", func(t *testing.T) {
		again, err := complete(t, s, u, list)
		if err != nil || again.ETag != o.ETag || again.Checksum != o.Checksum {
			t.Errorf("got %+v, %v", again, err)
		}
		_, err = complete(t, s, u, list[:2])
		wantFault(t, err, fault.NotFound, fault.Upload)
	})
	t.Run("a copy is an object in one piece", func(t *testing.T) {
		o, err := s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "copy"})
		if err != nil || o.ETag != md5Hex(whole) || o.Parts != 0 || o.Checksum.Value != sumOf(CRC64NVME, whole) {
			t.Errorf("got %+v, %v", o, err)
		}
	})
}

func TestPartsThatAreNotNamedGo(t *testing.T) {
	s := openStore(t)
	u, list := upload(t, s, CreateUpload{}, pattern(MinPartSize), pattern(maxInline+1), pattern(maxInline+2))
	if _, err := s.PutPart(t.Context(),
		PutPart{Bucket: "b", Key: "k", UploadID: u.ID, Number: 3, Body: bodyOf(pattern(maxInline + 3))}); err != nil {
		t.Fatal(err) // replaces part 3
	}
	if _, err := complete(t, s, u, list); !fault.Is(err, fault.Invalid, fault.Part) {
		t.Errorf("a replaced part was taken: %v", err)
	}
	if _, err := complete(t, s, u, []CompletePart{list[0], list[1]}); err != nil {
		t.Fatal(err)
	}
	if n := len(blobFiles(t, s)); n != 2 {
		t.Errorf("%d blobs are left, want 2", n)
	}
	t.Run("numbers may have gaps", func(t *testing.T) {
		u, list := upload(t, s, CreateUpload{}, pattern(MinPartSize), pattern(MinPartSize), pattern(20))
		if _, err := complete(t, s, u, []CompletePart{list[0], list[2]}); err != nil {
			t.Fatal(err)
		}
		if got, _ := get(t, s, Get{Key: "k", Part: 3}); !bytes.Equal(got, pattern(20)) {
			t.Errorf("part 3 has %d bytes", len(got))
		}
		_, err := s.Head(t.Context(), Get{Bucket: "b", Key: "k", Part: 2})
		wantFault(t, err, fault.Range, fault.Part)
	})
	t.Run("a part below the first one is none", func(t *testing.T) {
		u, list := upload(t, s, CreateUpload{}, nil, pattern(20))
		if _, err := complete(t, s, u, list[1:]); err != nil {
			t.Fatal(err)
		}
		_, err := s.Get(t.Context(), Get{Bucket: "b", Key: "k", Part: 1})
		wantFault(t, err, fault.Range, fault.Part)
	})
}

func TestCompleteRefuses(t *testing.T) {
	s := openStore(t)
	u, list := upload(t, s, CreateUpload{Algorithm: SHA256}, pattern(MinPartSize-1), pattern(10))
	change := func(i int, f func(*CompletePart)) []CompletePart {
		out := append([]CompletePart(nil), list...)
		f(&out[i])
		return out
	}
	tests := []struct {
		name   string
		list   []CompletePart
		kind   fault.Kind
		entity fault.Entity
	}{
		{"an empty list", nil, fault.Malformed, fault.XML},
		{"parts out of order", []CompletePart{list[1], list[0]}, fault.Invalid, fault.PartOrder},
		{"a part twice", []CompletePart{list[0], list[0]}, fault.Invalid, fault.PartOrder},
		{"a part number of 0", change(0, func(p *CompletePart) { p.Number = 0 }), fault.Invalid, fault.Argument},
		{"a part that is not there", change(1, func(p *CompletePart) { p.Number = 7 }), fault.Invalid, fault.Part},
		{"another tag", change(1, func(p *CompletePart) { p.ETag = list[0].ETag }), fault.Invalid, fault.Part},
		{"no tag", change(1, func(p *CompletePart) { p.ETag = "" }), fault.Invalid, fault.Part},
		{"another checksum", change(1, func(p *CompletePart) { p.Sum.Value = list[0].Sum.Value }), fault.Invalid, fault.Part},
		{"no checksum where one was promised", change(1, func(p *CompletePart) {
			p.Sum = Checksum{}
		}), fault.Invalid, fault.Request},
		{"a checksum of another algorithm", change(1, func(p *CompletePart) {
			p.Sum = Checksum{Algorithm: CRC32, Value: "AAAAAA=="}
		}), fault.Invalid, fault.Argument},
		{"a small part before the last", list, fault.Invalid, fault.PartSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := complete(t, s, u, tt.list)
			wantFault(t, err, tt.kind, tt.entity)
		})
	}
	whole := []Complete{
		{Size: 11, Parts: list[1:]},
		{Size: -1, Parts: list[1:], Type: "FULL_OBJECT"},
	}
	for _, in := range whole {
		in.Bucket, in.Key, in.UploadID = "b", "k", u.ID
		_, err := s.Complete(t.Context(), in)
		wantFault(t, err, fault.Invalid, fault.Request)
	}
	_, err := s.Complete(t.Context(),
		Complete{
			Bucket:   "b",
			Key:      "k",
			UploadID: u.ID,
			Size:     -1,
			Parts:    list[1:],
			Sum:      Checksum{Algorithm: SHA256, Value: list[0].Sum.Value},
		})
	wantFault(t, err, fault.Invalid, fault.Checksum)
	_, err = s.Complete(t.Context(),
		Complete{Bucket: "b", Key: "k", UploadID: u.ID, Size: -1, Parts: list[1:], If: Conditions{IfNoneMatch: `"x"`}})
	wantFault(t, err, fault.Unsupported, fault.Header)
	put(t, s, "k", "x")
	_, err = s.Complete(t.Context(),
		Complete{Bucket: "b", Key: "k", UploadID: u.ID, Size: -1, Parts: list[1:], If: Conditions{IfNoneMatch: "*"}})
	wantFault(t, err, fault.Precondition, "")
	_, err = s.Complete(t.Context(),
		Complete{Bucket: "b", Key: "k", UploadID: u.ID, Size: -1, Parts: list[1:], If: Conditions{IfMatch: "x"}})
	wantFault(t, err, fault.Precondition, "")
	if _, err := s.Complete(t.Context(),
		Complete{
			Bucket:   "b",
			Key:      "k",
			UploadID: u.ID,
			Size:     10,
			Parts:    list[1:],
			Type:     "COMPOSITE",
			If:       Conditions{IfMatch: md5Hex([]byte("x"))},
		}); err != nil {
		t.Errorf("the honest request was refused: %v", err)
	}
}

func TestMultipartChecksums(t *testing.T) {
	s := openStore(t)
	parts := [][]byte{pattern(MinPartSize), pattern(77)}
	whole := bytes.Join(parts, nil)
	tests := []struct {
		algorithm Algorithm
		asked     ChecksumType
		want      ChecksumType // empty: refused
	}{
		{CRC32, "", Composite}, {CRC32, FullObject, FullObject}, {CRC32C, "", Composite}, {CRC32C, FullObject, FullObject},
		{CRC64NVME, "", FullObject}, {CRC64NVME, Composite, ""}, {SHA1, "", Composite}, {SHA1, FullObject, ""},
		{SHA256, Composite, Composite}, {SHA256, FullObject, ""}, {"", Composite, ""}, {"SHA512", "", ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s", tt.algorithm, tt.asked), func(t *testing.T) {
			in := CreateUpload{Bucket: "b", Key: "k", Algorithm: tt.algorithm, Type: tt.asked}
			if tt.want == "" {
				if _, err := s.CreateUpload(t.Context(), in); fault.KindOf(err) != fault.Invalid &&
					fault.KindOf(err) != fault.Unsupported {
					t.Fatalf("got %v", err)
				}
				return
			}
			u, list := upload(t, s, in, parts...)
			o, err := complete(t, s, u, list)
			if err != nil {
				t.Fatal(err)
			}
			want := sumOf(tt.algorithm, whole)
			if tt.want == Composite {
				var sums []byte
				for _, p := range parts {
					raw, _ := base64.StdEncoding.DecodeString(sumOf(tt.algorithm, p))
					sums = append(sums, raw...)
				}
				want = sumOf(tt.algorithm, sums) + "-2"
			}
			if o.Checksum != (Checksum{tt.algorithm, tt.want, want}) {
				t.Errorf("checksum %v, want %s", o.Checksum, want)
			}
			_, c := get(t, s, Get{Key: "k", Part: 2})
			if tt.want == Composite && c.PartChecksum.Value != sumOf(tt.algorithm, parts[1]) {
				t.Errorf("checksum of part 2 is %v", c.PartChecksum)
			}
		})
	}
	t.Run("an upload is checked as a put is", func(t *testing.T) {
		_, err := s.CreateUpload(t.Context(), CreateUpload{Bucket: "b", Key: "k", Headers: Headers{ContentType: "\xff"}})
		wantFault(t, err, fault.Invalid, fault.Header)
		_, err = s.CreateUpload(t.Context(), CreateUpload{Bucket: "b"})
		wantFault(t, err, fault.Invalid, fault.Argument)
		_, err = s.CreateUpload(t.Context(), CreateUpload{Bucket: "none", Key: "k"})
		wantFault(t, err, fault.NotFound, fault.Bucket)
	})
	t.Run("a part with another algorithm is refused", func(t *testing.T) {
		u, _ := upload(t, s, CreateUpload{Algorithm: CRC32})
		body := bodyOf([]byte("x"))
		body.Sum = Checksum{Algorithm: SHA1, Value: sumOf(SHA1, []byte("x"))}
		_, err := s.PutPart(t.Context(), PutPart{Bucket: "b", Key: "k", UploadID: u.ID, Number: 1, Body: body})
		wantFault(t, err, fault.Invalid, fault.Request)
	})
}

func TestCombinedChecksums(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, a := range []Algorithm{CRC32, CRC32C, CRC64NVME} {
		for range 50 {
			x, y := pattern(r.IntN(5000)), pattern(r.IntN(70000))
			sum := func(b []byte) []byte { h := a.new(); h.Write(b); return h.Sum(nil) }
			if got, want := a.combine(sum(x), sum(y), int64(len(y))), sum(append(x, y...)); !bytes.Equal(got, want) {
				t.Fatalf("%s of %d and %d bytes: %x, want %x", a, len(x), len(y), got, want)
			}
		}
	}
}

// TestAttack28_UploadsAreBoundToTheirKey uses an upload's identifier for another key and another bucket.
func TestAttack28_UploadsAreBoundToTheirKey(t *testing.T) {
	s := openStore(t)
	if err := s.CreateBucket(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	u, list := upload(t, s, CreateUpload{Key: "in/k"}, []byte("x"))
	for _, at := range []struct{ bucket, key string }{{"b", "out/k"}, {"b", "in/k2"}, {"other", "in/k"}, {"b", "in//k"},
		{"none", "in/k"}} {
		t.Run("refused at "+at.bucket+"/"+at.key, func(t *testing.T) {
			entity := fault.Upload
			if at.bucket == "none" {
				entity = fault.Bucket
			}
			_, err := s.PutPart(t.Context(),
				PutPart{Bucket: at.bucket, Key: at.key, UploadID: u.ID, Number: 1, Body: bodyOf(nil)})
			wantFault(t, err, fault.NotFound, entity)
			_, err = s.CopyPart(t.Context(),
				CopyPart{From: Source{Bucket: "b", Key: "k"}, Bucket: at.bucket, Key: at.key, UploadID: u.ID, Number: 1})
			wantFault(t, err, fault.NotFound, entity)
			_, err = s.ListParts(t.Context(), ListParts{Bucket: at.bucket, Key: at.key, UploadID: u.ID, Max: 10})
			wantFault(t, err, fault.NotFound, entity)
			_, err = s.Complete(t.Context(), Complete{Bucket: at.bucket, Key: at.key, UploadID: u.ID, Size: -1, Parts: list})
			wantFault(t, err, fault.NotFound, entity)
			wantFault(t, s.AbortUpload(t.Context(), at.bucket, at.key, u.ID), fault.NotFound, entity)
		})
	}
	if _, err := complete(t, s, u, list); err != nil {
		t.Errorf("the honest request was refused: %v", err)
	}
	if _, err := s.Complete(t.Context(),
		Complete{Bucket: "b", Key: "out/k", UploadID: u.ID, Size: -1, Parts: list}); !fault.Is(err, fault.NotFound,
		fault.Upload) {
		t.Errorf("a completed upload is known under another key: %v", err)
	}
}

func TestAbort(t *testing.T) {
	s := openStore(t)
	u, list := upload(t, s, CreateUpload{}, pattern(maxInline+1), pattern(3))
	wantFault(t, s.DeleteBucket(t.Context(), "b"), fault.InUse, fault.Bucket)
	if err := s.AbortUpload(t.Context(), "b", "k", u.ID); err != nil {
		t.Fatal(err)
	}
	wantFault(t, s.AbortUpload(t.Context(), "b", "k", u.ID), fault.NotFound, fault.Upload)
	_, err := complete(t, s, u, list)
	wantFault(t, err, fault.NotFound, fault.Upload)
	if files := blobFiles(t, s); len(files) != 0 {
		t.Errorf("blobs are left: %v", files)
	}
	if err := s.DeleteBucket(t.Context(), "b"); err != nil {
		t.Error(err)
	}
}

// TestAbortDuringAPart aborts an upload before a part's body has come. The part leaves nothing behind.
func TestAbortDuringAPart(t *testing.T) {
	s := openStore(t)
	u, _ := upload(t, s, CreateUpload{})
	body := io.MultiReader(bytes.NewReader(pattern(maxInline+1)), readerFunc(func([]byte) (int, error) {
		if err := s.AbortUpload(t.Context(), "b", "k", u.ID); err != nil {
			t.Error(err)
		}
		return 0, io.EOF
	}))
	_, err := s.PutPart(t.Context(),
		PutPart{Bucket: "b", Key: "k", UploadID: u.ID, Number: 1, Body: Body{Reader: body, Length: -1}})
	wantFault(t, err, fault.NotFound, fault.Upload)
	if files := blobFiles(t, s); len(files) != 0 {
		t.Errorf("blobs are left: %v", files)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestCopyPart(t *testing.T) {
	s := openStore(t)
	src := pattern(MinPartSize + 100)
	put(t, s, "src", string(src))
	u, _ := upload(t, s, CreateUpload{})
	copyPart := func(n int, r string) (Part, error) {
		return s.CopyPart(t.Context(),
			CopyPart{From: Source{Bucket: "b", Key: "src"}, Range: r, Bucket: "b", Key: "k", UploadID: u.ID, Number: n})
	}
	one, err := copyPart(1, "")
	if err != nil || one.ETag != md5Hex(src) {
		t.Fatalf("got %+v, %v", one, err)
	}
	two, err := copyPart(2, "bytes=50-149")
	if err != nil || two.ETag != md5Hex(src[50:150]) {
		t.Fatalf("got %+v, %v", two, err)
	}
	for _, r := range []string{"bytes=0-", "bytes=-5", "bytes=5-4", "bytes=0-99999999", "0-5", "bytes=0-1,2-3"} {
		if _, err := copyPart(3, r); !fault.Is(err, fault.Invalid, fault.Argument) {
			t.Errorf("the range %q: %v", r, err)
		}
	}
	if _, err := complete(t, s, u, []CompletePart{{Number: 1, ETag: one.ETag}, {Number: 2, ETag: two.ETag}}); err != nil {
		t.Fatal(err)
	}
	if got, _ := get(t, s, Get{Key: "k"}); !bytes.Equal(got, append(bytes.Clone(src), src[50:150]...)) {
		t.Errorf("read %d bytes", len(got))
	}
}

func TestListParts(t *testing.T) {
	s := openStore(t)
	u, _ := upload(t, s, CreateUpload{Algorithm: CRC32}, []byte("a"), []byte("bb"), []byte("ccc"))
	var got []Part
	for after := 0; ; {
		page, err := s.ListParts(t.Context(), ListParts{Bucket: "b", Key: "k", UploadID: u.ID, After: after, Max: 2})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Parts...)
		if !page.Truncated {
			break
		}
		after = got[len(got)-1].Number
	}
	if len(got) != 3 || got[2].Size != 3 || got[2].ETag != md5Hex([]byte("ccc")) ||
		got[2].Checksum.Value != sumOf(CRC32, []byte("ccc")) {
		t.Errorf("got %+v", got)
	}
	for _, n := range []int{0, -1, 10001} {
		_, err := s.PutPart(t.Context(), PutPart{Bucket: "b", Key: "k", UploadID: u.ID, Number: n, Body: bodyOf(nil)})
		wantFault(t, err, fault.Invalid, fault.Argument)
	}
}
