package credential

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// A session has one encoding. Each of these inputs is a second encoding of a session, or no session.
func TestDecodeRefuses(t *testing.T) {
	s := assumed()
	good := s.encode()
	if _, err := decode(good); err != nil {
		t.Fatal(err)
	}
	tags := len(good) - len("\x02\x0bcost-centre\x0242\x04team\x07finance")
	times := 2 + 2*len(s.ID)
	with := func(at int, cut int, insert string) []byte {
		return append(append(bytes.Clone(good[:at]), insert...), good[at+cut:]...)
	}
	for name, data := range map[string][]byte{
		"nothing":                   nil,
		"a further byte":            append(bytes.Clone(good), 0),
		"a byte less":               good[:len(good)-1],
		"the head alone":            good[:times],
		"no kind":                   with(0, 1, "\x00"),
		"an unknown kind":           with(0, 1, "\x63"),
		"an unknown flag":           with(1, 1, "\x80"),
		"a number written too long": with(times, 1, string([]byte{good[times] | 0x80, 0})),
		"an endless number":         with(times, 5, strings.Repeat("\xff", 12)),
		"a text past the end":       with(times+10, 1, "\x7f"),
		"tags out of order":         with(tags, len(good)-tags, "\x02\x04team\x07finance\x0bcost-centre\x0242"),
		"a tag twice":               with(tags, len(good)-tags, "\x03\x04team\x01a\x04team\x07finance"),
		"more tags than bytes":      with(tags, len(good)-tags, string(binary.AppendUvarint(nil, 1<<40))),
		"an issue time of zero":     with(times, 5, "\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := decode(data); err == nil {
				t.Errorf("read as %+v", got)
			}
		})
	}
}
