package gateway

import (
	"io"
	"slices"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
)

// The permissions that headers of a write need, besides the permission to write: see write.
var (
	readsETag = declaredAction{"s3:GetObject", "with a condition on the object that is there, such as If-Match"}
	lists     = declaredAction{"s3:ListBucket", "to be told that the key does not exist (else AccessDenied)"}
	bypasses  = declaredAction{"s3:BypassGovernanceRetention", "with x-amz-bypass-governance-retention"}

	writeOptionActions = []declaredAction{
		{"s3:PutObjectAcl", "with x-amz-acl or x-amz-grant-*"},
		{"s3:PutObjectTagging", "with x-amz-tagging"},
		{"s3:PutObjectRetention", "with x-amz-object-lock-mode or -retain-until-date"},
		{"s3:PutObjectLegalHold", "with x-amz-object-lock-legal-hold"},
	}
	sourceActions = []declaredAction{
		{"s3:GetObject", "on the source"},
		{"s3:GetObjectVersion", "on the source instead, with versionId"},
	}
)

// objectOperations are the operations on objects.
var objectOperations = []*operation{
	row(s3.GetObject, spec[s3.GetObjectRequest]{
		plane: data, answerer: byUpstream, reach: dataReach, readOnly: true,
		actions: []declaredAction{always("s3:GetObject"), versionAction("s3:GetObject"), lists},
		permissions: func(in *s3.GetObjectRequest) ([]permission, error) {
			return read(in.Bucket, in.Key, in.VersionId, in.ExpectedBucketOwner), nil
		},
	}),
	row(s3.HeadObject, spec[s3.HeadObjectRequest]{
		plane: data, answerer: byUpstream, reach: dataReach, readOnly: true,
		actions: []declaredAction{always("s3:GetObject"), versionAction("s3:GetObject"), lists},
		permissions: func(in *s3.HeadObjectRequest) ([]permission, error) {
			return read(in.Bucket, in.Key, in.VersionId, in.ExpectedBucketOwner), nil
		},
	}),
	row(s3.PutObject, spec[s3.PutObjectRequest]{
		plane: data, answerer: byUpstream, reach: dataReach,
		actions: slices.Concat([]declaredAction{always("s3:PutObject")}, writeOptionActions, []declaredAction{readsETag}),
		permissions: func(in *s3.PutObjectRequest) ([]permission, error) {
			to := puts(in.Bucket, in.Key, in.ExpectedBucketOwner, true)
			return write(to, conditions{etag: in.IfMatch, absent: in.IfNoneMatch}, putOptions(in)), nil
		},
		stream: func(in *s3.PutObjectRequest) *io.ReadCloser { return &in.Body },
	}),
	row(s3.DeleteObject, spec[s3.DeleteObjectRequest]{
		plane: data, answerer: byUpstream, reach: dataReach,
		actions: []declaredAction{always("s3:DeleteObject"), versionAction("s3:DeleteObject"), readsETag, bypasses},
		permissions: func(in *s3.DeleteObjectRequest) ([]permission, error) {
			to := one(versioned("s3:DeleteObject", in.VersionId), in.Bucket, in.Key, in.ExpectedBucketOwner)
			state := conditions{etag: in.IfMatch, other: in.IfMatchLastModifiedTime != nil || in.IfMatchSize != nil}
			options := writeOptions{bypass: awswire.Value(in.BypassGovernanceRetention), version: in.VersionId}
			return write(to, state, options), nil
		},
	}),
	row(s3.DeleteObjects, spec[s3.DeleteObjectsRequest]{
		plane: data, answerer: byUpstream, reach: dataReach, budget: keys,
		actions: []declaredAction{
			{"s3:DeleteObject", "for each key by itself"}, versionAction("s3:DeleteObject"), readsETag, bypasses,
		},
		do: (*Gateway).deleteObjects, // checks each key
	}),
	row(s3.CopyObject, spec[s3.CopyObjectRequest]{
		plane: data, answerer: byUpstream, reach: dataReach,
		actions: slices.Concat(
			[]declaredAction{always("s3:PutObject")}, sourceActions, writeOptionActions, []declaredAction{readsETag, lists},
		),
		permissions: func(in *s3.CopyObjectRequest) ([]permission, error) {
			to := puts(in.Bucket, in.Key, in.ExpectedBucketOwner, true)
			to = write(to, conditions{etag: in.IfMatch, absent: in.IfNoneMatch}, copyOptions(in))
			return withSource(to, in.CopySource, in.ExpectedSourceBucketOwner)
		},
	}),
}
