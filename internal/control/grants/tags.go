package grants

import (
	"context"
	"slices"

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

// tagged resource: an instance, a location or a grant, found by its ARN.
type taggable struct {
	arn      string
	tags     []access.Tag
	notFound *fault.Error
	set      func(context.Context, *store.Tx, []access.Tag) error
}

// taggable finds the resource of a tag operation. An ARN of another account or region is refused: tags are
// reached through the account and the region that the request addresses.
func (g *Grants) taggable(ctx context.Context, call *control.Call, arn string) (*taggable, error) {
	r, err := access.ParseResourceARN(arn)
	if err != nil {
		return nil, control.Refused(err)
	}
	if r.Account != call.Target || r.Region != call.Facts.Region {
		return nil, fault.New(fault.Invalid, fault.Request, "The resource %s is not in account %s and region %s", arn, call.Target, call.Facts.Region)
	}
	t := &taggable{arn: arn}
	switch {
	case !r.GrantID.IsZero():
		t.notFound = fault.New(fault.NotFound, fault.Grant, "")
		return t, g.taggableGrant(ctx, t, r)
	case r.LocationID != "":
		t.notFound = fault.New(fault.NotFound, fault.Location, "")
		if l := call.Snapshot.Location(r.Account, r.Region, r.LocationID); l != nil {
			t.notFound, t.tags = nil, l.Tags
		}
		t.set = func(ctx context.Context, tx *store.Tx, tags []access.Tag) error {
			l, err := store.Locations.Get(ctx, tx, store.LocationID(r.Account, r.Region, r.LocationID))
			if err != nil {
				return err
			}
			l.Tags = tags
			return store.Locations.Update(tx, l)
		}
	default:
		t.notFound = fault.New(fault.NotFound, fault.Instance, "")
		if i := call.Snapshot.Instance(r.Account, r.Region); i != nil {
			t.notFound, t.tags = nil, i.Tags
		}
		t.set = func(ctx context.Context, tx *store.Tx, tags []access.Tag) error {
			i, err := store.Instances.Get(ctx, tx, store.InstanceID(r.Account, r.Region))
			if err != nil {
				return err
			}
			i.Tags = tags
			return store.Instances.Update(tx, i)
		}
	}
	return t, nil
}

func (g *Grants) taggableGrant(ctx context.Context, t *taggable, r access.Resource) error {
	tags, err := store.GrantTags(ctx, g.DB, r.GrantID)
	if fault.Is(err, fault.NotFound, fault.Grant) {
		return nil
	}
	if err != nil {
		return err
	}
	t.notFound, t.tags = nil, tags
	t.set = func(_ context.Context, tx *store.Tx, tags []access.Tag) error {
		return store.SetGrantTags(tx, r.GrantID, tags)
	}
	return nil
}

// may checks the action on the resource, then that the resource exists.
func (t *taggable) may(call *control.Call, action string, values policy.Values) error {
	if err := mayOn(call, action, t.arn, values, t.tags); err != nil {
		return err
	}
	if t.notFound != nil {
		return t.notFound
	}
	return nil
}

// Tag adds tags to a resource; a key that it has gets the new value.
func (g *Grants) Tag(ctx context.Context, call *control.Call, arn string, tags []access.Tag) error {
	t, err := g.taggable(ctx, call, arn)
	if err != nil {
		return err
	}
	if err := t.may(call, "s3:TagResource", requestTags(policy.Values{}, tags)); err != nil {
		return err
	}
	merged, err := access.MergeTags(t.tags, tags)
	if err != nil {
		return control.Refused(err)
	}
	return g.Update(ctx, call, func(tx *store.Tx) error { return t.set(ctx, tx, merged) })
}

// Untag removes tags by their keys; keys that the resource does not have are ignored.
func (g *Grants) Untag(ctx context.Context, call *control.Call, arn string, keys []string) error {
	t, err := g.taggable(ctx, call, arn)
	if err != nil {
		return err
	}
	if err := t.may(call, "s3:UntagResource", tagKeys(keys)); err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(t.tags), func(tag access.Tag) bool { return slices.Contains(keys, tag.Key) })
	return g.Update(ctx, call, func(tx *store.Tx) error { return t.set(ctx, tx, left) })
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
