package principals

import (
	"context"
	"slices"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// AttachPolicy attaches a managed policy of the account or of AWS to a user or a role. Attaching a policy that is
// attached already is not an error.
func (p *Principals) AttachPolicy(ctx context.Context, call *control.Call, e Entity, arn string) error {
	return p.change(ctx, call, permission{"iam:Attach" + string(e.Kind) + "Policy", policyARN(arn)}, e,
		func(tx *store.Tx, h *principalRow) error {
			if err := attachable(ctx, tx, call, arn); err != nil {
				return err
			}
			if slices.Contains(h.policies.Attached, arn) {
				return nil
			}
			if len(h.policies.Attached) >= p.Control.Quotas.AttachedTo {
				return quota(fault.Policy, "PoliciesPer"+string(e.Kind), p.Control.Quotas.AttachedTo)
			}
			h.policies.Attached = append(h.policies.Attached, arn)
			return nil
		})
}

// DetachPolicy detaches a managed policy from a user or a role.
func (p *Principals) DetachPolicy(ctx context.Context, call *control.Call, e Entity, arn string) error {
	return p.change(ctx, call, permission{"iam:Detach" + string(e.Kind) + "Policy", policyARN(arn)}, e,
		func(_ *store.Tx, h *principalRow) error {
			i := slices.Index(h.policies.Attached, arn)
			if i < 0 {
				return noSuchPolicy(arn)
			}
			h.policies.Attached = slices.Delete(h.policies.Attached, i, i+1)
			return nil
		})
}

func policyARN(arn string) (v policy.Values) {
	v.Set("iam:PolicyARN", arn)
	return v
}

// attachable refuses an ARN that is not of a managed policy of the caller's account or of AWS.
func attachable(ctx context.Context, tx *store.Tx, call *control.Call, arn string) error {
	if _, ok := policy.Managed(arn); ok {
		return nil
	}
	m, err := store.ManagedPolicies.ByName(ctx, tx, string(call.Account), nameOf(arn))
	switch {
	case fault.Is(err, fault.NotFound, fault.Policy):
		return notAttachable(arn)
	case err != nil:
		return err
	case m.ARN() != arn:
		return notAttachable(arn)
	}
	return nil
}

// nameOf is the last part of an ARN.
func nameOf(arn string) string { return arn[strings.LastIndexAny(arn, ":/")+1:] }

// ListAttached returns the ARNs of the managed policies that are attached to a user or a role. prefix filters by the
// policies' paths.
func (p *Principals) ListAttached(call *control.Call, e Entity, prefix string, ask Ask) (Page[string], error) {
	h, err := p.find(call, "iam:ListAttached"+string(e.Kind)+"Policies", e, policy.Values{})
	if err != nil {
		return Page[string]{}, err
	}
	var arns []string
	for _, arn := range h.policies.Attached {
		_, path, _ := strings.Cut(arn, ":policy")
		if hasPrefix(path[:strings.LastIndexByte(path, '/')+1], prefix) {
			arns = append(arns, arn)
		}
	}
	return turn(pager{p.Control, call, ask}, arns, func(arn string) string { return arn }, "attached", h.id, prefix)
}

// PutBoundary sets the permissions boundary of a user or a role.
func (p *Principals) PutBoundary(ctx context.Context, call *control.Call, e Entity, arn string) error {
	return p.change(ctx, call, permission{"iam:Put" + string(e.Kind) + "PermissionsBoundary", requested(nil, arn)}, e,
		func(tx *store.Tx, h *principalRow) error {
			if err := attachable(ctx, tx, call, arn); err != nil {
				return err
			}
			h.policies.Boundary = arn
			return nil
		})
}

// DeleteBoundary removes the permissions boundary of a user or a role.
func (p *Principals) DeleteBoundary(ctx context.Context, call *control.Call, e Entity) error {
	return p.change(ctx, call, permission{"iam:Delete" + string(e.Kind) + "PermissionsBoundary", policy.Values{}}, e,
		func(_ *store.Tx, h *principalRow) error {
			if h.policies.Boundary == "" {
				return fault.New(fault.NotFound, e.Kind.entity(), "%s %s has no permissions boundary.", e.Kind, e.Name)
			}
			h.policies.Boundary = ""
			return nil
		})
}

// checkBoundary refuses a permissions boundary in a create request if the policy does not exist.
func (p *Principals) checkBoundary(ctx context.Context, tx *store.Tx, call *control.Call, arn string) error {
	if arn == "" {
		return nil
	}
	return attachable(ctx, tx, call, arn)
}

// TagEntity adds tags to a user or a role, and replaces those with the same keys.
func (p *Principals) TagEntity(ctx context.Context, call *control.Call, e Entity, tags []iam.Tag) error {
	return p.change(ctx, call, permission{"iam:Tag" + string(e.Kind), requested(tags, "")}, e,
		func(_ *store.Tx, h *principalRow) error {
			all, err := addTags(*h.tags, tags, p.Control.Quotas.Tags)
			*h.tags = all
			return err
		})
}

// UntagEntity removes tags from a user or a role.
func (p *Principals) UntagEntity(ctx context.Context, call *control.Call, e Entity, keys []string) error {
	return p.change(ctx, call, permission{"iam:Untag" + string(e.Kind), tagKeys(keys)}, e,
		func(_ *store.Tx, h *principalRow) error {
			*h.tags = dropTags(*h.tags, keys)
			return nil
		})
}

func tagKeys(keys []string) (v policy.Values) {
	v.Set("aws:TagKeys", keys...)
	return v
}

// ListTags lists the tags of a user or a role.
func (p *Principals) ListTags(call *control.Call, e Entity, ask Ask) (Page[iam.Tag], error) {
	h, err := p.find(call, "iam:List"+string(e.Kind)+"Tags", e, policy.Values{})
	if err != nil {
		return Page[iam.Tag]{}, err
	}
	return turn(pager{p.Control, call, ask}, *h.tags, func(t iam.Tag) string { return fold(t.Key) }, "tags", h.id)
}

// ListBelongings checks the action of ListGroupsForUser or ListInstanceProfilesForRole. Both lists are always empty,
// because there are no groups and no instance profiles.
func (p *Principals) ListBelongings(call *control.Call, action string, e Entity) error {
	_, err := p.find(call, action, e, policy.Values{})
	return err
}

// ListInstanceProfiles checks the action of the list of instance profiles below a path, which is always empty.
func (p *Principals) ListInstanceProfiles(call *control.Call, prefix string) error {
	return may(call, "iam:ListInstanceProfiles", below(call, "instance-profile", prefix), policy.Values{})
}
