package access

import (
	"strings"
	"time"
)

// Grant lets a grantee use the data of a scope. A grant never changes: it is created and deleted.
type Grant struct {
	ID             GrantID
	Seq            int64 // order of creation from 1, given by the store; no two grants of an instance have the same
	Account        AccountID
	Region         string
	LocationID     LocationID
	SubPrefix      string     // as the client gave it, may be empty
	Grantee        Grantee    // as clients see it
	Principal      string     // the identity id that requests are matched on, see Identity
	Permission     Permission // READ, WRITE or READWRITE
	ApplicationARN string     // empty: any application
	Scope          Scope      // location scope and sub prefix joined
	Object         bool       // created with S3PrefixType=Object
	CreatedAt      time.Time  // microseconds, UTC
}

// ARN is the grant's ARN.
func (g Grant) ARN() string { return InstanceARN(g.Account, g.Region) + "/grant/" + g.ID.String() }

// Identity is the identity that the grant is for.
func (g Grant) Identity() Identity { return Identity{g.Grantee.Type, g.Principal} }

// GrantKey is what two grants of an instance may not have in common (AccessGrantAlreadyExists): the scope, the
// identity, the permission and the application. READ and WRITE on one scope are two grants.
type GrantKey struct {
	Account        AccountID
	Region         string
	Scope          string
	Identity       Identity
	Permission     Permission
	ApplicationARN string
}

// Key is the grant's key.
func (g Grant) Key() GrantKey {
	return GrantKey{g.Account, g.Region, g.Scope.String(), g.Identity(), g.Permission, g.ApplicationARN}
}

// GrantSpec is what NewGrant makes a grant of.
type GrantSpec struct {
	ID             GrantID
	Now            time.Time
	Location       Location
	SubPrefix      string
	Object         bool // S3PrefixType=Object
	Grantee        Grantee
	Principal      string // the grantee's immutable id, looked up by the caller
	Permission     Permission
	ApplicationARN string // empty: any application
}

// NewGrant makes a grant of the spec if such a grant may exist. It applies those rules of CreateAccessGrant that need
// no look-up. The caller must find out whether the bucket, the grantee and the application exist, and whether the
// same grant exists already. The store gives the grant its Seq.
func NewGrant(spec GrantSpec) (Grant, error) {
	grantee, err := ParseGrantee(spec.Grantee.Type, spec.Grantee.ID)
	if err != nil {
		return Grant{}, err
	}
	if spec.Principal == "" || len(spec.Principal) > maxName {
		return Grant{}, refuse(BadGrantee, invalidGrantee)
	}
	if !spec.Permission.Valid() {
		return Grant{}, refuse(BadPermission, "Permission must be one of READ, WRITE, READWRITE")
	}
	if spec.ApplicationARN != "" && !isApplicationARN(spec.ApplicationARN) {
		return Grant{}, refuse(BadApplication, "ApplicationArn is not the ARN of an application")
	}
	if spec.ID.IsZero() || spec.Location.ID == "" {
		return Grant{}, refuse(BadGrant, "The access grant needs an id and a location")
	}
	scope, err := Join(spec.Location.Scope, spec.SubPrefix, spec.Object)
	if err != nil {
		return Grant{}, err
	}
	return Grant{
		ID:             spec.ID,
		Account:        spec.Location.Account,
		Region:         spec.Location.Region,
		LocationID:     spec.Location.ID,
		SubPrefix:      spec.SubPrefix,
		Grantee:        grantee,
		Principal:      spec.Principal,
		Permission:     spec.Permission,
		ApplicationARN: spec.ApplicationARN,
		Scope:          scope,
		Object:         spec.Object,
		CreatedAt:      spec.Now.UTC().Truncate(time.Microsecond),
	}, nil
}

// maxName bounds the length of every name that the index keeps, in bytes.
const maxName = 2048

// isApplicationARN checks arn:{partition}:sso::{account}:application/{...} of 10 to 1224 characters.
func isApplicationARN(s string) bool {
	const resource = "application/"
	if len(s) < 10 || len(s) > 1224 {
		return false
	}
	f := strings.SplitN(s, ":", 6)
	if len(f) != 6 || f[0] != "arn" || f[1] == "" || f[2] != "sso" || f[3] != "" || !isAccount(f[4]) {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return strings.HasPrefix(f[5], resource) && len(f[5]) > len(resource)
}
