package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
)

// oneLine folds an error of several lines, such as a database driver's, into one. It removes control characters, which
// a server may have put into the text.
func oneLine(text string) string {
	lines := strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return !unicode.IsPrint(r) })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, " ")
}

// clean makes a foreign text fit for a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// inert is a writer of JSON that may go to a terminal. It escapes control characters, which changes no JSON value.
// Others choose the names of people, user agents and targets. Every Write must consist of whole characters.
type inert struct{ to io.Writer }

func (w inert) Write(b []byte) (int, error) {
	var text strings.Builder
	for _, r := range string(b) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			text.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&text, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&text, `\u%04x`, r)
		}
	}
	if _, err := io.WriteString(w.to, text.String()); err != nil {
		return 0, err
	}
	return len(b), nil
}
