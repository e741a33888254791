package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/front"
)

// records are the log records of a server.
type records struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

// of waits for the log record of an operation. It is written after the answer.
func (r *records) of(t *testing.T, service, op string) map[string]any {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		r.mu.Lock()
		text := r.b.String()
		r.mu.Unlock()
		for line := range strings.Lines(text) {
			var record map[string]any
			if json.Unmarshal([]byte(line), &record) == nil && record["msg"] == "request" && record["service"] == service &&
				record["op"] == op {
				return record
			}
		}
	}
	t.Fatalf("no record of %s %s", service, op)
	return nil
}

// TestEveryFrontIsFramedAlike sends one request to each front, through a proxy that is trusted, and compares what the
// log and the metrics tell of it.
func TestEveryFrontIsFramedAlike(t *testing.T) {
	log := &records{}
	trusted, err := front.ParseProxies([]string{"127.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	s := boot(t, Config{
		TrustedProxies: trusted,
		Log:            slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	w := &walkWorld{
		t:    t,
		url:  s.URL(),
		root: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
	}
	via := map[string]string{"X-Forwarded-For": "10.9.8.7, 203.0.113.77"}
	q := func(r request) request {
		if r.header == nil {
			r.header = map[string]string{}
		}
		for name, v := range via {
			r.header[name] = v
		}
		return r
	}
	var made struct{ Token string }
	token := w.send(w.root, call(latchkey.Service, "CreateProvisioningToken", object{}))
	if err := json.Unmarshal([]byte(token.body), &made); err != nil || made.Token == "" {
		t.Fatalf("%d %s", token.status, token.body)
	}
	bearer := request{
		method:  "GET",
		path:    "/scim/v2/Users",
		service: "-",
		header:  map[string]string{"Authorization": "Bearer " + made.Token},
	}
	bad := request{method: "GET", path: "/authorize?client_id=x", service: "-"}
	for _, c := range []struct {
		send        request
		service, op string
		status      int
		level, code string
		known       bool // who calls is known
		id          string
	}{
		{form(iamapi.Service, "ListUsers"), "iam", "ListUsers", 200, "INFO", "", true, "X-Amzn-Requestid"},
		{get("/v20180820/accessgrantsinstance"), "s3control", "GetAccessGrantsInstance", 404, "INFO",
			"AccessGrantsInstanceNotExistsError", true, "X-Amz-Request-Id"},
		{put("/lake", ""), "s3", "CreateBucket", 200, "INFO", "", true, "X-Amz-Request-Id"},
		{put("/lake/k", "x"), "s3", "PutObject", 200, "INFO", "", true, "X-Amz-Request-Id"},
		{bearer, "scim", "ListUsers", 200, "INFO", "", true, "X-Amzn-Requestid"},
		{bad, "pages", "Authorize", 400, "INFO", "InvalidRequestException", false, "X-Amzn-Requestid"},
		{request{method: "GET", path: "/device", service: "-"}, "pages", "ShowDevice", 200, "INFO", "", false,
			"X-Amzn-Requestid"},
		{request{method: "GET", path: "/healthz", service: "-"}, "server", "GetHealth", 200, "DEBUG", "", false,
			"X-Amzn-Requestid"},
		{request{method: "GET", path: DiscoveryPath, service: "-"}, "server", "GetSignInDiscovery", 404, "INFO", "NotFound",
			false, "X-Amzn-Requestid"},
		{request{method: "GET", path: KeysPath, service: "-"}, "server", "GetKeys", 200, "DEBUG", "", false,
			"X-Amzn-Requestid"},
	} {
		t.Run(c.service+" "+c.op, func(t *testing.T) {
			got := w.send(w.root, q(c.send))
			if got.status != c.status {
				t.Fatalf("%d %s", got.status, got.body)
			}
			r := log.of(t, c.service, c.op)
			if r["level"] != c.level || r["status"] != float64(c.status) || r["sourceIP"] != "203.0.113.77" ||
				r["took"] == nil || r["request"] != got.header.Get(c.id) || r["request"] == "" {
				t.Errorf("logged %v, the header says %q", r, got.header.Get(c.id))
			}
			if code, _ := r["code"].(string); code != c.code || (c.code != "") != (c.status >= 400) {
				t.Errorf("the code is %q", code)
			}
			if c.known != (r["caller"] != nil) || c.known != (r["account"] == walkAccount) {
				t.Errorf("caller %v, account %v", r["caller"], r["account"])
			}
			metrics := w.send(w.root, request{method: "GET", path: "/metrics", service: "-"}).body
			if want := `latchkey_requests_total{code="` + c.code + `",operation="` + c.op + `",service="` + c.service +
				`"} 1`; !strings.Contains(metrics, want) {
				t.Errorf("not counted: %s", want)
			}
		})
	}
}
