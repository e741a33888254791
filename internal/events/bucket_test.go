package events_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/events"
)

// shelf is where the objects of a test go.
type shelf struct {
	objects map[string][]byte
	order   []string
	fail    error // after the object is stored: the answer is lost
}

func (s *shelf) put(_ context.Context, key string, body []byte) error {
	if s.objects == nil {
		s.objects = map[string][]byte{}
	}
	s.objects[key] = bytes.Clone(body)
	s.order = append(s.order, key)
	return s.fail
}

func unpack(t *testing.T, body []byte) (all []audit.Event) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Records []audit.Event }
	if err := json.NewDecoder(z).Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file.Records
}

func TestABucketHasTheLayoutOfCloudTrail(t *testing.T) {
	var s shelf
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	b := &events.Bucket{Put: s.put, Prefix: "trail/", Now: func() time.Time { return now }}
	batch := records(t, "a", "b", "c")
	batch[1].Event.RecipientAccountID, batch[1].Event.AWSRegion = "210987654321", "eu-west-1"
	if err := b.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if len(s.order) != 2 {
		t.Fatalf("%v", s.order)
	}
	for i, form := range []string{
		`^trail/AWSLogs/123456789012/CloudTrail/us-east-1/2026/01/02/` +
			`123456789012_CloudTrail_us-east-1_20260102T0204Z_[A-Z2-7]{16}\.json\.gz$`,
		`^trail/AWSLogs/210987654321/CloudTrail/eu-west-1/2026/01/02/` +
			`210987654321_CloudTrail_eu-west-1_20260102T0204Z_[A-Z2-7]{16}\.json\.gz$`,
	} {
		if !regexp.MustCompile(form).MatchString(s.order[i]) {
			t.Errorf("%s", s.order[i])
		}
	}
	if got := unpack(t, s.objects[s.order[0]]); len(got) != 2 || got[0].EventID != "a" || got[1].EventID != "c" {
		t.Errorf("%+v", got)
	}
	if got := unpack(t, s.objects[s.order[1]]); len(got) != 1 || got[0].EventID != "b" {
		t.Errorf("%+v", got)
	}
}

// TestAnObjectWhoseAnswerWasLostIsNotThereTwice: the second try has the same key, and objects that were written before
// are not written again.
func TestAnObjectWhoseAnswerWasLostIsNotThereTwice(t *testing.T) {
	var s shelf
	b := &events.Bucket{Put: s.put, Now: time.Now}
	batch := records(t, "a", "b")
	batch[1].Event.RecipientAccountID = "210987654321"
	s.fail = errors.New("no answer")
	for range 3 {
		if err := b.Write(t.Context(), batch); err == nil {
			t.Fatal("a write whose answer was lost succeeds")
		}
	}
	s.fail = nil
	if err := b.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if len(s.objects) != 2 || len(s.order) != 5 {
		t.Errorf("%d objects in %d writes: %v", len(s.objects), len(s.order), s.order)
	}
	if err := b.Write(t.Context(), batch[:1]); err != nil || len(s.objects) != 3 {
		t.Errorf("the next batch made %d objects: %v", len(s.objects), err)
	}
}
