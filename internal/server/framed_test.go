package server

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"testing"
)

var lengthLine = regexp.MustCompile(`(?i)\n[ \t\r\n]*content-length`)

// However the bytes of a connection are cut into reads, a line that may be a Content-Length is seen.
func TestALengthIsSeenInAnyParts(t *testing.T) {
	parts := []string{"\n", "\r\n", " ", "\t", "content-length", "Content-", "LENGTH", "x", ":", "contentlength", "-", "c"}
	source := rand.New(rand.NewPCG(1, 2))
	seen := 0
	for range 20_000 {
		var text []byte
		for range source.IntN(12) {
			text = append(text, parts[source.IntN(len(parts))]...)
		}
		c := framedConn{rest: notAtLine}
		for left := text; len(left) > 0 && !c.length.Load(); {
			n := 1 + source.IntN(len(left))
			c.look(left[:n])
			left = left[n:]
		}
		want := lengthLine.Match(text)
		if c.length.Load() != want {
			t.Fatalf("%q: %v, want %v", text, c.length.Load(), want)
		}
		if want {
			seen++
		}
	}
	if seen < 100 {
		t.Errorf("only %d texts have a length", seen)
	}
}

// BenchmarkLook measures what it costs to look at the bytes of an upload.
func BenchmarkLook(b *testing.B) {
	body := make([]byte, 1<<20)
	for i := range body {
		body[i] = byte(rand.Uint32())
	}
	body = bytes.ReplaceAll(body, []byte("content"), nil)
	c := framedConn{rest: notAtLine}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		c.look(body)
	}
}
