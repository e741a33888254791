package broker

import "strings"

// Bounds of a role session name (STS API reference, AssumeRole).
const (
	maxSessionName = 64
	nameMark       = 8 // characters of the session's id behind the name
)

// SessionName is a role session name that says who the session is for, as far as the characters allow that STS takes.
// Two people whose names differ in other characters only are told apart by the beginning of the session's id behind the
// name; the audit record has the whole id.
func SessionName(who, sessionID string) string {
	mark := "-" + sessionID[:min(nameMark, len(sessionID))]
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("_+=,.@-", r):
			return r
		}
		return '_'
	}, who)
	if name == "" {
		name = "latchkey"
	}
	return name[:min(len(name), maxSessionName-len(mark))] + mark
}
