package pages_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/oauth"
	"latchkey/internal/front"
	"latchkey/internal/pages"
)

// TestAPanicIsAnInternalError checks that a page that panics becomes a page of our own, with the pages' headers, a log
// record and a count.
func TestAPanicIsAnInternalError(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	var counted string
	broken := *w.Control
	broken.DB = nil // no device can be found
	p := &pages.Pages{
		SignIn: &oauth.SignIn{Control: &broken, Public: "http://latchkey.test"},
		Auth:   w.Auth,
		Frame: &front.Frame{
			Control: w.Control, Log: slog.New(slog.NewJSONHandler(&log, nil)),
			Observe: func(service, operation, code string, _ int, _ time.Duration) {
				counted = service + " " + operation + " " + code
			},
		},
	}
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "http://latchkey.test/device", strings.NewReader("action=find&user_code=ABCD-EFGH"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p.ServeHTTP(rec, r)
	body, h := rec.Body.String(), rec.Header()
	if rec.Code != 500 || !strings.Contains(body, "That did not work") || strings.Contains(body, "nil") ||
		h.Get("X-Frame-Options") != "DENY" || h.Get(front.IDHeader) == "" {
		t.Errorf("%d %v %s", rec.Code, h, body)
	}
	var record map[string]any
	if err := json.Unmarshal(log.Bytes(), &record); err != nil {
		t.Fatalf("%v: %s", err, &log)
	}
	if record["level"] != "ERROR" || record["op"] != "PostDevice" || record["stack"] == nil ||
		record["request"] != h.Get(front.IDHeader) {
		t.Errorf("logged %v", record)
	}
	if !strings.HasPrefix(counted, "pages PostDevice ") || strings.HasSuffix(counted, " ") {
		t.Errorf("counted %s", counted)
	}
}
