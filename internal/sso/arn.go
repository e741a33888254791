package sso

import (
	"crypto/rand"
	"strings"

	"latchkey/internal/access"
)

const (
	applicationPrefix = "apl-"
	issuerPrefix      = "tti-"
)

// Providers of applications.
const (
	CustomProvider = "arn:aws:sso::aws:applicationProvider/custom" // a customer's own OAuth application
	S3Provider     = "arn:aws:sso::aws:applicationProvider/s3"     // S3 Access Grants' application
)

// S3Scope is the scope that S3 Access Grants owns.
const S3Scope = "s3:access_grants:read_write"

// ApplicationARN is the ARN of an application.
func ApplicationARN(account access.AccountID, instanceID, id string) string {
	return "arn:aws:sso::" + string(account) + ":application/" + instanceID + "/" + id
}

// IssuerARN is the ARN of a trusted token issuer.
func IssuerARN(account access.AccountID, instanceID, id string) string {
	return "arn:aws:sso::" + string(account) + ":trustedTokenIssuer/" + instanceID + "/" + id
}

// NewApplicationID makes the id of an application. Its length matters. AWS's plugin for JavaScript makes a role
// session name of the id, and with this length that name has 64 characters, the most that are allowed.
func NewApplicationID() string { return applicationPrefix + strings.ToLower(rand.Text()[:16]) }

// Kind is the kind of resource that an ARN names.
type Kind uint8

// The kinds of resources. The zero Kind is none.
const (
	_ Kind = iota
	KindInstance
	KindApplication
	KindIssuer
)

// Resource is a parsed ARN.
type Resource struct {
	Kind       Kind
	Account    access.AccountID // empty for an instance
	InstanceID string
	ID         string // of the application, the issuer or the instance
}

// ParseARN parses the ARN of an instance, an application or a trusted token issuer. It does not say whether the
// resource exists. A caller that finds a resource by ID must compare the whole ARN with the resource's.
func ParseARN(arn string) (Resource, bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:sso::")
	if !ok {
		return Resource{}, false
	}
	account, path, ok := strings.Cut(rest, ":")
	if !ok {
		return Resource{}, false
	}
	f := strings.Split(path, "/")
	switch {
	case len(f) == 2 && f[0] == "instance" && account == "":
		return Resource{KindInstance, "", f[1], f[1]}, f[1] != ""
	case len(f) != 3 || f[1] == "":
		return Resource{}, false
	case f[0] == "application" && strings.HasPrefix(f[2], applicationPrefix):
		return parsed(KindApplication, account, f)
	case f[0] == "trustedTokenIssuer" && strings.HasPrefix(f[2], issuerPrefix):
		return parsed(KindIssuer, account, f)
	}
	return Resource{}, false
}

func parsed(k Kind, account string, f []string) (Resource, bool) {
	id, err := access.ParseAccountID(account)
	return Resource{k, id, f[1], f[2]}, err == nil
}
