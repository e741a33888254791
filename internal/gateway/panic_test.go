package gateway_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/store"
	"latchkey/internal/upstream"
)

// TestAPanicIsAnInternalError lets an upstream panic. The client gets S3's internal error, and the log record names the
// owner of the bucket. An operation that the registry answers together with the upstream leaves an audit record too.
func TestAPanicIsAnInternalError(t *testing.T) {
	w := behind(t, true, func(_ context.Context, call upstream.Call) (any, error) {
		switch call.Operation {
		case s3.CreateBucket.Operation:
			return &s3.CreateBucketOutput{}, nil
		case s3.HeadBucket.Operation:
			return &s3.HeadBucketOutput{}, nil
		}
		panic("the upstream is broken")
	})
	w.bucket(w.root, "lake")
	for _, c := range []ask{{method: "GET", path: "/lake/k"}, {method: "DELETE", path: "/lake"}} {
		got := w.do(w.root, c)
		refused(t, c.method, got, 500, "InternalError", "")
		if strings.Contains(got.body, "broken") || got.header.Get("X-Amz-Request-Id") == "" ||
			got.header.Get("X-Amz-Id-2") == "" {
			t.Errorf("%v %s", got.header, got.body)
		}
		lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
		var record map[string]any
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &record); err != nil {
			t.Fatal(err)
		}
		if record["level"] != "ERROR" || record["account"] != accountA || record["bucket"] != "lake" ||
			record["stack"] == nil || record["code"] != "InternalError" {
			t.Errorf("logged %v", record)
		}
	}
	records, err := w.db.Events(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if last := records[len(records)-1].Event; last.EventName != "DeleteBucket" || last.ErrorCode != "InternalError" {
		t.Errorf("recorded %+v", last)
	}
}
