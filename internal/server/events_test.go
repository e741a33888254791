package server

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/audit"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/events"
)

// s3Do signs and sends a request as the root user, and returns the status and the body of the answer.
func s3Do(t *testing.T, s *Server, method, path, body string) (int, string) {
	t.Helper()
	return s3DoAs(t, s, s.Root, sent{method, path, body})
}

type sent struct{ method, path, body string }

// s3DoAs is s3Do as somebody else.
func s3DoAs(t *testing.T, s *Server, who principals.RootKey, in sent) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), in.method, s.URL()+in.path,
		strings.NewReader(in.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	r.Header.Set("Accept-Encoding", "identity") // the client must not unpack what it gets
	key := aws.Credentials{AccessKeyID: who.AccessKeyID, SecretAccessKey: who.Secret.Reveal()}
	err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
		SignHTTP(r.Context(), key, r, "UNSIGNED-PAYLOAD", "s3", s.Config.Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// putObject stores an object, or fails.
func putObject(t *testing.T, s *Server, path, body string) {
	t.Helper()
	if status, text := s3Do(t, s, http.MethodPut, path, body); status != http.StatusOK {
		t.Fatalf("PUT %s: %d %s", path, status, text)
	}
}

// trail reads the objects of records in a bucket.
func trail(t *testing.T, s *Server, bucket string) (keys []string, all []audit.Event) {
	t.Helper()
	_, list := s3Do(t, s, http.MethodGet, "/"+bucket+"?list-type=2", "")
	for _, part := range strings.Split(list, "<Key>")[1:] {
		key, _, _ := strings.Cut(part, "</Key>")
		keys = append(keys, key)
		_, body := s3Do(t, s, http.MethodGet, "/"+bucket+"/"+key, "")
		z, err := gzip.NewReader(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Records []audit.Event }
		if err := json.NewDecoder(z).Decode(&file); err != nil {
			t.Fatal(err)
		}
		all = append(all, file.Records...)
	}
	return keys, all
}

func TestRecordsGoIntoABucketAtTheEnd(t *testing.T) {
	data := t.TempDir()
	s, stop := serving(t, Config{Data: data, Events: Events{Bucket: BucketEvents{Name: "trail", Prefix: "p/"}}})
	putObject(t, s, "/trail", "")
	putObject(t, s, "/lake", "")
	for i := range 20 {
		putObject(t, s, fmt.Sprintf("/lake/%d", i), "x")
	}
	stop()
	s, stop = serving(t, Config{Data: data})
	defer stop()
	keys, all := trail(t, s, "trail")
	if len(keys) != 1 || !strings.HasPrefix(keys[0], "p/AWSLogs/123456789012/CloudTrail/us-east-1/") || len(all) != 22 {
		t.Errorf("%v has %d records", keys, len(all))
	}
	for _, e := range all {
		if name := e.EventName; name == "PutObject" && strings.Contains(fmt.Sprint(e.RequestParameters["key"]), "AWSLogs") {
			t.Errorf("the server recorded its own write: %+v", e)
		}
	}
}

// TestTheServersOwnWritesAreNotRecorded: otherwise each object would make the next one, for ever.
func TestTheServersOwnWritesAreNotRecorded(t *testing.T) {
	s, stop := serving(t, Config{Data: t.TempDir(), Events: Events{
		Bucket: BucketEvents{Name: "trail", Every: time.Millisecond},
	}})
	defer stop()
	putObject(t, s, "/trail", "")
	metricsShow(t, s, `latchkey_events_written_total{sink="bucket"} 1`)
	putObject(t, s, "/lake", "")
	metricsShow(t, s, `latchkey_events_written_total{sink="bucket"} 2`)
	metricsShow(t, s, `latchkey_events_waiting{sink="bucket"} 0`)
	if got := s.events.Stats()[0]; got.Written != 2 || got.Records != 0 {
		t.Errorf("%+v", got)
	}
}

// TestTheBucketOfRecordsMustBeTheOperators: the first account deleted the bucket, and another one has its name now.
func TestTheBucketOfRecordsMustBeTheOperators(t *testing.T) {
	s, stop := serving(t, Config{Data: t.TempDir(), Events: Events{
		Bucket: BucketEvents{Name: "trail", Every: time.Millisecond},
	}})
	defer stop()
	_, theirs, err := (&principals.Principals{Control: s.Control}).CreateAccount(t.Context(),
		controltest.Operator(t, s.Control, "123456789012"), "210987654321", "other")
	if err != nil {
		t.Fatal(err)
	}
	if status, text := s3DoAs(t, s, theirs, sent{http.MethodPut, "/trail", ""}); status != http.StatusOK {
		t.Fatal(status, text)
	}
	failures := s.events.Stats()[0].Failures
	metricsShow(t, s, fmt.Sprintf(`latchkey_events_failures_total{sink="bucket"} %d`, failures+2))
	if _, list := s3DoAs(t, s, theirs, sent{http.MethodGet, "/trail?list-type=2", ""}); strings.Contains(list, "<Key>") {
		t.Errorf("the other account has records: %s", list)
	}
	if status, _ := s3DoAs(t, s, theirs, sent{http.MethodDelete, "/trail", ""}); status != http.StatusNoContent {
		t.Fatal(status)
	}
	putObject(t, s, "/trail", "")
	metricsShow(t, s, `latchkey_events_waiting{sink="bucket"} 0`)
	if got := s.events.Stats()[0]; got.Written < 3 || got.Dropped != 0 {
		t.Errorf("%+v", got)
	}
}

// TestAttack43_ASinkThatBlocksRefusesRequests: a request that cannot be recorded is not served, and changes nothing.
func TestAttack43_ASinkThatBlocksRefusesRequests(t *testing.T) {
	data := t.TempDir()
	s, stop := serving(t, Config{Data: data, DrainTimeout: time.Second, Events: Events{
		Bucket: BucketEvents{Name: "trail", Every: time.Millisecond}, Block: []string{BucketSink},
		Limits: events.Limits{Records: 2, Bytes: 1 << 26, Wait: time.Millisecond},
	}})
	// There is no such bucket: the sink fails, and its buffer fills.
	putObject(t, s, "/lake", "")
	putObject(t, s, "/lake/1", "x")
	status, body := s3Do(t, s, http.MethodPut, "/lake/2", "x")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "<Code>SlowDown</Code>") {
		t.Errorf("%d %s", status, body)
	}
	// A stranger takes no room, and is answered at once.
	resp, err := http.Get(s.URL() + "/lake/1")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a stranger gets %d", resp.StatusCode)
	}
	metricsShow(t, s, `latchkey_events_dropped_total{sink="bucket"} 1`)
	stop()
	s, stop = serving(t, Config{Data: data})
	defer stop()
	if status, _ := s3Do(t, s, http.MethodGet, "/lake/2", ""); status != http.StatusNotFound {
		t.Errorf("the refused request left an object: %d", status)
	}
}

func TestSettingsOfEventsThatDoNotGoTogether(t *testing.T) {
	dir := t.TempDir()
	for name, e := range map[string]Events{
		"a sink that is not on": {Block: []string{FileSink}},
		"no sink":               {Block: []string{"syslog"}},
		"an object over the buffer": {
			Bucket: BucketEvents{Name: "trail", Size: 1 << 20}, Limits: events.Limits{Bytes: 1 << 20},
		},
		"a file in no folder": {File: &events.FileOptions{Path: filepath.Join(dir, "none", "events")}},
	} {
		s, err := Open(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Events: e})
		if err == nil {
			err = errors.Join(errors.New("opened"), s.Close())
			t.Errorf("%s: %v", name, err)
		}
	}
}
