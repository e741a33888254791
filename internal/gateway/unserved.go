package gateway

import "strings"

// refusedByPolicy are S3's operations that are not meant to be served, each list under its reason.
var refusedByPolicy = map[string][]string{
	"it belongs to directory buckets, which only AWS has": {
		"CreateSession", "ListDirectoryBuckets", "RenameObject",
	},
	"it belongs to S3 Metadata, a service that only AWS has": {
		"CreateBucketMetadataConfiguration", "CreateBucketMetadataTableConfiguration",
		"DeleteBucketMetadataConfiguration", "DeleteBucketMetadataTableConfiguration",
		"GetBucketMetadataConfiguration", "GetBucketMetadataTableConfiguration",
		"UpdateBucketMetadataInventoryTableConfiguration", "UpdateBucketMetadataJournalTableConfiguration",
	},
	"it belongs to S3 Object Lambda, a service that only AWS has": {
		"WriteGetObjectResponse",
	},
	"AWS has closed it to new customers": {
		"GetObjectTorrent", "SelectObjectContent",
	},
	"S3 has replaced it, and current SDKs do not send it": {
		"GetBucketLifecycle", "GetBucketNotification", "PutBucketLifecycle", "PutBucketNotification",
	},
}

// notImplemented are S3's other operations that are not served (botocore's model of S3). The gateway answers them with
// NotImplemented, like those above, because an operation without a row is not recognised.
var notImplemented = strings.Fields(`
	DeleteBucketAnalyticsConfiguration DeleteBucketCors DeleteBucketEncryption
	DeleteBucketIntelligentTieringConfiguration DeleteBucketInventoryConfiguration DeleteBucketLifecycle
	DeleteBucketMetricsConfiguration DeleteBucketOwnershipControls DeleteBucketReplication DeleteBucketTagging
	DeleteBucketWebsite DeleteObjectTagging DeletePublicAccessBlock GetBucketAbac GetBucketAccelerateConfiguration
	GetBucketAcl GetBucketAnalyticsConfiguration GetBucketCors GetBucketEncryption
	GetBucketIntelligentTieringConfiguration GetBucketInventoryConfiguration GetBucketLifecycleConfiguration
	GetBucketLogging GetBucketMetricsConfiguration GetBucketNotificationConfiguration GetBucketOwnershipControls
	GetBucketPolicyStatus GetBucketReplication GetBucketRequestPayment GetBucketTagging GetBucketVersioning
	GetBucketWebsite GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectLockConfiguration
	GetObjectRetention GetObjectTagging GetPublicAccessBlock ListBucketAnalyticsConfigurations
	ListBucketIntelligentTieringConfigurations ListBucketInventoryConfigurations ListBucketMetricsConfigurations
	ListObjectVersions PutBucketAbac PutBucketAccelerateConfiguration PutBucketAcl PutBucketAnalyticsConfiguration
	PutBucketCors PutBucketEncryption PutBucketIntelligentTieringConfiguration PutBucketInventoryConfiguration
	PutBucketLifecycleConfiguration PutBucketLogging PutBucketMetricsConfiguration
	PutBucketNotificationConfiguration PutBucketOwnershipControls PutBucketReplication PutBucketRequestPayment
	PutBucketTagging PutBucketVersioning PutBucketWebsite PutObjectAcl PutObjectLegalHold
	PutObjectLockConfiguration PutObjectRetention PutObjectTagging PutPublicAccessBlock RestoreObject
	UpdateObjectEncryption
`)
