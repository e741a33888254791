package access

import "strings"

// GranteeType is the kind of a grantee. The zero GranteeType is invalid. Among grants that are otherwise equal, the
// one with the smaller GranteeType wins.
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

// String is the name on the wire. An invalid kind has the empty name.
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

// Grantee is the grantee of a grant as clients see it: the ARN of a user or a role, or a directory id. Requests are
// matched on an Identity instead.
type Grantee struct {
	Type GranteeType
	ID   string
}

// Identity is one of the identities of a caller. Its Principal is the unique id of an IAM user or role (AIDA...,
// AROA...) or a directory id, and is never given to anybody else. A user or role that was deleted and created again
// therefore has another Identity. Identities are compared byte by byte, together with their kind.
type Identity struct {
	Type      GranteeType
	Principal string
}

const invalidGrantee = "Invalid Grantee in the request"

// ParseGrantee reads a grantee. For IAM the id is the ARN of a user or a role of any account; ParseGrantee refuses
// groups, root users, assumed-role ARNs and wildcards. For a directory the id has 1 to 47 letters, digits and
// hyphens. The caller must find out whether the grantee exists.
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
