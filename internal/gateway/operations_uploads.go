package gateway

import (
	"io"
	"slices"

	"latchkey/internal/awsapi/s3"
)

// uploadOperations are the operations of multipart uploads, except their listings.
var uploadOperations = []*operation{
	row(s3.CreateMultipartUpload, spec[s3.CreateMultipartUploadRequest]{
		plane: data, answerer: byUpstream, reach: dataReach,
		actions: slices.Concat([]declaredAction{always("s3:PutObject")}, writeOptionActions),
		permissions: func(in *s3.CreateMultipartUploadRequest) ([]permission, error) {
			to := puts(in.Bucket, in.Key, in.ExpectedBucketOwner, false)
			return write(to, conditions{}, uploadOptions(in)), nil
		},
	}),
	row(s3.UploadPart, spec[s3.UploadPartRequest]{
		plane: data, answerer: byUpstream, reach: dataReach,
		actions: []declaredAction{always("s3:PutObject")},
		permissions: func(in *s3.UploadPartRequest) ([]permission, error) {
			return puts(in.Bucket, in.Key, in.ExpectedBucketOwner, false), nil
		},
		stream: func(in *s3.UploadPartRequest) *io.ReadCloser { return &in.Body },
	}),
	row(s3.UploadPartCopy, spec[s3.UploadPartCopyRequest]{
		plane: data, answerer: byUpstream, reach: dataReach,
		actions: slices.Concat([]declaredAction{always("s3:PutObject")}, sourceActions, []declaredAction{lists}),
		permissions: func(in *s3.UploadPartCopyRequest) ([]permission, error) {
			to := puts(in.Bucket, in.Key, in.ExpectedBucketOwner, false)
			return withSource(to, in.CopySource, in.ExpectedSourceBucketOwner)
		},
	}),
	row(s3.CompleteMultipartUpload, spec[s3.CompleteMultipartUploadRequest]{
		plane: data, answerer: byUpstream, reach: dataReach, budget: parts,
		actions: []declaredAction{always("s3:PutObject"), readsETag},
		permissions: func(in *s3.CompleteMultipartUploadRequest) ([]permission, error) {
			to := puts(in.Bucket, in.Key, in.ExpectedBucketOwner, true)
			return write(to, conditions{etag: in.IfMatch, absent: in.IfNoneMatch}, writeOptions{}), nil
		},
	}),
	row(s3.AbortMultipartUpload, spec[s3.AbortMultipartUploadRequest]{
		plane: data, answerer: byUpstream, reach: dataReach,
		actions: []declaredAction{always("s3:AbortMultipartUpload")},
		permissions: func(in *s3.AbortMultipartUploadRequest) ([]permission, error) {
			return one("s3:AbortMultipartUpload", in.Bucket, in.Key, in.ExpectedBucketOwner), nil
		},
	}),
	row(s3.ListParts, spec[s3.ListPartsRequest]{
		plane: data, answerer: byUpstream, reach: dataReach, readOnly: true,
		actions: []declaredAction{always("s3:ListMultipartUploadParts")},
		permissions: func(in *s3.ListPartsRequest) ([]permission, error) {
			return one("s3:ListMultipartUploadParts", in.Bucket, in.Key, in.ExpectedBucketOwner), nil
		},
	}),
}
