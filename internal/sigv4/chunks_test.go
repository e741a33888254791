package sigv4

import (
	"bytes"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"latchkey/internal/fault"
)

func setBody(s *Signed, body string) {
	s.request.Body = io.NopCloser(strings.NewReader(body))
}

var sum = [][2]string{{"x-amz-checksum-crc32", "NhCmhg=="}}

func framings() map[string]framing {
	parts := []string{"hello ", "world, this is the content"}
	return map[string]framing{
		"signed chunks":             {mode: signedChunks, chunks: parts},
		"signed chunks, empty body": {mode: signedChunks},
		"signed trailer, SDK":       {mode: signedTrailer, chunks: parts, trailer: sum},
		"signed trailer, minio-go":  {mode: signedTrailer, chunks: parts, trailer: sum, minio: true},
		"signed trailer, two lines": {
			mode:    signedTrailer,
			chunks:  parts,
			trailer: append(sum, [2]string{"x-amz-checksum-sha1", "x"}),
		},
		"signed trailer without lines":      {mode: signedTrailer, chunks: parts},
		"unsigned trailer, SDK":             {mode: unsignedChunks, chunks: parts, trailer: sum},
		"unsigned trailer, minio-go":        {mode: unsignedChunks, chunks: parts, trailer: sum, minio: true},
		"unsigned trailer, length not said": {mode: unsignedChunks, chunks: parts, trailer: sum, decoded: "-"},
		"unsigned trailer, empty body":      {mode: unsignedChunks, trailer: sum},
		"unsigned trailer without lines":    {mode: unsignedChunks, chunks: parts},
	}
}

func TestChunksAreDelivered(t *testing.T) {
	for name, f := range framings() {
		t.Run(name, func(t *testing.T) {
			for _, wrap := range []func(io.Reader) io.Reader{
				func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
				s := mustVerify(t, f.request(t))
				s.request.Body = io.NopCloser(wrap(strings.NewReader(f.body(s.signature))))
				b := s.Body(BodyOptions{})
				if b.Trailer() != nil {
					t.Error("a trailer before the end")
				}
				got, err := io.ReadAll(wrap(b))
				if err != nil || string(got) != f.content() {
					t.Fatalf("%q, %v", got, err)
				}
				for _, l := range f.trailer {
					if b.Trailer().Get(l[0]) != l[1] {
						t.Errorf("trailer %v", b.Trailer())
					}
				}
				if len(b.Trailer()) != len(f.trailer) {
					t.Errorf("trailer %v", b.Trailer())
				}
				if f.decoded == "" && b.Length() != int64(len(f.content())) || f.decoded == "-" && b.Length() != -1 {
					t.Errorf("length %d", b.Length())
				}
			}
		})
	}
}

func TestChunksOfManySizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, mode := range []string{signedChunks, signedTrailer, unsignedChunks} {
		for range 30 {
			f := framing{mode: mode}
			for range rng.IntN(6) {
				c := make([]byte, 1+rng.IntN(3)*rng.IntN(70_000))
				for i := range c {
					c[i] = byte(rng.Uint32())
				}
				f.chunks = append(f.chunks, string(c))
			}
			_, b := f.send(t, BodyOptions{}, nil)
			if got, err := io.ReadAll(b); err != nil || string(got) != f.content() {
				t.Fatalf("%s: %d bytes of %d, %v", mode, len(got), len(f.content()), err)
			}
		}
	}
}

// crcCheck checks a checksum in the trailer as a caller of the package does.
func crcCheck(f framing) BodyOptions {
	h := crc32.NewIEEE()
	want := crc32.ChecksumIEEE([]byte(f.content()))
	return BodyOptions{Digests: h, Check: func(trailer http.Header) error {
		if h.Sum32() != want || trailer.Get("x-amz-checksum-crc32") != sum[0][1] {
			return fault.New(fault.Invalid, fault.Checksum, "")
		}
		return nil
	}}
}

func FuzzChunks(f *testing.F) {
	for _, c := range framings() {
		f.Add(uint8(0), []byte(c.body(strings.Repeat("0", 64))))
		f.Add(uint8(1), []byte(c.body(strings.Repeat("0", 64))))
		f.Add(uint8(2), []byte(c.body(strings.Repeat("0", 64))))
	}
	f.Fuzz(func(t *testing.T, mode uint8, data []byte) {
		s := &Signed{Payload: PayloadChunks + PayloadMode(mode%3), DecodedLength: -1, signature: strings.Repeat("0", 64),
			date: testDate, scope: testScope, trailerNames: []string{sum[0][0]}, options: Options{MaxChunk: 1 << 20},
			verified: true, key: deriveKey(testSecret, "20260501", "us-east-1", "s3"),
			request: &http.Request{Body: io.NopCloser(bytes.NewReader(data))}}
		got, err := io.ReadAll(s.Body(BodyOptions{}))
		if err == nil && len(got) > len(data) || err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		again, _ := io.ReadAll(func() io.Reader {
			s.request.Body = io.NopCloser(iotest.OneByteReader(bytes.NewReader(data)))
			return s.Body(BodyOptions{})
		}())
		if err == nil && !bytes.Equal(got, again) {
			t.Errorf("read at once %q, byte by byte %q", got, again)
		}
	})
}

func BenchmarkChunks(b *testing.B) {
	for _, mode := range []string{signedChunks, unsignedChunks} {
		b.Run(mode, func(b *testing.B) {
			f := framing{mode: mode}
			for range 64 {
				f.chunks = append(f.chunks, strings.Repeat("x", 64<<10))
			}
			s := mustVerify(b, f.request(b))
			body := f.body(s.signature)
			b.SetBytes(int64(len(f.content())))
			b.ReportAllocs()
			for b.Loop() {
				setBody(s, body)
				if err := s.Body(BodyOptions{}).Drain(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
