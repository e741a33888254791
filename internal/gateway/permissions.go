package gateway

import (
	"strconv"

	"latchkey/internal/awswire"
	"latchkey/internal/credential"
	"latchkey/internal/policy"
	"latchkey/internal/upstream"
)

// permission is one permission that an operation needs: for an action on a bucket, or on a key in it.
type permission struct {
	action string
	bucket string
	key    string  // empty: the bucket itself
	prefix *string // of a listing, as the client sent it; nil: none
	owner  string  // the account that the client expects to own the bucket; empty: any
	values policy.Values

	// resolvable says that a grant of the caller may answer in place of a policy: see resolve. It is false unless the
	// operation is one that vended credentials reach.
	resolvable bool
	open       bool                // no grant answered, and nothing of the caller's own stands against one that would
	supposed   *credential.Session // what GetDataAccess would vend, if only a question is asked
	by         *credential.Session // what GetDataAccess would vend, if a grant answered; nil: policies did
}

func (n *permission) resource() string {
	if n.key == "" {
		return "arn:aws:s3:::" + n.bucket
	}
	return "arn:aws:s3:::" + n.bucket + "/" + n.key
}

// The row of an operation has its permissions (Service Authorization Reference, "Actions defined by Amazon S3"; S3 user
// guide, "Required permissions for Amazon S3 API operations"). Rows are made of what follows.

// one is a single permission, on a bucket or a key in it.
func one(action string, bucket, key, owner *string) []permission {
	return []permission{{
		action: action,
		bucket: awswire.Value(bucket),
		key:    awswire.Value(key),
		owner:  awswire.Value(owner),
	}}
}

// puts is the permission to write an object. creates says whether the object is there when the operation has succeeded.
// Policies that demand a conditional write (If-None-Match) exempt the parts of a multipart upload by this key.
func puts(bucket, key, owner *string, creates bool) []permission {
	all := one("s3:PutObject", bucket, key, owner)
	all[0].values.Set("s3:ObjectCreationOperation", strconv.FormatBool(creates))
	return all
}

// read is the permission to read an object, or one version of it.
func read(bucket, key, version, owner *string) []permission {
	all := one(versioned("s3:GetObject", version), bucket, key, owner)
	all[0].set("s3:VersionId", version)
	return all
}

// set makes a parameter of the request a condition key, if the client sent it.
func (n *permission) set(condition string, v *string) {
	if v != nil {
		n.values.Set(condition, *v)
	}
}

// versioned is the action on a version of an object, if there is a version: S3 has actions of their own for versions.
func versioned(action string, version *string) string {
	if awswire.Value(version) != "" {
		return action + "Version"
	}
	return action
}

// withSource adds the permission to read a copy's source. upstream.ParseCopySource is the only reader of that header.
func withSource(to []permission, source, owner *string) ([]permission, error) {
	of, err := upstream.ParseCopySource(awswire.Value(source))
	if err != nil {
		return nil, err
	}
	to[0].values.Set("s3:x-amz-copy-source", of.Bucket+"/"+of.Key)
	var version *string
	if of.Version != "" {
		version = &of.Version
	}
	from := read(&of.Bucket, &of.Key, version, owner)
	return append(to, from...), nil
}

// listing adds the condition keys of a listing to its permission. A condition key is set only if the client sent the
// parameter. A client that lists without a prefix lists everything, and s3:prefix is then absent, as on AWS.
func listing(to []permission, prefix, delimiter *string, limit *int32) []permission {
	n := &to[0]
	n.prefix = prefix
	n.set("s3:prefix", prefix)
	n.set("s3:delimiter", delimiter)
	if limit != nil {
		n.values.Set("s3:max-keys", strconv.Itoa(int(*limit)))
	}
	return to
}
