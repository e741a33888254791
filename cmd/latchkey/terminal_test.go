package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"latchkey/internal/awsapi/latchkey"
)

// What a server, a provider or a directory wrote cannot move the cursor, hide what stands before it, or begin a line.
func TestAttack_TextsThatSteerTheTerminal(t *testing.T) {
	const evil = "bob\x1b[2J\u009b1Aal\u202eice\r\nlatchkey: all is well\x07\x7f\xff"
	var out bytes.Buffer
	if code := report(&out, hint(errors.New(evil), "%s", evil)); code != 1 {
		t.Errorf("the exit code is %d", code)
	}
	const shown = "bob [2J 1Aal ice latchkey: all is well ?"
	if want := "latchkey: " + shown + "\nhint: " + shown + "\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	if got, want := clean(evil), "bob?[2J?1Aal?ice??latchkey: all is well??\uFFFD"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	out.Reset()
	report(&out, errors.New("first line\n  second line, with ünïcode"))
	if out.String() != "latchkey: first line second line, with ünïcode\n" {
		t.Errorf("%q", out.String())
	}
}

// The audit log contains texts that callers sent, even those of refused calls. They must not control the terminal of
// whoever reads it.
func TestAttack_RecordsThatSteerTheTerminal(t *testing.T) {
	want := map[string]any{
		"eventTime": "2026-01-02T03:04:05Z", "eventName": "GetDataAccess", "userAgent": "x\u009b2J\u007f",
		"requestParameters": map[string]any{"permission": "READ", "target": "s3://lake/\x1b[1A\rok\U000e0001ü"},
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		if err := printEvents(&out, []latchkey.Event{{Event: new(string(b))}}, asJSON); err != nil {
			t.Fatal(err)
		}
		line, more, _ := strings.Cut(out.String(), "\n")
		if more != "" || line != clean(line) || !strings.Contains(line, "lake") || !strings.Contains(line, "ü") {
			t.Errorf("%q", out.String())
		}
		var got map[string]any
		if asJSON && (json.Unmarshal(out.Bytes(), &got) != nil || !reflect.DeepEqual(got, want)) {
			t.Errorf("%q is another record", out.String())
		}
	}
}
