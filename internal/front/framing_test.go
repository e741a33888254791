package front_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/internal/control"
	"latchkey/internal/front"
)

// A header of an answer may come from an object that was stored by other means than this server's.
func TestAttack55_NoControlCharactersInHeaders(t *testing.T) {
	b := newBench(t)
	shared := []string{"a\x00b\r\nX-Evil: 1\x7f", "fine\tvalue é"}
	for name, send := range map[string]func(http.ResponseWriter) error{
		"with a status": func(w http.ResponseWriter) error {
			w.Header()["X-Amz-Meta-A"] = shared
			w.WriteHeader(http.StatusOK)
			return nil
		},
		"without one": func(w http.ResponseWriter) error {
			w.Header()["X-Amz-Meta-A"] = shared
			_, err := w.Write([]byte("body"))
			return err
		},
	} {
		w := httptest.NewRecorder()
		x := b.frame.Begin(w, httptest.NewRequest(http.MethodGet, "/", nil), front.Kind{Service: "s3"})
		x.Call = b.call(control.EveryKeyRefused)
		x.Serve(&script{Exchange: x, answer: func() error { return nil }, send: send})
		got := w.Result().Header.Values("X-Amz-Meta-A")
		if len(got) != 2 || got[0] != "a b  X-Evil: 1 " || got[1] != shared[1] {
			t.Errorf("%s: %q", name, got)
		}
	}
	if shared[0][1] != 0 {
		t.Error("a value that others share was changed")
	}
}
