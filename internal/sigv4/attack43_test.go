package sigv4

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// TestAttack43_SignedChunksAreCounted: the memory of a chunk whose signature is not checked yet is asked for before the
// chunk is read.
func TestAttack43_SignedChunksAreCounted(t *testing.T) {
	f := framing{mode: signedChunks, chunks: []string{strings.Repeat("a", 3<<20), strings.Repeat("b", 2<<20)}}
	full := errors.New("no room")
	for name, c := range map[string]struct {
		room int64
		want error
	}{"enough": {8 << 20, nil}, "too little": {2 << 20, full}} {
		t.Run(name, func(t *testing.T) {
			s := mustVerify(t, f.request(t))
			setBody(s, f.body(s.signature))
			held := int64(0)
			n, err := io.Copy(io.Discard, s.Body(BodyOptions{Hold: func(n int64) error {
				if held+n > c.room {
					return full
				}
				held += n
				return nil
			}}))
			if !errors.Is(err, c.want) || c.want == nil && (n != 5<<20 || held < 3<<20) || c.want != nil && n != 0 {
				t.Errorf("%d bytes, %d held, %v", n, held, err)
			}
		})
	}
}

// A fault of the reader below, such as a body that exceeds its budget, reaches the caller as it is.
func TestABufferedBodyKeepsTheFaultOfItsReader(t *testing.T) {
	r := request(t, "POST", "http://iam.example.org/", "Action=x")
	want := badChunk("as a reader below says")
	s := &Signed{Payload: PayloadBuffered, request: r, options: Options{}.withDefaults()}
	r.Body = io.NopCloser(failing{want})
	if err := s.bufferBody(); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
