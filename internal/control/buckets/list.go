package buckets

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"

	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/fault"
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
//
// granted returns the buckets that the caller's grants reach. They are in the list, too, whatever account they belong
// to. A caller whose policies do not allow the list, and do not deny it, gets the list of them alone, if there are any.
func (b *Buckets) List(
	call *control.Call, f Filter, token string, size int, granted func() []*bucket.Bucket,
) (page []*bucket.Bucket, next string, err error) {
	all, err := listable(call, granted)
	if err != nil {
		return nil, "", err
	}
	after, err := b.after(call, f, token)
	if err != nil {
		return nil, "", err
	}
	if size <= 0 || size > maxList {
		size = maxList
	}
	for _, bucket := range all {
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

// listable is what a caller may list: the buckets of its account and those that its grants reach, each once.
func listable(call *control.Call, granted func() []*bucket.Bucket) ([]*bucket.Bucket, error) {
	ask := caller.Ask{Action: "s3:ListAllMyBuckets", Resource: everyBucket, ResourceAccount: call.Account}
	d := call.Decide(ask)
	if !d.Allowed && (call.IsVended() || !call.LeavesOpen(ask, d)) {
		return nil, call.Refusal(ask, d)
	}
	var own []*bucket.Bucket
	reached := granted()
	switch {
	case d.Allowed:
		own = call.Snapshot.BucketsOf(call.Account)
	case len(reached) == 0:
		return nil, call.Refusal(ask, d)
	default:
		call.ByRight(control.GrantHeld)
	}
	all := slices.Clone(own)
	for _, b := range reached {
		if own == nil || b.Account != call.Account {
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(x, y *bucket.Bucket) int { return cmp.Compare(x.Name, y.Name) })
	return all, nil
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
