package objects

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"io"
	"io/fs"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

// openStore opens a store in a folder of the test's own, with the bucket "b".
func openStore(t testing.TB) *Store {
	t.Helper()
	return openIn(t, t.TempDir())
}

func openIn(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		checkOrder(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.CreateBucket(t.Context(), "b"); err != nil && !fault.Is(err, fault.AlreadyExists, fault.BucketOwned) {
		t.Fatal(err)
	}
	return s
}

// checkOrder fails the test unless every blob file is named by one row, every row's blob is there, and
// every piece belongs to an object or an upload.
func checkOrder(t testing.TB, s *Store) {
	t.Helper()
	named := map[string]bool{}
	rows, err := s.readers.Query(`SELECT blob FROM pieces WHERE blob IS NOT NULL`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if named[name] {
			t.Errorf("two rows name the blob %s", name)
		}
		named[name] = true
	}
	for name := range blobFiles(t, s) {
		if !named[name] {
			t.Errorf("no row names the blob %s", name)
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf("the blob %s is missing", name)
	}
	var stray int
	err = s.readers.QueryRow(`SELECT count(*) FROM pieces WHERE content NOT IN (SELECT content FROM objects UNION ` +
		`SELECT content FROM uploads)`).Scan(&stray)
	if err != nil || stray != 0 {
		t.Errorf("%d pieces belong to nothing: %v", stray, err)
	}
	if n := s.blobs.loose.Load(); n != 0 {
		t.Errorf("%d blobs are counted as not named yet", n)
	}
	if len(s.blobs.inUse) != 0 {
		t.Errorf("blobs %v are held", s.blobs.inUse)
	}
	if len(s.pins) != 0 || len(s.doomed) != 0 {
		t.Errorf("pins %v and doomed blobs %v are left", s.pins, s.doomed)
	}
}

// blobFiles are the names of the blob files, with their sizes.
func blobFiles(t testing.TB, s *Store) map[string]int64 {
	t.Helper()
	files := map[string]int64{}
	err := fs.WalkDir(s.blobs.root.FS(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files[d.Name()] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func bodyOf(content []byte) Body {
	return Body{Reader: bytes.NewReader(content), Length: int64(len(content))}
}

func put(t testing.TB, s *Store, key, content string) Object {
	t.Helper()
	o, err := s.Put(t.Context(), Put{Bucket: "b", Key: key, Body: bodyOf([]byte(content))})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return o
}

func get(t testing.TB, s *Store, in Get) ([]byte, *Content) {
	t.Helper()
	if in.Bucket == "" {
		in.Bucket = "b"
	}
	c, err := s.Get(t.Context(), in)
	if err != nil {
		t.Fatalf("get %q: %v", in.Key, err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("read %q: %v", in.Key, err)
	}
	return b, c
}

func wantFault(t testing.TB, err error, k fault.Kind, n fault.Entity) {
	t.Helper()
	if !fault.Is(err, k, n) {
		t.Fatalf("got %v, want %v (%s)", err, k, n)
	}
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// pattern is n bytes that repeat at no power of two.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i/251)
	}
	return b
}

func TestPutAndGet(t *testing.T) {
	s := openStore(t)
	for _, size := range []int{0, 1, maxInline - 1, maxInline, maxInline + 1, bufferSize - 1, bufferSize, bufferSize + 1,
		3*bufferSize + 17} {
		want := pattern(size)
		o, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Body: bodyOf(want)})
		if err != nil {
			t.Fatal(err)
		}
		if o.ETag != md5Hex(want) || o.Size != int64(size) {
			t.Errorf("size %d: etag %s, size %d", size, o.ETag, o.Size)
		}
		got, c := get(t, s, Get{Key: "k"})
		if !bytes.Equal(got, want) || c.ETag != o.ETag || c.Headers.ContentType != "binary/octet-stream" {
			t.Errorf("size %d: read back %d bytes, etag %s, type %q", size, len(got), c.ETag, c.Headers.ContentType)
		}
	}
}

// TestAttack02_KeysAreNoPaths checks that keys that a path would fold into one are different objects.
func TestAttack02_KeysAreNoPaths(t *testing.T) {
	s := openStore(t)
	keys := []string{"a/b", "a//b", "a/../b", "./a", "a", "a/", "/", "//", ".", "..", "../../etc/passwd", "a\\b", "A",
		" a", "a ", "a.",
		"é", "e\u0301", "a\x00b", "a+b", "a b", "a%2Fb", "*", "?", strings.Repeat("x", 1024)}
	for _, k := range keys {
		put(t, s, k, "content of "+k)
	}
	for _, k := range keys {
		if got, _ := get(t, s, Get{Key: k}); string(got) != "content of "+k {
			t.Errorf("%q has %q", k, got)
		}
	}
	page, err := s.List(t.Context(), List{Bucket: "b", Max: 1000})
	if err != nil || len(page.Objects) != len(keys) {
		t.Errorf("%d keys listed, want %d: %v", len(page.Objects), len(keys), err)
	}
	for _, k := range []string{"", "\xff", strings.Repeat("x", 1025)} {
		if _, err := s.Put(t.Context(), Put{Bucket: "b", Key: k, Body: bodyOf(nil)}); err == nil {
			t.Errorf("%q was taken as a key", k)
		}
	}
}

// algorithms lists all checksum algorithms that the store computes.
var algorithms = []Algorithm{CRC32, CRC32C, CRC64NVME, SHA1, SHA256}
