package objects

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestAWrappedEOFIsNoEnd checks that an error that wraps io.EOF, as one of a broken connection may, is not the end of a
// body.
func TestAWrappedEOFIsNoEnd(t *testing.T) {
	s := openStore(t)
	put(t, s, "k", "old")
	for _, size := range []int{3, maxInline + 1, bufferSize + 1} {
		cut := io.MultiReader(strings.NewReader(strings.Repeat("x", size)),
			iotest.ErrReader(fmt.Errorf("connection lost: %w", io.EOF)))
		if _, err := s.Put(t.Context(), Put{Bucket: "b", Key: "k", Body: Body{Reader: cut, Length: -1}}); err == nil {
			t.Errorf("%d bytes and a broken connection were taken for an object", size)
		}
	}
	if o, err := s.Head(t.Context(), Get{Bucket: "b", Key: "k"}); err != nil || o.Size != 3 ||
		o.ETag != "149603e6c03516362a8da23f624db945" {
		t.Errorf("the old object is %+v, %v", o, err)
	}
}
