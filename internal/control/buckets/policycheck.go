package buckets

import (
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// checkPolicy parses the text of a bucket policy and checks it as S3 does when a policy is written. S3 words a refusal
// as one of a few sentences, and says in the field Detail which part of the policy it means.
func checkPolicy(text, bucketARN string) (*policy.Document, error) {
	doc, err := policy.Parse(text, policy.Resource)
	kind := fault.Malformed
	if err == nil {
		kind, err = fault.Invalid, doc.CheckBucket(bucketARN)
	}
	if err == nil {
		return doc, nil
	}
	if sentence, detail, ok := policy.SentenceOfS3(err); ok {
		return nil, fault.New(kind, fault.BucketPolicy, "%s", sentence).With("Detail", detail)
	}
	return nil, fault.New(kind, fault.BucketPolicy, "%s", err)
}
