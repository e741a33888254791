package api

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/control/grants"
)

// TestAPanicIsAnInternalError lets a handler panic. The answer has the protocol's own shape, and there are a log
// record, a count and an audit record.
func TestAPanicIsAnInternalError(t *testing.T) {
	w := newFrontWorld(t)
	var counted []string
	w.front.Frame.Observe = countInto(&counted)
	broken := *w.front.API
	broken.Principals, broken.Grants = nil, &grants.Grants{}
	w.front = broken.Handler()
	t.Run("IAM", func(t *testing.T) {
		w.log.Reset()
		r := w.answer(w.Sign(t, w.root, "iam", "Action=CreateUser&UserName=eve&Version=2010-05-08"))
		if body := r.Body.String(); r.Code != 500 || !strings.Contains(body, "<ErrorResponse xmlns=") ||
			!strings.Contains(body, "<Type>Receiver</Type>") || !strings.Contains(body, "<RequestId>") ||
			strings.Contains(body, "nil") {
			t.Errorf("%d %s", r.Code, body)
		}
		w.told("CreateUser", "ServiceFailure")
	})
	t.Run("S3 Control", func(t *testing.T) {
		w.log.Reset()
		wantError(t, w.s3control(w.root, "GET", "/v20180820/accessgrantsinstance/grants", ""), 500, "InternalError")
		w.told("ListAccessGrants", "InternalError")
	})
	if len(counted) != 2 {
		t.Errorf("counted %q", counted)
	}
}

// told checks that the log and the audit log have records of a panic.
func (w *frontWorld) told(op, code string) {
	w.t.Helper()
	var record map[string]any
	if err := json.Unmarshal(w.log.Bytes(), &record); err != nil {
		w.t.Fatalf("%v: %s", err, w.log)
	}
	if record["level"] != "ERROR" || record["op"] != op || record["stack"] == nil || record["account"] != string(owner) {
		w.t.Errorf("logged %v", record)
	}
	records := w.Records(w.t)
	if last := records[len(records)-1]; last.EventName != op || string(last.ErrorCode) != code ||
		last.RequestID != record["request"] {
		w.t.Errorf("recorded %+v, want the code %s", last, code)
	}
}
