package objects

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// served lists every input member, by its name on the wire, that this store serves. The store refuses any other member
// as NotImplemented, because it must not ignore silently what a client asks for. Among those that S3 knows, these are
// refused: x-amz-tagging, x-amz-server-side-encryption* (also of a copy's source), x-amz-object-lock-*,
// x-amz-website-redirect-location, x-amz-grant-*, x-amz-mfa, x-amz-write-offset-bytes, x-amz-if-match-* of directory
// buckets, the checksums MD5, SHA512 and XXHASH*.
//
// A member with values is served with these values only. They ask for what the store does anyway.
var served = map[string][]string{
	// Members that the store acts on.
	"max-buckets": nil, "Bucket": nil, "Key": nil, "Body": nil, "Delete": nil, "CompleteMultipartUpload": nil,
	"CreateBucketConfiguration": nil,
	"Cache-Control":             nil, "Content-Disposition": nil, "Content-Encoding": nil, "Content-Language": nil,
	"Content-Type": nil,
	"Expires":      nil, "x-amz-meta-": nil, "Content-Length": nil, "Content-MD5": nil,
	"x-amz-checksum-crc32": nil, "x-amz-checksum-crc32c": nil, "x-amz-checksum-crc64nvme": nil, "x-amz-checksum-sha1": nil,
	"x-amz-checksum-sha256": nil, "x-amz-checksum-algorithm": nil, "x-amz-sdk-checksum-algorithm": nil,
	"x-amz-checksum-type": nil,
	"x-amz-checksum-mode": nil, "x-amz-mp-object-size": nil,
	"If-Match": nil, "If-None-Match": nil, "If-Modified-Since": nil, "If-Unmodified-Since": nil, "Range": nil,
	"partNumber":             nil,
	"response-cache-control": nil, "response-content-disposition": nil, "response-content-encoding": nil,
	"response-content-language": nil, "response-content-type": nil, "response-expires": nil,
	"x-amz-copy-source": nil, "x-amz-copy-source-range": nil, "x-amz-copy-source-if-match": nil,
	"x-amz-copy-source-if-none-match":     nil,
	"x-amz-copy-source-if-modified-since": nil, "x-amz-copy-source-if-unmodified-since": nil,
	"x-amz-metadata-directive": nil,
	"uploadId":                 nil, "max-parts": nil, "part-number-marker": nil, "max-uploads": nil, "key-marker": nil,
	"upload-id-marker": nil,
	"prefix":           nil, "delimiter": nil, "max-keys": nil, "marker": nil, "start-after": nil,
	"continuation-token": nil, "fetch-owner": nil,
	"encoding-type": nil,

	// Members that the gateway has acted on.
	"x-amz-expected-bucket-owner": nil, "x-amz-source-expected-bucket-owner": nil, "x-amz-request-payer": nil,

	// A deletion may go past a retention in governance mode: the gateway has asked for the right. No object of this store
	// has a retention, so there is nothing to go past.
	"x-amz-bypass-governance-retention": nil,

	// Members that change nothing with these values.
	"x-amz-acl":                        {"private", "bucket-owner-full-control"},
	"x-amz-storage-class":              {"STANDARD"},
	"x-amz-tagging-directive":          {"COPY"},
	"x-amz-object-ownership":           {"BucketOwnerEnforced"},
	"x-amz-bucket-namespace":           {"global"},
	"x-amz-bucket-object-lock-enabled": {"false"},
	"x-amz-optional-object-attributes": {"RestoreStatus"},
	"versionId":                        {"null"},
}

// rules lists the members of one input that are not served with every value.
type rules []rule

type rule struct {
	index   int
	name    string
	allowed []string // nil refuses the member
}

func rulesFor(input reflect.Type) (all rules) {
	for i := range input.NumField() {
		name, _, _ := strings.Cut(input.Field(i).Tag.Get("aws"), ",")
		if allowed, ok := served[name]; !ok || allowed != nil {
			all = append(all, rule{i, name, allowed})
		}
	}
	return all
}

// check refuses an input with a member that is not served.
func (rs rules) check(input reflect.Value) error {
	for _, r := range rs {
		v := input.Field(r.index)
		if v.IsZero() {
			continue
		}
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Slice {
			if !slices.Contains(r.allowed, fmt.Sprint(v.Interface())) {
				return notServed(r.name)
			}
			continue
		}
		for i := range v.Len() {
			if !slices.Contains(r.allowed, fmt.Sprint(v.Index(i).Interface())) {
				return notServed(r.name)
			}
		}
	}
	return nil
}
