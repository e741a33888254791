package gateway

import (
	"cmp"

	"latchkey/internal/access"
	"latchkey/internal/awswire"
	"latchkey/internal/caller"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// A vended credential has a ceiling: the scope and the permission that are sealed in it. The ceiling is checked before
// any policy is asked, and no policy lifts it. The session policy of the credential alone would not do. By AWS's logic
// a bucket policy that names everybody, or the session of the location's role, admits a session whatever its session
// policy says, to other prefixes and to the bucket policy itself.

// reach says whether a vended credential reaches an operation. It reaches no operation whose row is not marked.
type reach uint8

const (
	unmarked       reach = iota // TestRowsAreWhole refuses such a row
	dataReach                   // reading and writing data within the scope; the set of AWS, see dataActions
	administrative              // closed to vended credentials
)

// String is the mark as docs/s3.md has it.
func (r reach) String() string { return [...]string{"", "yes", "no"}[min(r, administrative)] }

// dataLevel says which permission an action of AWS's set needs, and whether the action is on the bucket.
type dataLevel struct {
	needs  access.Permission
	onList bool
}

// dataActions are the actions that a vended credential may have (S3 user guide, "Work with S3 Access Grants: supported
// S3 APIs"). Nothing else is within a ceiling, neither tags nor retention nor a bucket's location.
var dataActions = map[string]dataLevel{
	"s3:GetObject":                {access.Read, false},
	"s3:GetObjectVersion":         {access.Read, false},
	"s3:GetObjectAcl":             {access.Read, false},
	"s3:GetObjectVersionAcl":      {access.Read, false},
	"s3:ListMultipartUploadParts": {access.Read, false},

	"s3:PutObject":            {access.Write, false},
	"s3:PutObjectAcl":         {access.Write, false},
	"s3:PutObjectVersionAcl":  {access.Write, false},
	"s3:DeleteObject":         {access.Write, false},
	"s3:DeleteObjectVersion":  {access.Write, false},
	"s3:AbortMultipartUpload": {access.Write, false},

	"s3:ListBucket":                 {access.Read, true},
	"s3:ListBucketVersions":         {access.Read, true},
	"s3:ListBucketMultipartUploads": {access.Read, true},
}

// checkReach refuses an operation that vended credentials do not reach. bucket is the addressed one, empty for none.
func (o *operation) checkReach(who *caller.Caller, bucket string) error {
	if !who.IsVended() || o.reach == dataReach {
		return nil
	}
	n := permission{action: "s3:" + o.Name, bucket: cmp.Or(bucket, "*")}
	if len(o.actions) > 0 {
		n.action = o.actions[0].name
	}
	return above(who, &n, fault.AdministrationClosed)
}

// addressed is the bucket in the path of a request. It is empty for an operation on no bucket.
func addressed(labels awswire.Labels) string { return labels["Bucket"] }

// checkCeiling refuses a permission that lies above the caller's ceiling. Every permission that a call needs is
// checked, also on a copy's source and on each key of a DeleteObjects.
func checkCeiling(who *caller.Caller, n *permission) error {
	if !who.IsVended() {
		return nil
	}
	s := who.Session
	scope, err := access.ParseScope(s.Scope)
	if err != nil {
		return above(who, n, fault.SessionInvalid)
	}
	holds, err := access.ParsePermission(s.Permission)
	if err != nil {
		return above(who, n, fault.SessionInvalid)
	}
	level, known := dataActions[n.action]
	switch {
	case !known:
		return above(who, n, fault.AdministrationClosed)
	case !holds.Covers(level.needs):
		return above(who, n, fault.PermissionExceeded)
	case level.onList && (s.ObjectOnly || n.key != "" || !scope.ContainsPrefix(n.bucket, awswire.Value(n.prefix))):
		return above(who, n, fault.ScopeExceeded)
	case !level.onList && (n.key == "" || !scope.ContainsKey(n.bucket, n.key)):
		return above(who, n, fault.ScopeExceeded)
	}
	return nil
}

// above is the refusal of what lies above a ceiling, in the words in which AWS refuses what a session policy does not
// allow.
func above(who *caller.Caller, n *permission, why fault.Reason) error {
	return fault.New(fault.Denied, "", "%s", caller.Denial{
		User: who.ARN(), Action: n.action, Resource: n.resource(), Quoted: true,
		Because: policy.NoSessionPolicy(n.action).Because(),
	}).For(why)
}
