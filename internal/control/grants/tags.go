package grants

import (
	"context"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

func resource(kind, arn, account string) audit.Resource {
	return audit.Resource{Type: kind, ARN: arn, AccountID: account}
}

// taggable is a resource that can have tags: an instance, a location or a grant. It is found by its ARN.
type taggable struct {
	arn      string
	tags     []access.Tag // as of the call's snapshot; the permission is checked with them
	notFound *fault.Error
	change   func(context.Context, *store.Tx, edit) error // applies edit to the current tags
}

// edit returns a resource's new tags, given its current ones.
type edit func([]access.Tag) ([]access.Tag, error)

// taggable finds the resource of a tag operation. An ARN of another account or region is refused, because the request
// itself addresses the account and the region.
func (g *Grants) taggable(ctx context.Context, call *control.Call, arn string) (*taggable, error) {
	r, err := access.ParseResourceARN(arn)
	if err != nil {
		return nil, control.AccessFault(err)
	}
	if r.Account != call.Target || r.Region != call.Facts.Region {
		return nil, fault.New(fault.Invalid, fault.Request, "The resource %s is not in account %s and region %s", arn,
			call.Target, call.Facts.Region)
	}
	switch {
	case !r.GrantID.IsZero():
		return g.taggableGrant(ctx, call, arn, r.GrantID)
	case r.LocationID != "":
		return taggableLocation(call, arn, r), nil
	default:
		return taggableInstance(call, arn, r), nil
	}
}

func taggableInstance(call *control.Call, arn string, r access.Resource) *taggable {
	t := &taggable{arn: arn, notFound: fault.New(fault.NotFound, fault.Instance, "")}
	if i := call.Snapshot.Instance(r.Account, r.Region); i != nil {
		t.notFound, t.tags = nil, i.Tags
	}
	t.change = func(ctx context.Context, tx *store.Tx, e edit) error {
		i, err := store.Instances.Get(ctx, tx, store.InstanceID(r.Account, r.Region))
		if err != nil {
			return err
		}
		if i.Tags, err = e(i.Tags); err != nil {
			return err
		}
		return store.Instances.Update(tx, i)
	}
	return t
}

func taggableLocation(call *control.Call, arn string, r access.Resource) *taggable {
	t := &taggable{arn: arn, notFound: fault.New(fault.NotFound, fault.Location, "")}
	if l := call.Snapshot.Location(r.Account, r.Region, r.LocationID); l != nil {
		t.notFound, t.tags = nil, l.Tags
	}
	t.change = func(ctx context.Context, tx *store.Tx, e edit) error {
		l, err := store.Locations.Get(ctx, tx, store.LocationID(r.Account, r.Region, r.LocationID))
		if err != nil {
			return err
		}
		if l.Tags, err = e(l.Tags); err != nil {
			return err
		}
		return store.Locations.Update(tx, l)
	}
	return t
}

// taggableGrant finds a grant of the addressed account and region. Grants of other accounts are unknown here, whatever
// account the ARN names.
func (g *Grants) taggableGrant(
	ctx context.Context, call *control.Call, arn string, id access.GrantID,
) (*taggable, error) {
	t := &taggable{arn: arn, notFound: fault.New(fault.NotFound, fault.Grant, "")}
	grant, tags, err := g.find(ctx, call, id.String())
	if err != nil || grant == nil {
		return t, err
	}
	t.notFound, t.tags = nil, tags
	t.change = func(ctx context.Context, tx *store.Tx, e edit) error {
		have, err := store.GrantTags(ctx, tx, id)
		if err != nil {
			return err
		}
		tags, err := e(have)
		if err != nil {
			return err
		}
		return store.SetGrantTags(tx, id, tags)
	}
	return t, nil
}

// may checks the action on the resource, then that the resource exists.
func (t *taggable) may(call *control.Call, action string, values policy.Values) error {
	if err := mayOn(call, action, t.arn, values, t.tags); err != nil {
		return err
	}
	if t.notFound != nil {
		return t.notFound
	}
	call.Touch("AWS:S3::AccessGrantsInstance", access.InstanceARN(call.Target, call.Facts.Region), call.Target)
	return nil
}

// Tag adds tags to a resource. A tag whose key exists gets the new value.
func (g *Grants) Tag(ctx context.Context, call *control.Call, arn string, tags []access.Tag) error {
	t, err := g.taggable(ctx, call, arn)
	if err != nil {
		return err
	}
	if err := t.may(call, "s3:TagResource", requestTags(policy.Values{}, tags)); err != nil {
		return err
	}
	if err := g.checkTags(tags); err != nil {
		return err
	}
	return g.Control.Update(ctx, call, func(tx *store.Tx) error {
		return t.change(ctx, tx, func(have []access.Tag) ([]access.Tag, error) {
			merged, err := access.MergeTags(have, tags)
			if err != nil {
				return nil, control.AccessFault(err)
			}
			return merged, g.checkTags(merged)
		})
	})
}

// checkTags refuses what AWS refuses, more tags than the quota, and keys that differ only in case. Policies compare the
// keys of tags without case (IAM user guide, "Controlling access to AWS resources using tags"), so one of two such tags
// would hide the other from a condition.
func (g *Grants) checkTags(tags []access.Tag) error {
	if err := access.CheckTags(tags); err != nil {
		return control.AccessFault(err)
	}
	if len(tags) > g.Control.Quotas.Tags {
		return fault.New(fault.LimitExceeded, fault.Tags, "The number of tags exceeds the limit of %d tags",
			g.Control.Quotas.Tags)
	}
	for i, t := range tags {
		if slices.ContainsFunc(tags[:i], func(u access.Tag) bool { return strings.EqualFold(t.Key, u.Key) }) {
			return fault.New(fault.Invalid, fault.Tag, "Tag keys must differ in more than case")
		}
	}
	return nil
}

// Untag removes tags by their keys. It ignores keys that the resource does not have.
func (g *Grants) Untag(ctx context.Context, call *control.Call, arn string, keys []string) error {
	t, err := g.taggable(ctx, call, arn)
	if err != nil {
		return err
	}
	if err := t.may(call, "s3:UntagResource", tagKeys(keys)); err != nil {
		return err
	}
	return g.Control.Update(ctx, call, func(tx *store.Tx) error {
		return t.change(ctx, tx, func(have []access.Tag) ([]access.Tag, error) {
			return slices.DeleteFunc(slices.Clone(have), func(tag access.Tag) bool {
				return slices.Contains(keys, tag.Key)
			}), nil
		})
	})
}

// Tags lists the tags of a resource.
func (g *Grants) Tags(ctx context.Context, call *control.Call, arn string) ([]access.Tag, error) {
	t, err := g.taggable(ctx, call, arn)
	if err != nil {
		return nil, err
	}
	if err := t.may(call, "s3:ListTagsForResource", policy.Values{}); err != nil {
		return nil, err
	}
	return t.tags, nil
}

func tagKeys(keys []string) (v policy.Values) {
	v.Set("aws:TagKeys", keys...)
	return v
}
