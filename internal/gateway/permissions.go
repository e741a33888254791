package gateway

import (
	"strconv"

	"latchkey/internal/awswire"
	"latchkey/internal/policy"
	"latchkey/internal/upstream"
)

// permission is one right that an operation needs: an action on a bucket, or on a key in it.
type permission struct {
	action string
	bucket string
	key    string // empty: the bucket itself
	owner  string // the account that the client expects to own the bucket; empty: any
	values policy.Values
}

func (n *permission) resource() string {
	if n.key == "" {
		return "arn:aws:s3:::" + n.bucket
	}
	return "arn:aws:s3:::" + n.bucket + "/" + n.key
}

// The permissions of each operation stand in its row (Service Authorization Reference, "Actions defined by Amazon S3";
// S3 user guide, "Required permissions for Amazon S3 API operations"). What follows is what rows are made of.

// one is a single permission, on a bucket or a key in it.
func one(action string, bucket, key, owner *string) []permission {
	return []permission{{
		action: action,
		bucket: awswire.Value(bucket),
		key:    awswire.Value(key),
		owner:  awswire.Value(owner),
	}}
}

// read is the right to read an object, or one version of it.
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

// versioned is the action on a version of an object: versioned reads are rights of their own.
func versioned(action string, version *string) string {
	if awswire.Value(version) != "" {
		return action + "Version"
	}
	return action
}

// withSource adds the right to read a copy's source. The source is parsed by the one reader of that header.
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

// listing is the right to list. The condition keys are there only when the client sent the parameters: to
// list without a prefix is to list everything, and s3:prefix is then absent, as on AWS.
func listing(to []permission, prefix, delimiter *string, limit *int32) []permission {
	n := &to[0]
	n.set("s3:prefix", prefix)
	n.set("s3:delimiter", delimiter)
	if limit != nil {
		n.values.Set("s3:max-keys", strconv.Itoa(int(*limit)))
	}
	return to
}
