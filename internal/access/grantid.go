package access

import "encoding/hex"

// GrantID is the UUID of a grant. No UUID is used twice. A vended credential carries the GrantID of its grant, and
// the index finds and removes grants by it. The zero GrantID names no grant.
type GrantID [16]byte

// ParseGrantID reads a UUID in its usual form of 36 characters, in lower case.
func ParseGrantID(s string) (GrantID, error) {
	var id GrantID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return GrantID{}, refuse(BadID, "The specified access grant id is not valid")
	}
	compact := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(compact)); err != nil || id.String() != s {
		return GrantID{}, refuse(BadID, "The specified access grant id is not valid")
	}
	return id, nil
}

// String is the UUID in its usual form.
func (id GrantID) String() string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// IsZero reports whether id is the zero GrantID.
func (id GrantID) IsZero() bool { return id == GrantID{} }
