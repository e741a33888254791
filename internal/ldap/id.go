package ldap

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/uuid"
)

// identify is the immutable id of an entry as text. If the entry has no usable id, id is empty and problem says why.
func identify(e *ldap.Entry, attribute string) (id, problem string) {
	raw := rawValues(e, attribute)
	if len(raw) != 1 {
		return "", fmt.Sprintf("it has %d values of %s, and needs one", len(raw), attribute)
	}
	if strings.EqualFold(attribute, "objectGUID") {
		if len(raw[0]) != 16 {
			return "", "its objectGUID is not 16 bytes long"
		}
		return guid(raw[0]), ""
	}
	id = string(raw[0])
	if id == "" || len(id) > 256 {
		return "", "its " + attribute + " is empty or too long"
	}
	for _, c := range raw[0] {
		if c <= ' ' || c > '~' {
			return "", "its " + attribute + " is not plain text"
		}
	}
	if u, err := uuid.Parse(id); err == nil && len(id) == 36 {
		id = u.String() // UUIDs that differ only in case are equal
	}
	return id, ""
}

// guid is an objectGUID as the tools of Active Directory show it. Its first three fields are little-endian ([MS-DTYP]
// 2.3.4.2).
func guid(b []byte) string {
	var u uuid.UUID
	copy(u[:], b)
	binary.BigEndian.PutUint32(u[0:], binary.LittleEndian.Uint32(b[0:]))
	binary.BigEndian.PutUint16(u[4:], binary.LittleEndian.Uint16(b[4:]))
	binary.BigEndian.PutUint16(u[6:], binary.LittleEndian.Uint16(b[6:]))
	return u.String()
}

// splitSID splits an objectSid into its domain and the relative id in that domain, which is the last sub-authority
// ([MS-DTYP] 2.4.2.2).
func splitSID(b []byte) (domain string, rid uint32, ok bool) {
	if len(b) < 12 || b[0] != 1 || len(b) != 8+4*int(b[1]) {
		return "", 0, false
	}
	last := len(b) - 4
	return string(b[2:last]), binary.LittleEndian.Uint32(b[last:]), true
}

func rawValues(e *ldap.Entry, attribute string) [][]byte {
	for _, a := range e.Attributes {
		if strings.EqualFold(a.Name, attribute) {
			return a.ByteValues
		}
	}
	return nil
}
