package gateway

import (
	"time"

	"latchkey/internal/awsapi/s3"
)

// writeOptions are what a write asks for by headers, besides its bytes. Most of them need a permission of their own,
// and most are condition keys (Service Authorization Reference, "Condition keys for Amazon S3"). The gateway decides
// whether the caller may set an option. The upstream decides whether it can serve it.
type writeOptions struct {
	acl, class, redirect, encryption, kmsKey, directive *string
	version                                             *string
	grants                                              [5]*string // full-control, read, read-acp, write, write-acp
	tagging                                             *string
	lockMode, legalHold                                 *string
	retainUntil                                         *time.Time
	bypass                                              bool
}

var grantNames = [...]string{"full-control", "read", "read-acp", "write", "write-acp"}

// conditions are what a write may depend on.
type conditions struct {
	etag   *string // If-Match
	absent *string // If-None-Match
	other  bool    // the size or the time of the object
}

// write adds to the permission to write the permissions that the write's headers need. Most options need one of their
// own. A condition on the existing object needs the permission to read it: otherwise the holder of a WRITE grant could
// find out an ETag by trying.
func write(to []permission, state conditions, w writeOptions) []permission {
	n := &to[0]
	n.set("s3:VersionId", w.version)
	n.set("s3:if-match", state.etag)
	n.set("s3:if-none-match", state.absent)
	n.set("s3:x-amz-acl", w.acl)
	n.set("s3:x-amz-storage-class", w.class)
	n.set("s3:x-amz-website-redirect-location", w.redirect)
	n.set("s3:x-amz-server-side-encryption", w.encryption)
	n.set("s3:x-amz-server-side-encryption-aws-kms-key-id", w.kmsKey)
	n.set("s3:x-amz-metadata-directive", w.directive)
	n.set("s3:object-lock-mode", w.lockMode)
	n.set("s3:object-lock-legal-hold", w.legalHold)
	if w.retainUntil != nil {
		n.values.Set("s3:object-lock-retain-until-date", w.retainUntil.UTC().Format(time.RFC3339))
	}
	acl := w.acl != nil
	for i, g := range w.grants {
		n.set("s3:x-amz-grant-"+grantNames[i], g)
		acl = acl || g != nil
	}
	for _, x := range []struct {
		asked  bool
		action string
	}{
		{acl, "s3:PutObjectAcl"},
		{w.tagging != nil, "s3:PutObjectTagging"},
		{w.lockMode != nil || w.retainUntil != nil, "s3:PutObjectRetention"},
		{w.legalHold != nil, "s3:PutObjectLegalHold"},
		{w.bypass, "s3:BypassGovernanceRetention"},
		{state.etag != nil || state.other, "s3:GetObject"},
	} {
		if x.asked {
			more := to[0]
			more.action = x.action
			to = append(to, more)
		}
	}
	return to
}

func putOptions(in *s3.PutObjectRequest) writeOptions {
	return writeOptions{
		acl:         in.ACL,
		class:       in.StorageClass,
		redirect:    in.WebsiteRedirectLocation,
		encryption:  in.ServerSideEncryption,
		kmsKey:      in.SSEKMSKeyId,
		grants:      [5]*string{in.GrantFullControl, in.GrantRead, in.GrantReadACP, nil, in.GrantWriteACP},
		tagging:     in.Tagging,
		lockMode:    in.ObjectLockMode,
		legalHold:   in.ObjectLockLegalHoldStatus,
		retainUntil: in.ObjectLockRetainUntilDate,
	}
}

func copyOptions(in *s3.CopyObjectRequest) writeOptions {
	return writeOptions{
		acl:         in.ACL,
		class:       in.StorageClass,
		redirect:    in.WebsiteRedirectLocation,
		encryption:  in.ServerSideEncryption,
		kmsKey:      in.SSEKMSKeyId,
		directive:   in.MetadataDirective,
		grants:      [5]*string{in.GrantFullControl, in.GrantRead, in.GrantReadACP, nil, in.GrantWriteACP},
		tagging:     in.Tagging,
		lockMode:    in.ObjectLockMode,
		legalHold:   in.ObjectLockLegalHoldStatus,
		retainUntil: in.ObjectLockRetainUntilDate,
	}
}

func uploadOptions(in *s3.CreateMultipartUploadRequest) writeOptions {
	return writeOptions{
		acl:         in.ACL,
		class:       in.StorageClass,
		redirect:    in.WebsiteRedirectLocation,
		encryption:  in.ServerSideEncryption,
		kmsKey:      in.SSEKMSKeyId,
		grants:      [5]*string{in.GrantFullControl, in.GrantRead, in.GrantReadACP, nil, in.GrantWriteACP},
		tagging:     in.Tagging,
		lockMode:    in.ObjectLockMode,
		legalHold:   in.ObjectLockLegalHoldStatus,
		retainUntil: in.ObjectLockRetainUntilDate,
	}
}
