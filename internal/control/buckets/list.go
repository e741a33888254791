package buckets

import (
	"encoding/base64"
	"strings"

	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// maxList is the largest page of buckets (S3 API reference, ListBuckets).
const maxList = 10_000

// everyBucket is the resource of s3:ListAllMyBuckets (S3 user guide, "Identity-based policy examples": the policy of a
// home folder has this ARN). The asterisk in it is a character like any other. So a policy on one bucket's ARN does not
// match it.
const everyBucket = "arn:aws:s3:::*"

// Filter says which buckets of an account to list.
type Filter struct {
	Prefix string
	Region string // empty: all
}

// listName returns the name of the list that a token belongs to.
func (f Filter) listName(call *control.Call) string {
	return "ListBuckets\x00" + string(call.Account) + "\x00" + f.Region + "\x00" + f.Prefix
}

// List returns a page of the buckets of the caller's account, in the order of their names, and the token of the next
// page, empty for none. A size of zero means the largest page. A token is valid only for the same account and filter.
func (b *Buckets) List(
	call *control.Call, f Filter, token string, size int,
) (page []*bucket.Bucket, next string, err error) {
	if err := call.May("s3:ListAllMyBuckets", everyBucket, policy.Values{}, nil, call.Account); err != nil {
		return nil, "", err
	}
	after, err := b.after(call, f, token)
	if err != nil {
		return nil, "", err
	}
	if size <= 0 || size > maxList {
		size = maxList
	}
	for _, bucket := range call.Snapshot.BucketsOf(call.Account) {
		if bucket.Name <= after || !strings.HasPrefix(bucket.Name, f.Prefix) || f.Region != "" && bucket.Region != f.Region {
			continue
		}
		if len(page) == size {
			last := []byte(page[size-1].Name)
			return page, base64.RawURLEncoding.EncodeToString(b.Control.Ring.Seal(f.listName(call), last)), nil
		}
		page = append(page, bucket)
	}
	return page, "", nil
}

// after returns the last name of the page that a token ended.
func (b *Buckets) after(call *control.Call, f Filter, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	bad := fault.New(fault.Invalid, fault.Argument, "The continuation token provided is incorrect").
		With("ArgumentName", "continuation-token")
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", bad.Because(err)
	}
	name, err := b.Control.Ring.Unseal(f.listName(call), sealed)
	if err != nil {
		return "", bad.Because(err)
	}
	return string(name), nil
}
