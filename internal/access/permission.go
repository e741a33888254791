package access

// Permission is what may be done with the data. The zero Permission is invalid, covers nothing and is
// covered by nothing.
type Permission uint8

// The permissions. They are bit sets: READWRITE is READ and WRITE.
const (
	Read      Permission = 1
	Write     Permission = 2
	ReadWrite Permission = Read | Write
)

// ParsePermission reads READ, WRITE or READWRITE, in capitals as AWS writes them.
func ParsePermission(s string) (Permission, error) {
	switch s {
	case "READ":
		return Read, nil
	case "WRITE":
		return Write, nil
	case "READWRITE":
		return ReadWrite, nil
	}
	return 0, refuse(BadPermission, "Permission must be one of READ, WRITE, READWRITE")
}

// Valid reports whether p is one of the three permissions.
func (p Permission) Valid() bool { return p >= Read && p <= ReadWrite }

// Covers reports whether one grant of p suffices for a request of q.
func (p Permission) Covers(q Permission) bool { return p.Valid() && q.Valid() && p&q == q }

// String is the name on the wire. An invalid permission has the empty name.
func (p Permission) String() string {
	switch p {
	case Read:
		return "READ"
	case Write:
		return "WRITE"
	case ReadWrite:
		return "READWRITE"
	}
	return ""
}

// Privilege says how much of the winning grant a credential covers. The zero Privilege is Minimal, so that code that
// forgets to set it never widens a credential. A client that sends no privilege gets Default: see ParsePrivilege.
type Privilege uint8

// The privileges (GetDataAccess, parameter privilege).
const (
	Minimal Privilege = iota // the target only
	Default                  // the whole scope of the winning grant
)

// ParsePrivilege reads Default or Minimal. The empty text means Default.
func ParsePrivilege(s string) (Privilege, error) {
	switch s {
	case "", "Default":
		return Default, nil
	case "Minimal":
		return Minimal, nil
	}
	return Minimal, refuse(BadPrivilege, "Privilege must be one of Minimal, Default")
}

// String is the name on the wire.
func (p Privilege) String() string {
	if p == Default {
		return "Default"
	}
	return "Minimal"
}
