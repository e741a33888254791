package gateway

import (
	"strconv"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/objects"
	"latchkey/internal/policy"
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

// requiredPermissions are all the rights that a decoded call needs (Service Authorization Reference, "Actions defined by
// Amazon S3"; S3 user guide, "Required permissions for Amazon S3 API operations"). The first one is on what
// the request addresses. DeleteObjects is not here: its keys are checked one by one.
//
// An operation that is not in this switch is not served, whoever asks.
func requiredPermissions(in any) ([]permission, error) {
	switch in := in.(type) {
	case *s3.GetObjectRequest:
		return read(in.Bucket, in.Key, in.VersionId, in.ExpectedBucketOwner), nil
	case *s3.HeadObjectRequest:
		return read(in.Bucket, in.Key, in.VersionId, in.ExpectedBucketOwner), nil
	case *s3.PutObjectRequest:
		return write(one("s3:PutObject", in.Bucket, in.Key, in.ExpectedBucketOwner), conditions{etag: in.IfMatch, absent: in.IfNoneMatch}, putOptions(in)), nil
	case *s3.DeleteObjectRequest:
		to := one(versioned("s3:DeleteObject", in.VersionId), in.Bucket, in.Key, in.ExpectedBucketOwner)
		state := conditions{etag: in.IfMatch, other: in.IfMatchLastModifiedTime != nil || in.IfMatchSize != nil}
		return write(to, state, writeOptions{bypass: flag(in.BypassGovernanceRetention), version: in.VersionId}), nil
	case *s3.CopyObjectRequest:
		to := write(one("s3:PutObject", in.Bucket, in.Key, in.ExpectedBucketOwner), conditions{etag: in.IfMatch, absent: in.IfNoneMatch}, copyOptions(in))
		return withSource(to, in.CopySource, in.ExpectedSourceBucketOwner)
	case *s3.CreateMultipartUploadRequest:
		return write(one("s3:PutObject", in.Bucket, in.Key, in.ExpectedBucketOwner), conditions{}, uploadOptions(in)), nil
	case *s3.UploadPartRequest:
		return one("s3:PutObject", in.Bucket, in.Key, in.ExpectedBucketOwner), nil
	case *s3.UploadPartCopyRequest:
		return withSource(one("s3:PutObject", in.Bucket, in.Key, in.ExpectedBucketOwner), in.CopySource, in.ExpectedSourceBucketOwner)
	case *s3.CompleteMultipartUploadRequest:
		return write(one("s3:PutObject", in.Bucket, in.Key, in.ExpectedBucketOwner), conditions{etag: in.IfMatch, absent: in.IfNoneMatch}, writeOptions{}), nil
	case *s3.AbortMultipartUploadRequest:
		return one("s3:AbortMultipartUpload", in.Bucket, in.Key, in.ExpectedBucketOwner), nil
	case *s3.ListPartsRequest:
		return one("s3:ListMultipartUploadParts", in.Bucket, in.Key, in.ExpectedBucketOwner), nil
	case *s3.ListMultipartUploadsRequest:
		return listing("s3:ListBucketMultipartUploads", in.Bucket, in.ExpectedBucketOwner, in.Prefix, in.Delimiter, in.MaxUploads), nil
	case *s3.ListObjectsRequest:
		return listing("s3:ListBucket", in.Bucket, in.ExpectedBucketOwner, in.Prefix, in.Delimiter, in.MaxKeys), nil
	case *s3.ListObjectsV2Request:
		return listing("s3:ListBucket", in.Bucket, in.ExpectedBucketOwner, in.Prefix, in.Delimiter, in.MaxKeys), nil
	}
	return nil, fault.New(fault.Unsupported, fault.Operation, "")
}

func one(action string, bucket, key, owner *string) []permission {
	return []permission{{action: action, bucket: text(bucket), key: text(key), owner: text(owner)}}
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
	if text(version) != "" {
		return action + "Version"
	}
	return action
}

// withSource adds the right to read a copy's source. The source is parsed by the one reader of that header.
func withSource(to []permission, source, owner *string) ([]permission, error) {
	bucket, key, version, err := objects.ParseCopySource(text(source))
	if err != nil {
		return nil, err
	}
	to[0].values.Set("s3:x-amz-copy-source", bucket+"/"+key)
	var from []permission
	if version == "" {
		from = read(&bucket, &key, nil, owner)
	} else {
		from = read(&bucket, &key, &version, owner)
	}
	return append(to, from...), nil
}

// listing is the right to list. The condition keys are there only when the client sent the parameters: to
// list without a prefix is to list everything, and s3:prefix is then absent, as on AWS.
func listing(action string, bucket, owner, prefix, delimiter *string, limit *int32) []permission {
	n := permission{action: action, bucket: text(bucket), owner: text(owner)}
	n.set("s3:prefix", prefix)
	n.set("s3:delimiter", delimiter)
	if limit != nil {
		n.values.Set("s3:max-keys", strconv.Itoa(int(*limit)))
	}
	return []permission{n}
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func flag(p *bool) bool { return p != nil && *p }

// prefixes are the texts of a listing that the upstream turns into keys, next to the prefix: where to begin.
// They may lie anywhere, for the prefix bounds what is listed, but a path-mapped store must not fold them.
func prefixes(in any) []string {
	switch in := in.(type) {
	case *s3.ListObjectsRequest:
		return []string{text(in.Prefix), text(in.Marker)}
	case *s3.ListObjectsV2Request:
		return []string{text(in.Prefix), text(in.StartAfter)}
	case *s3.ListMultipartUploadsRequest:
		return []string{text(in.Prefix), text(in.KeyMarker)}
	}
	return nil
}
