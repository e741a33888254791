package identitycenter

import (
	"context"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// taggedResource is a resource with tags.
type taggedResource struct {
	tags   []access.Tag
	change func(ctx context.Context, fn func([]access.Tag) ([]access.Tag, error)) error
}

// findTagged returns the resource of a tag operation after checking the action on it.
func (c *Center) findTagged(call *control.Call, action, arn string, values policy.Values) (*taggedResource, error) {
	r, _ := sso.ParseARN(arn)
	switch r.Kind {
	case sso.KindInstance:
		i, err := instance(call, action, arn, values)
		if err != nil {
			return nil, err
		}
		return &taggedResource{i.Tags, func(ctx context.Context, fn func([]access.Tag) ([]access.Tag, error)) error {
			return c.changeInstance(ctx, call, i, func(i *sso.Instance) (err error) { i.Tags, err = fn(i.Tags); return err })
		}}, nil
	case sso.KindIssuer:
		i, err := issuer(call, action, arn, values)
		if err != nil {
			return nil, err
		}
		return &taggedResource{i.Tags, func(ctx context.Context, fn func([]access.Tag) ([]access.Tag, error)) error {
			return c.changeIssuer(ctx, call, i, func(i *sso.Issuer) (err error) { i.Tags, err = fn(i.Tags); return err })
		}}, nil
	case sso.KindApplication:
		a, err := applicationWith(call, action, arn, values)
		if err != nil {
			return nil, err
		}
		return &taggedResource{a.Tags, func(ctx context.Context, fn func([]access.Tag) ([]access.Tag, error)) error {
			return c.change(ctx, call, a, func(_ *store.Tx, a *sso.Application) (err error) {
				a.Tags, err = fn(a.Tags)
				return err
			})
		}}, nil
	}
	if err := call.May(action, arn, values, nil, call.Account); err != nil {
		return nil, err
	}
	return nil, fault.New(fault.NotFound, "", "%s does not exist", arn)
}

// Tag adds tags to a resource. A tag that exists already gets the new value.
func (c *Center) Tag(ctx context.Context, call *control.Call, arn string, tags []access.Tag) error {
	t, err := c.findTagged(call, "sso:TagResource", arn, requestTags(tags))
	if err != nil {
		return err
	}
	if err := access.CheckTags(tags); err != nil {
		return control.AccessFault(err)
	}
	return t.change(ctx, func(have []access.Tag) ([]access.Tag, error) {
		for _, n := range tags {
			if i := slices.IndexFunc(have, func(h access.Tag) bool { return h.Key == n.Key }); i >= 0 {
				have[i].Value = n.Value
			} else {
				have = append(have, n)
			}
		}
		if len(have) > c.Control.Quotas.Tags {
			return nil, quotaFault(fault.Tags, "tags of a resource", c.Control.Quotas.Tags)
		}
		return have, nil
	})
}

// Untag removes tags from a resource. Removing a tag that is not there is not an error.
func (c *Center) Untag(ctx context.Context, call *control.Call, arn string, keys []string) error {
	values := policy.Values{}
	values.Set("aws:TagKeys", keys...)
	t, err := c.findTagged(call, "sso:UntagResource", arn, values)
	if err != nil {
		return err
	}
	return t.change(ctx, func(have []access.Tag) ([]access.Tag, error) {
		return slices.DeleteFunc(have, func(h access.Tag) bool { return slices.Contains(keys, h.Key) }), nil
	})
}

// Tags lists the tags of a resource. They fit on one page.
func (c *Center) Tags(call *control.Call, arn, token string) ([]access.Tag, error) {
	t, err := c.findTagged(call, "sso:ListTagsForResource", arn, policy.Values{})
	if err != nil {
		return nil, err
	}
	if err := checkToken(c.Control, token, listName(call, "ListTagsForResource", arn)); err != nil {
		return nil, err
	}
	return t.tags, nil
}
