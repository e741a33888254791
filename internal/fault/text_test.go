package fault

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAttack44_TextsClipThemselves(t *testing.T) {
	long := strings.Repeat("ä", MaxField)
	f := New(Invalid, Request, "%s", long).With("Resource", long)
	if n := len(f.Message()); n > MaxText || n < MaxText-4 || !utf8.ValidString(f.Message()) {
		t.Errorf("a message of %d bytes", n)
	}
	if n := len(New(Invalid, Request, long).Message()); n > MaxText {
		t.Errorf("a text without arguments: %d bytes", n)
	}
	if n := len(f.Fields["Resource"]); n > MaxField || n < MaxField-4 {
		t.Errorf("a field of %d bytes", n)
	}
	if got := New(Invalid, Request, "%d%% of it", 3).With("Resource", "b/k"); got.Message() != "3% of it" ||
		got.Fields["Resource"] != "b/k" {
		t.Errorf("a short one: %+v", got)
	}
}

func TestClipCutsNoCharacter(t *testing.T) {
	for _, c := range []struct {
		text string
		max  int
		want string
	}{
		{"abcdef", 6, "abcdef"}, {"abcdefg", 6, "abc..."}, {"aää€€€", 8, "aää..."}, {"a€€€€", 8, "a€..."},
		{"\x80\x80\x80\x80\x80", 4, "..."},
	} {
		if got := Clip(c.text, c.max); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.text, c.max, got, c.want)
		}
	}
}
