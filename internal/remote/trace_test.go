package remote_test

import (
	"io"
	"net/http"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/upstream"
)

// TestRequestsAreTraced checks that a call's trace has every request to the store with the store's own ids: one that is
// answered, and one that is not.
func TestRequestsAreTraced(t *testing.T) {
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/lake/lost" {
			panic(http.ErrAbortHandler)
		}
		w.Header()["x-amz-request-id"] = []string{"tx-1"}
		w.Header()["x-amz-id-2"] = []string{"host-1"}
		_, _ = io.WriteString(w, "content")
	})
	u := open(t, at(t, rec.URL))
	get := func(key string) (sent []upstream.Sent) {
		trace := &upstream.Trace{}
		out, err := u.Do(t.Context(), upstream.Call{
			Meta: upstream.Meta{Trace: trace}, Operation: s3.GetObject.Operation,
			Input: &s3.GetObjectRequest{Bucket: new("lake"), Key: &key},
		})
		if got, ok := out.(*s3.GetObjectOutput); ok && err == nil {
			_ = got.Body.Close()
		}
		sent, _ = trace.Sent()
		return sent
	}
	if sent := get("k"); len(sent) != 1 || sent[0].RequestID != "tx-1" || sent[0].HostID != "host-1" ||
		sent[0].Status != http.StatusOK || sent[0].Upstream == "" || sent[0].Took <= 0 {
		t.Errorf("of an answer: %+v", sent)
	}
	if sent := get("lost"); len(sent) == 0 || sent[0].Status != 0 || sent[0].RequestID != "" {
		t.Errorf("of a request without an answer: %+v", sent)
	}
}
