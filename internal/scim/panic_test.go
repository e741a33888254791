package scim_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/front"
	"latchkey/internal/scim"
)

// TestAPanicIsAnInternalError checks that a change that panics gets a SCIM error, a log record, a count and an audit
// record.
func TestAPanicIsAnInternalError(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	var counted string
	broken := *w.Control
	broken.Engine = nil // a change cannot be committed
	h := &scim.Handler{Control: &broken, Auth: w.Auth, Frame: &front.Frame{
		Control: w.Control, Log: slog.New(slog.NewJSONHandler(&log, nil)),
		Observe: func(service, operation, code string, _ int, _ time.Duration) {
			counted = service + " " + operation + " " + code
		},
	}}
	r := httptest.NewRequest("POST", "/scim/v2/Users", strings.NewReader(`{"userName":"alice"}`))
	r.Header.Set("Authorization", "Bearer "+w.tokens[account])
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	body := rec.Body.String()
	if rec.Code != 500 || !strings.Contains(body, "messages:2.0:Error") || strings.Contains(body, "nil") {
		t.Errorf("%d %s", rec.Code, body)
	}
	var record map[string]any
	if err := json.Unmarshal(log.Bytes(), &record); err != nil {
		t.Fatalf("%v: %s", err, &log)
	}
	if record["level"] != "ERROR" || record["op"] != "CreateUser" || record["account"] != string(account) ||
		record["stack"] == nil {
		t.Errorf("logged %v", record)
	}
	records := w.Records(t)
	if last := records[len(records)-1]; last.EventName != "CreateUser" || last.ErrorCode != "InternalServerException" {
		t.Errorf("recorded %+v", last)
	}
	if counted != "scim CreateUser InternalServerException" {
		t.Errorf("counted %s", counted)
	}
}
