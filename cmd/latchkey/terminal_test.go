package main

import (
	"bytes"
	"errors"
	"testing"
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
	if report(&out, errors.New("first line\n  second line, with ünïcode")); out.String() != "latchkey: first line second line, with ünïcode\n" {
		t.Errorf("%q", out.String())
	}
}
