package iam

import (
	"time"

	"latchkey/internal/access"
)

// Account is an account as AWS has them. It owns users, roles, buckets and at most one Access Grants instance in each
// region.
type Account struct {
	ID      access.AccountID
	Name    string
	Created time.Time

	// ResolveGrants lets S3 requests for the account's buckets be answered by the grants of their caller. It is set in
	// every account that is made, and absent from the rows of earlier releases.
	ResolveGrants bool `json:",omitempty"`
}

// Tag is a key and a value on an entity.
type Tag struct{ Key, Value string }

// Policies are the policies of a user or a role.
type Policies struct {
	Inline   []Inline // in the order of their names
	Attached []string // ARNs of managed policies, in the order of attachment
	Boundary string   // ARN of the permissions boundary; empty: none
}

// Inline is a policy document embedded in a user or a role.
type Inline struct{ Name, Document string }

// User is an IAM user.
type User struct {
	ID      string // AIDA..., immutable
	Account access.AccountID
	Name    string
	Path    string
	Created time.Time
	Tags    []Tag
	Policies
}

// ARN is the user's ARN.
func (u *User) ARN() string { return "arn:aws:iam::" + string(u.Account) + ":user" + u.Path + u.Name }

// Role is an IAM role.
type Role struct {
	ID          string // AROA..., immutable
	Account     access.AccountID
	Name        string
	Path        string
	Description string
	MaxSession  time.Duration // MaxSessionDuration; one hour unless set
	Trust       string        // the trust policy document, with principals replaced by their immutable ids (see control)
	Created     time.Time
	Tags        []Tag
	Policies
}

// ARN is the role's ARN.
func (r *Role) ARN() string { return "arn:aws:iam::" + string(r.Account) + ":role" + r.Path + r.Name }

// KeyStatus is Active or Inactive.
type KeyStatus string

// The states of an access key.
const (
	Active   KeyStatus = "Active"
	Inactive KeyStatus = "Inactive"
)

// AccessKey is a long-term key of a user or of an account's root.
type AccessKey struct {
	ID      string // AKIA...
	Account access.AccountID
	UserID  string // empty: the account's root key
	Sealed  []byte // the secret, sealed by the key ring; never the secret itself
	Status  KeyStatus
	Created time.Time
}

// ManagedPolicy is a customer-managed policy with its versions.
type ManagedPolicy struct {
	ID          string // ANPA..., immutable
	Account     access.AccountID
	Name        string
	Path        string
	Description string
	Versions    []PolicyVersion // at most five, oldest first
	Default     string          // id of the default version, such as "v2"
	NextVersion int             // the number of the next version
	Created     time.Time
	Updated     time.Time
	Tags        []Tag
}

// PolicyVersion is one version of a managed policy.
type PolicyVersion struct {
	ID       string // v1, v2, ...
	Document string
	Created  time.Time
}

// ARN is the policy's ARN.
func (p *ManagedPolicy) ARN() string {
	return "arn:aws:iam::" + string(p.Account) + ":policy" + p.Path + p.Name
}

// Document is the text of the default version.
func (p *ManagedPolicy) Document() string {
	for _, v := range p.Versions {
		if v.ID == p.Default {
			return v.Document
		}
	}
	return ""
}
