package principals

import (
	"strings"
	"testing"

	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// A marker that was not sealed for this list is refused, whatever it is.
func FuzzMarker(f *testing.F) {
	ring, err := credential.NewRing(credential.NewKey())
	if err != nil {
		f.Fatal(err)
	}
	c := &control.Control{Ring: ring}
	for _, seed := range []string{"", "AAAA", "???", strings.Repeat("A", 200), "a\nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, marker string) {
		key, err := openMarker(c, "marker:x", marker)
		if err == nil || key != "" || !fault.Is(err, fault.Invalid, fault.NextToken) {
			t.Fatalf("%q opened as %q: %v", marker, key, err)
		}
	})
}
