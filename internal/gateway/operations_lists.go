package gateway

import "latchkey/internal/awsapi/s3"

// listOperations are the listings of objects and uploads.
var listOperations = []*operation{
	row(s3.ListObjects, spec[s3.ListObjectsRequest]{
		plane: data, answerer: byUpstream, reach: dataReach, readOnly: true,
		actions: []declaredAction{always("s3:ListBucket")},
		permissions: func(in *s3.ListObjectsRequest) ([]permission, error) {
			to := one("s3:ListBucket", in.Bucket, nil, in.ExpectedBucketOwner)
			return listing(to, in.Prefix, in.Delimiter, in.MaxKeys), nil
		},
		names: func(in *s3.ListObjectsRequest) []*string { return []*string{in.Prefix, in.Marker} },
	}),
	row(s3.ListObjectsV2, spec[s3.ListObjectsV2Request]{
		plane: data, answerer: byUpstream, reach: dataReach, readOnly: true,
		actions: []declaredAction{always("s3:ListBucket")},
		permissions: func(in *s3.ListObjectsV2Request) ([]permission, error) {
			to := one("s3:ListBucket", in.Bucket, nil, in.ExpectedBucketOwner)
			return listing(to, in.Prefix, in.Delimiter, in.MaxKeys), nil
		},
		names: func(in *s3.ListObjectsV2Request) []*string { return []*string{in.Prefix, in.StartAfter} },
	}),
	row(s3.ListMultipartUploads, spec[s3.ListMultipartUploadsRequest]{
		plane: data, answerer: byUpstream, reach: dataReach, readOnly: true,
		actions: []declaredAction{always("s3:ListBucketMultipartUploads")},
		permissions: func(in *s3.ListMultipartUploadsRequest) ([]permission, error) {
			to := one("s3:ListBucketMultipartUploads", in.Bucket, nil, in.ExpectedBucketOwner)
			return listing(to, in.Prefix, in.Delimiter, in.MaxUploads), nil
		},
		names: func(in *s3.ListMultipartUploadsRequest) []*string { return []*string{in.Prefix, in.KeyMarker} },
	}),
}
