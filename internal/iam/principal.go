package iam

import (
	"strings"

	"latchkey/internal/access"
)

// PrincipalARN is a parsed ARN of an IAM user or role, the only kinds of IAM principal that may hold a
// grant (S3 user guide, "Working with grants").
type PrincipalARN struct {
	Account access.AccountID
	Role    bool   // a role; otherwise a user
	Path    string // "/" or "/a/b/"
	Name    string
}

// ParsePrincipalARN parses arn:aws:iam::ACCOUNT:user/PATH/NAME and ...:role/PATH/NAME. Any other ARN (a
// group, the account root, an assumed-role session) is not ok.
func ParsePrincipalARN(arn string) (PrincipalARN, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] == "" || parts[2] != "iam" || parts[3] != "" {
		return PrincipalARN{}, false
	}
	account, err := access.ParseAccountID(parts[4])
	if err != nil {
		return PrincipalARN{}, false
	}
	p := PrincipalARN{Account: account}
	rest, isRole := strings.CutPrefix(parts[5], "role")
	if !isRole {
		var isUser bool
		if rest, isUser = strings.CutPrefix(parts[5], "user"); !isUser {
			return PrincipalARN{}, false
		}
	}
	p.Role = isRole
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 || !strings.HasPrefix(rest, "/") {
		return PrincipalARN{}, false
	}
	p.Path, p.Name = rest[:slash+1], rest[slash+1:]
	if p.Name == "" {
		return PrincipalARN{}, false
	}
	return p, true
}

// RootARN is the ARN of an account's root user.
func RootARN(a access.AccountID) string { return "arn:aws:iam::" + string(a) + ":root" }

// SessionARN is the ARN of a session of a role. The role's path is not part of it (STS API reference,
// AssumedRoleUser).
func SessionARN(a access.AccountID, roleName, session string) string {
	return "arn:aws:sts::" + string(a) + ":assumed-role/" + roleName + "/" + session
}
