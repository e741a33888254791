package bucket

import (
	"encoding/json"
	"testing"
	"time"
)

// TestStoredForm checks that rows of older versions can be read, and that a bucket without newer configuration is
// written as older versions wrote it.
func TestStoredForm(t *testing.T) {
	at := time.Date(2026, 11, 1, 2, 3, 4, 0, time.UTC)
	for stored, want := range map[string]Bucket{
		`{"Name":"lake","Account":"123456789012","Region":"us-east-1","Policy":"{}","Created":"2026-11-01T02:03:04Z"}`: {
			Name: "lake", Account: "123456789012", Region: "us-east-1", Policy: "{}", Created: at},
		`{"Name":"lake","Account":"123456789012","Region":"eu-west-1","Policy":"",` +
			`"Created":"2026-11-01T02:03:04Z","Nonce":"n"}`: {
			Name: "lake", Account: "123456789012", Region: "eu-west-1", Created: at, Nonce: "n"},
	} {
		var b Bucket
		if err := json.Unmarshal([]byte(stored), &b); err != nil || b != want {
			t.Errorf("%s is read as %+v: %v", stored, b, err)
		}
		if written, err := json.Marshal(want); err != nil || string(written) != stored {
			t.Errorf("written as %s, not %s: %v", written, stored, err)
		}
	}
	creation := `{"Name":"lake","Account":"123456789012","Nonce":"n","Region":"us-east-1",` +
		`"Created":"2026-11-01T02:03:04Z"}`
	var c Creation
	if err := json.Unmarshal([]byte(creation), &c); err != nil ||
		c != (Creation{Name: "lake", Account: "123456789012", Nonce: "n", Region: "us-east-1", Created: at}) {
		t.Errorf("%s is read as %+v: %v", creation, c, err)
	}
}

// TestIdentifiers checks that identifiers are stable: stored listings and policies name them.
func TestIdentifiers(t *testing.T) {
	if got := (&Bucket{Name: "lake"}).ARN(); got != "arn:aws:s3:::lake" {
		t.Errorf("the ARN is %s", got)
	}
	id := CanonicalID("secret", "123456789012")
	if len(id) != 64 || id != CanonicalID("secret", "123456789012") {
		t.Errorf("the canonical id is %s", id)
	}
	if id == CanonicalID("another", "123456789012") || id == CanonicalID("secret", "123456789013") {
		t.Error("the canonical id does not depend on secret and account")
	}
}
