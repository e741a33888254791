package scim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/provision"
	"latchkey/internal/front"
	"latchkey/internal/scim"
	"latchkey/internal/store"
)

// hook is a body that calls a function when it is first read.
type hook struct {
	io.Reader
	do func()
}

func (h *hook) Read(p []byte) (int, error) {
	if h.do != nil {
		h.do()
		h.do = nil
	}
	return h.Reader.Read(p)
}

func (w *world) post(h http.Handler, body io.Reader) int {
	w.t.Helper()
	r := httptest.NewRequest("POST", "http://latchkey.test/scim/v2/Users", body)
	r.Header.Set("Authorization", "Bearer "+w.tokens[account])
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer.Code
}

func TestATokenThatIsDeletedWhileTheBodyComesIsRefused(t *testing.T) {
	w := newWorld(t)
	tokens := &provision.Tokens{Control: w.Control}
	all, err := tokens.List(t.Context(), w.Call(t, w.Root(account), "latchkey", "ListProvisioningTokens"))
	if err != nil {
		t.Fatal(err)
	}
	body := &hook{Reader: strings.NewReader(`{"userName":"late"}`), do: func() {
		if err := tokens.Delete(t.Context(), w.Call(t, w.Root(account), "latchkey", "DeleteProvisioningToken"),
			all[0].ID); err != nil {
			t.Fatal(err)
		}
	}}
	if status := w.post(w.handler, body); status != 401 || w.Engine.Current().People(w.in) != 0 {
		t.Fatalf("status %d", status)
	}
}

// The store is deleted and created again after the token was checked and before the change. The change must not be
// written to the new store.
func TestATokenWritesIntoItsOwnStoreOnly(t *testing.T) {
	w := newWorld(t)
	c := *w.Control
	calls := 0
	c.Now = func() time.Time {
		if calls++; calls == 3 { // the clock is read twice before the body, and once more when the snapshot is already taken
			w.Change(t, func(tx *store.Tx) error {
				next := *w.Center(t, account)
				next.IdentityStoreID = "d-0000000000"
				return store.PutIdentityCenter(tx, &next)
			})
		}
		return w.Now()
	}
	h := &scim.Handler{Control: &c, Auth: w.Auth, Frame: &front.Frame{Control: &c}}
	if status := w.post(h, strings.NewReader(`{"userName":"late"}`)); status != 404 ||
		w.Engine.Current().People("d-0000000000") != 0 {
		t.Fatalf("status %d after %d calls", status, calls)
	}
}
