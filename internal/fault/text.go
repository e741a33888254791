package fault

import (
	"fmt"
	"strings"
)

// The longest texts of a fault, in bytes. What is longer is clipped, because clients, logs and audit records get these
// texts, and a client can often choose what is in them.
const (
	MaxText  = 8 << 10
	MaxField = 16 << 10
)

// Text is prose that somebody outside may read. It clips itself: no Text is longer than MaxText. The zero Text is
// empty.
type Text struct{ s string }

// Textf makes a text. Without arguments the format is the text.
func Textf(format string, args ...any) Text {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return Text{Clip(format, MaxText)}
}

// String returns the text.
func (t Text) String() string { return t.s }

// ellipsis stands for what was clipped.
const ellipsis = "..."

// Clip shortens a text to at most max bytes, without cutting a character in two. It marks what it shortened. max must
// have room for the mark.
func Clip(s string, max int) string {
	if len(s) <= max {
		return s
	}
	end := max - len(ellipsis)
	for end > 0 && s[end]&0xC0 == 0x80 { // within a character of UTF-8
		end--
	}
	return strings.Clone(s[:end]) + ellipsis // a clone, so that the rest of the text is not kept
}
