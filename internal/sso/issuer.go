package sso

import (
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
)

// Issuer is a trusted token issuer: an external OpenID provider whose tokens name users of the directory.
type Issuer struct {
	ID         string // tti- and a UUID
	InstanceID string
	Account    access.AccountID
	Name       string
	URL        string // equal to the iss claim of its tokens, byte by byte; never changes
	ClaimPath  string // of the claim that names the user, such as email
	StorePath  string // of the directory attribute that the claim is compared with: one of the constants below
	Created    time.Time
	Tags       []access.Tag
	Limits     Limits `json:",omitzero"`

	Seq         int64  // order of creation, given by the store
	ClientToken string // the client token of the request that created it; empty: none
	Digest      string // a digest of the request that created it
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

// IsStorePath reports whether a claim can be compared with the attribute at this path.
func IsStorePath(path string) bool {
	return path == ByUserName || path == ByEmail || path == ByExternalID
}
