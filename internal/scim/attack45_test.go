package scim_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A filter that nobody waits for any more is not evaluated for all users.
func TestAttack45_AFilterEndsWithItsClient(t *testing.T) {
	w := newWorld(t)
	w.user("alice")
	w.group("staff")
	for _, path := range []string{"/Users?filter=title%20co%20%22x%22", "/Groups?filter=displayName%20co%20%22x%22"} {
		for gone, status := range map[bool]int{false: 200, true: 400} {
			ctx, cancel := context.WithCancel(t.Context())
			if gone {
				cancel()
			}
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/scim/v2"+path, nil)
			r.Header.Set("Authorization", "Bearer "+w.tokens[account])
			a := httptest.NewRecorder()
			w.handler.ServeHTTP(a, r)
			cancel()
			if a.Code != status {
				t.Errorf("%s, client gone %v: %d %s", path, gone, a.Code, a.Body)
			}
		}
	}
}
