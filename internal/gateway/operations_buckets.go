package gateway

import "latchkey/internal/awsapi/s3"

// rootMay says when no policy must allow the action: the root user of a bucket's account always has access to the
// bucket's policy.
const rootMay = "the root user of the bucket's account needs no policy"

// bucketOperations are the operations on buckets and their configuration.
var bucketOperations = []*operation{
	row(s3.ListBuckets, spec[s3.ListBucketsRequest]{
		plane: administration, answerer: byRegistry, reach: administrative, locality: inServer, readOnly: true,
		actions: []declaredAction{always("s3:ListAllMyBuckets")},
		do:      (*Gateway).listBuckets,
	}),
	row(s3.CreateBucket, spec[s3.CreateBucketRequest]{
		plane: administration, answerer: byBoth, reach: administrative, locality: whereSigned,
		actions: []declaredAction{always("s3:CreateBucket")},
		do:      (*Gateway).createBucket,
	}),
	row(s3.DeleteBucket, spec[s3.DeleteBucketRequest]{
		plane: administration, answerer: byBoth, reach: administrative,
		actions: []declaredAction{always("s3:DeleteBucket")},
		do:      (*Gateway).deleteBucket,
	}),
	row(s3.HeadBucket, spec[s3.HeadBucketRequest]{
		plane: administration, answerer: byRegistry, reach: dataReach, readOnly: true,
		actions: []declaredAction{always("s3:ListBucket")},
		permissions: func(in *s3.HeadBucketRequest) ([]permission, error) {
			return one("s3:ListBucket", in.Bucket, nil, in.ExpectedBucketOwner), nil
		},
		do: (*Gateway).headBucket,
	}),
	row(s3.GetBucketLocation, spec[s3.GetBucketLocationRequest]{
		plane: administration, answerer: byRegistry, reach: administrative, locality: ofBucket, readOnly: true,
		actions: []declaredAction{always("s3:GetBucketLocation")},
		permissions: func(in *s3.GetBucketLocationRequest) ([]permission, error) {
			return one("s3:GetBucketLocation", in.Bucket, nil, in.ExpectedBucketOwner), nil
		},
		do: (*Gateway).bucketLocation,
	}),
	row(s3.GetBucketPolicy, spec[s3.GetBucketPolicyRequest]{
		plane: administration, answerer: byRegistry, reach: administrative, readOnly: true,
		actions: []declaredAction{{"s3:GetBucketPolicy", rootMay}},
		do:      (*Gateway).bucketPolicy,
	}),
	row(s3.PutBucketPolicy, spec[s3.PutBucketPolicyRequest]{
		plane: administration, answerer: byRegistry, reach: administrative,
		actions: []declaredAction{{"s3:PutBucketPolicy", rootMay}},
		do:      (*Gateway).putBucketPolicy,
	}),
	row(s3.DeleteBucketPolicy, spec[s3.DeleteBucketPolicyRequest]{
		plane: administration, answerer: byRegistry, reach: administrative,
		actions: []declaredAction{{"s3:DeleteBucketPolicy", rootMay}},
		do:      (*Gateway).deleteBucketPolicy,
	}),
}
