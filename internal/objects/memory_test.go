package objects

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"runtime/metrics"
	"testing"
)

// endless is n bytes of content that are never in memory at once.
type endless struct {
	n, at int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.at == e.n {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), e.n-e.at)]
	for i := range p {
		p[i] = byte((e.at + int64(i)) >> 12)
	}
	e.at += int64(len(p))
	return len(p), nil
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// TestMemoryIsFlat puts, copies and gets a large object. Not even everything that was allocated on the
// way, freed or not, may add up to more than a few buffers.
func TestMemoryIsFlat(t *testing.T) {
	const size, bar = 256 << 20, 8 << 20
	s := openStore(t)
	put(t, s, "warm", string(pattern(bufferSize)))
	before := allocated()
	o, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Body: Body{Reader: &endless{n: size}, Length: size}})
	if err != nil {
		t.Fatal(err)
	}
	if grown := allocated() - before; grown > bar {
		t.Errorf("a put of %d MiB allocated %d KiB", size>>20, grown>>10)
	}
	before = allocated()
	if _, err := s.Copy(t.Context(), Copy{From: Source{Bucket: "b", Key: "k"}, Bucket: "b", Key: "copy"}); err != nil {
		t.Fatal(err)
	}
	c, err := s.Get(t.Context(), Get{Bucket: "b", Key: "copy"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	digest := md5.New()
	if n, err := io.Copy(digest, c); err != nil || n != size {
		t.Fatalf("read %d bytes: %v", n, err)
	}
	if hex.EncodeToString(digest.Sum(nil)) != o.ETag {
		t.Error("other bytes came back")
	}
	if grown := allocated() - before; grown > bar {
		t.Errorf("a copy and a get of %d MiB allocated %d KiB", size>>20, grown>>10)
	}
}
