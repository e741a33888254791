package credential

import (
	"bytes"
	"testing"
	"time"

	"latchkey/internal/fault"
)

// A session has one encoding: what decodes encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	a, v := assumed(), vended()
	f.Add(a.encode())
	f.Add(v.encode())
	g := grounded()
	g.Actors = actors()
	f.Add(g.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decode(data)
		if err != nil {
			return
		}
		if again := s.encode(); !bytes.Equal(again, data) {
			t.Errorf("%x decodes and encodes to %x", data, again)
		}
	})
}

// Open opens only what Mint made.
func FuzzOpen(f *testing.F) {
	key := fixedKey(1)
	r, err := NewRing(key)
	if err != nil {
		f.Fatal(err)
	}
	c, err := r.Mint(vended())
	if err != nil {
		f.Fatal(err)
	}
	good := c.SessionToken.Reveal()
	f.Add(c.AccessKeyID, good)
	f.Add(c.AccessKeyID, good[:100])
	f.Add("AKIA", "")
	f.Fuzz(func(t *testing.T, accessKeyID, token string) {
		_, _, err := r.Open(accessKeyID, token, issued())
		if honest := accessKeyID == c.AccessKeyID && token == good; honest != (err == nil) {
			t.Errorf("%q, %q: %v", accessKeyID, token, err)
		}
		if err != nil && !fault.Is(err, fault.Unauthenticated, fault.SessionToken) {
			t.Error(err)
		}
	})
}

// OpenBearer opens only what Bearer made.
func FuzzOpenBearer(f *testing.F) {
	r, err := NewRing(fixedKey(1))
	if err != nil {
		f.Fatal(err)
	}
	c, err := r.Mint(vended())
	if err != nil {
		f.Fatal(err)
	}
	good := Bearer(c, issued().Add(time.Minute)).Reveal()
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(bearerPrefix + "a.1.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if _, _, err := r.OpenBearer(NewSecret(text), issued()); (text == good) != (err == nil) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func BenchmarkMint(b *testing.B) {
	r, s := ringOf(b, fixedKey(1)), vended()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Mint(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	r := ringOf(b, fixedKey(1))
	c := mint(b, r, vended())
	token := c.SessionToken.Reveal()
	b.ReportMetric(float64(len(token)), "token-bytes")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.Open(c.AccessKeyID, token, issued()); err != nil {
			b.Fatal(err)
		}
	}
}
