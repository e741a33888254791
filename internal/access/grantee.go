package access

import "strings"

// GranteeType is the kind of a grantee. The zero GranteeType is invalid. Their order is the order in
// which equal grants win.
type GranteeType uint8

// The kinds of grantees.
const (
	DirectoryUser  GranteeType = 1
	DirectoryGroup GranteeType = 2
	IAM            GranteeType = 3
)

// ParseGranteeType reads DIRECTORY_USER, DIRECTORY_GROUP or IAM.
func ParseGranteeType(s string) (GranteeType, error) {
	switch s {
	case "DIRECTORY_USER":
		return DirectoryUser, nil
	case "DIRECTORY_GROUP":
		return DirectoryGroup, nil
	case "IAM":
		return IAM, nil
	}
	return 0, refuse(BadGrantee, "GranteeType must be one of DIRECTORY_USER, DIRECTORY_GROUP, IAM")
}

// Valid reports whether t is one of the three kinds.
func (t GranteeType) Valid() bool { return t >= DirectoryUser && t <= IAM }

// String is the name on the wire; an invalid kind has none.
func (t GranteeType) String() string {
	switch t {
	case DirectoryUser:
		return "DIRECTORY_USER"
	case DirectoryGroup:
		return "DIRECTORY_GROUP"
	case IAM:
		return "IAM"
	}
	return ""
}

// Grantee is whom a grant is given to, as clients see it: a user or role ARN, or a directory id. Requests
// are not matched on it: see Identity.
type Grantee struct {
	Type GranteeType
	ID   string
}

// Identity is one of the identities of a caller. Principal never passes to anybody else: the unique id of
// an IAM user or role (AIDA..., AROA...), or a directory id. A deleted and re-created user or role has
// another one and is a stranger. Identities are compared byte by byte, kind included.
type Identity struct {
	Type      GranteeType
	Principal string
}

const invalidGrantee = "Invalid Grantee in the request"

// ParseGrantee reads a grantee. For IAM the id is the ARN of a user or a role, of any account; groups,
// roots, assumed-role ARNs and wildcards are refused. For a directory it is a directory id of 1 to 47
// letters, digits and hyphens. Whether the grantee exists is for the caller to find out.
func ParseGrantee(t GranteeType, id string) (Grantee, error) {
	ok := false
	switch t {
	case IAM:
		ok = isPrincipalARN(id, "user/") || isPrincipalARN(id, "role/")
	case DirectoryUser, DirectoryGroup:
		ok = isDirectoryID(id)
	}
	if !ok {
		return Grantee{}, refuse(BadGrantee, invalidGrantee)
	}
	return Grantee{Type: t, ID: id}, nil
}

// isPrincipalARN checks arn:{partition}:iam::{account}:{user|role}/{path}{name}.
func isPrincipalARN(s, resource string) bool {
	if len(s) > 2048 {
		return false
	}
	f := strings.SplitN(s, ":", 6)
	if len(f) != 6 || f[0] != "arn" || f[1] == "" || f[2] != "iam" || f[3] != "" || !isAccount(f[4]) {
		return false
	}
	name, ok := strings.CutPrefix(f[5], resource)
	if !ok || name == "" || strings.HasSuffix(name, "/") {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '*' || c == '?' || c == ':' {
			return false
		}
	}
	return true
}

func isDirectoryID(s string) bool {
	if len(s) == 0 || len(s) > 47 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-') {
			return false
		}
	}
	return true
}
