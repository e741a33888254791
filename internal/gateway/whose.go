package gateway

import (
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// keeper says who keeps a configuration of a bucket or an object.
type keeper uint8

const (
	noConfiguration keeper = iota // the operation is about none

	// What decides about access is ours: it counts at the gateway, for our accounts and people. A store has other ones,
	// and would let clients pass by the gateway. It is never sent to a store.
	ours
	// What the store does with the objects is the store's: it gets the configuration, and its answers are passed on as
	// they are.
	theStores
)

// configurations says who keeps what, by the operations' names without their verb. docs/upstreams.md has the same
// table.
var configurations = map[string]keeper{
	"BucketPolicy":            ours,
	"BucketPolicyStatus":      ours,
	"PublicAccessBlock":       ours,
	"BucketOwnershipControls": ours,
	"BucketCors":              ours,
	"BucketTagging":           ours, // conditions read tags
	"ObjectTagging":           ours,
	"BucketAbac":              ours,
	"BucketAcl":               ours,
	"ObjectAcl":               ours,
	"BucketLogging":           ours, // a store's log knows the gateway alone
	"BucketRequestPayment":    ours,
	"BucketWebsite":           ours,

	"BucketVersioning":                      theStores,
	"ObjectLockConfiguration":               theStores,
	"ObjectRetention":                       theStores,
	"ObjectLegalHold":                       theStores,
	"BucketLifecycleConfiguration":          theStores,
	"BucketLifecycle":                       theStores,
	"BucketEncryption":                      theStores,
	"BucketReplication":                     theStores,
	"BucketAccelerateConfiguration":         theStores,
	"BucketIntelligentTieringConfiguration": theStores,
	"BucketAnalyticsConfiguration":          theStores,
	"BucketInventoryConfiguration":          theStores,
	"BucketMetricsConfiguration":            theStores,
	"BucketNotificationConfiguration":       theStores,
	"BucketNotification":                    theStores,
}

// keeperOf says who keeps the configuration that an operation is about.
func keeperOf(operation string) keeper {
	for _, verb := range []string{"Get", "Put", "Delete", "List"} {
		if what, ok := strings.CutPrefix(operation, verb); ok {
			return configurations[what]
		}
	}
	return noConfiguration
}

// refuseOurs refuses an input with a configuration that is ours and that is not served yet: without this the store
// would keep it, and conditions would not see it.
func refuseOurs(in any) error {
	var tagging *string
	switch in := in.(type) {
	case *s3.PutObjectRequest:
		tagging = in.Tagging
	case *s3.CreateMultipartUploadRequest:
		tagging = in.Tagging
	case *s3.CopyObjectRequest:
		if tagging = in.Tagging; awswire.Value(in.TaggingDirective) == "REPLACE" {
			tagging = in.TaggingDirective
		}
	}
	if tagging != nil {
		return fault.New(fault.Unsupported, fault.Header,
			"A header you provided implies functionality that is not implemented").With("Header", "x-amz-tagging")
	}
	return nil
}
