package sso

import (
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
)

// Issuer is a trusted token issuer: a foreign OpenID provider whose tokens name people of the directory.
type Issuer struct {
	ID         string // tti- and a UUID
	InstanceID string
	Account    access.AccountID
	Name       string
	URL        string // byte for byte the iss claim of its tokens; never changes
	ClaimPath  string // of the claim that names the user, such as email
	StorePath  string // of the directory's attribute that the claim is compared with: one of StorePaths
	Created    time.Time
	Tags       []access.Tag

	Seq         int64  // order of creation, given by the store
	ClientToken string // that it was created with; empty: none
	Digest      string // of what it was created with
}

// ARN is the issuer's ARN.
func (i *Issuer) ARN() string { return IssuerARN(i.Account, i.InstanceID, i.ID) }

// NewIssuerID makes the id of an issuer.
func NewIssuerID() string { return issuerPrefix + uuid.NewString() }

// The attributes of directory users that a claim can be compared with (IAM Identity Center user guide, "Using
// applications with a trusted token issuer").
const (
	ByUserName   = "userName"
	ByEmail      = "emails.value"
	ByExternalID = "externalId"
)

// IsStorePath reports whether a claim can be compared with this attribute.
func IsStorePath(path string) bool {
	return path == ByUserName || path == ByEmail || path == ByExternalID
}
