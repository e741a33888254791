package oauth

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable refuses characters that a page or a record would show as something else than they are: control and format
// characters, spaces other than the plain one, those that Unicode lets a program leave out (such as fillers and
// selectors), and those that look like nothing.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
			strings.ContainsRune(blanks, r) {
			return false
		}
	}
	return true
}

// blanks are printable characters that show nothing: the combining grapheme joiner, the empty Braille pattern, and
// vowels of Khmer that are not drawn.
const blanks = "\u034f\u2800\u17b4\u17b5"

// isPort reports whether a URL names no port, or one that there is.
func isPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == u.Port()
}
