package access

import (
	"strings"
	"time"
)

// LocationID is "default" for the default location, otherwise a UUID.
type LocationID string

// DefaultLocationID is the id of the location s3://.
const DefaultLocationID LocationID = "default"

// Location is a scope, and the role whose permissions vended credentials have there. The scope never changes. The
// role may.
type Location struct {
	ID        LocationID
	Seq       int64 // order of creation from 1, given by the store
	Account   AccountID
	Region    string
	Scope     LocationScope
	RoleARN   string // as clients see it
	RoleID    string // the role's unique id: a role that was deleted and created again is another role
	CreatedAt time.Time
}

// ARN is the location's ARN.
func (l Location) ARN() string { return InstanceARN(l.Account, l.Region) + "/location/" + string(l.ID) }

// NewLocation makes a location if it may exist. It applies those rules of CreateAccessGrantsLocation that need no
// look-up. l.Scope has been parsed already. For the scope s3:// NewLocation replaces l.ID by DefaultLocationID. The
// caller must find out whether the bucket and the role exist and whether the scope is registered already.
func NewLocation(l Location) (Location, error) {
	if l.Scope.IsZero() {
		return Location{}, refuse(BadLocation, "LocationScope must not be empty")
	}
	if l.Scope.IsDefault() {
		l.ID = DefaultLocationID
	} else if l.ID == "" || l.ID == DefaultLocationID {
		return Location{}, refuse(BadLocation, "The location needs an id")
	}
	if err := CheckRoleARN(l.RoleARN); err != nil {
		return Location{}, err
	}
	l.CreatedAt = l.CreatedAt.UTC().Truncate(time.Microsecond)
	return l, nil
}

// CheckRoleARN refuses what cannot be the ARN of an IAM role.
func CheckRoleARN(s string) error {
	if isPrincipalARN(s, "role/") {
		return nil
	}
	return refuse(BadLocation, "IAMRoleArn is not the ARN of an IAM role")
}

// Instance is the Access Grants instance of an account in a region. There is at most one, and its id is always
// "default".
type Instance struct {
	Account           AccountID
	Region            string
	Seq               int64 // order of creation, given by the store
	IdentityCenterARN string
	ApplicationARN    string // the Identity Center application made for the instance
	CreatedAt         time.Time
}

// InstanceID is the id of every instance.
const InstanceID = "default"

// ARN is the instance's ARN.
func (i Instance) ARN() string { return InstanceARN(i.Account, i.Region) }

// InstanceARN is the ARN of the instance of an account in a region.
func InstanceARN(a AccountID, region string) string {
	return "arn:aws:s3:" + region + ":" + string(a) + ":access-grants/default"
}

// Resource is what a resource ARN names: an instance (both ids empty), a location or a grant.
type Resource struct {
	Account    AccountID
	Region     string
	LocationID LocationID
	GrantID    GrantID
}

// ParseResourceARN reads the ARN of an instance, a location or a grant, as the tag operations have it.
func ParseResourceARN(s string) (Resource, error) {
	bad := refuse(BadARN, "The resource ARN is not the ARN of an access grants resource")
	f := strings.SplitN(s, ":", 6)
	if len(f) != 6 || f[0] != "arn" || f[1] != "aws" || f[2] != "s3" || f[3] == "" || !isAccount(f[4]) {
		return Resource{}, bad
	}
	r := Resource{Account: AccountID(f[4]), Region: f[3]}
	path, ok := strings.CutPrefix(f[5], "access-grants/default")
	if !ok {
		return Resource{}, bad
	}
	if path == "" {
		return r, nil
	}
	if id, ok := strings.CutPrefix(path, "/location/"); ok && id != "" && !strings.Contains(id, "/") {
		r.LocationID = LocationID(id)
		return r, nil
	}
	if text, ok := strings.CutPrefix(path, "/grant/"); ok {
		if id, err := ParseGrantID(text); err == nil {
			r.GrantID = id
			return r, nil
		}
	}
	return Resource{}, bad
}
