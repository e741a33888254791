package principals

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// GetPolicyVersion returns a version of a managed policy, and whether it is the default version.
func (p *Principals) GetPolicyVersion(
	call *control.Call, arn, version string,
) (v iam.PolicyVersion, inForce bool, err error) {
	m, err := p.findPolicy(call, "iam:GetPolicyVersion", arn, policy.Values{})
	if err != nil {
		return v, false, err
	}
	i := versionAt(&m.ManagedPolicy, version)
	if i < 0 {
		return v, false, noSuchVersion(arn, version)
	}
	return m.Versions[i], version == m.Default, nil
}

// ListPolicyVersions lists the versions of a managed policy, newest first, and says which is the default version.
func (p *Principals) ListPolicyVersions(
	call *control.Call, arn string, ask Ask,
) (Page[iam.PolicyVersion], string, error) {
	m, err := p.findPolicy(call, "iam:ListPolicyVersions", arn, policy.Values{})
	if err != nil {
		return Page[iam.PolicyVersion]{}, "", err
	}
	page, err := turn(pager{p.Control, call, ask}, m.Versions, func(v iam.PolicyVersion) string {
		n, _ := strconv.Atoi(strings.TrimPrefix(v.ID, "v"))
		return fmt.Sprintf("%010d", 1_000_000_000-n)
	}, "versions", arn)
	return page, m.Default, err
}

// Scope says whose managed policies a list shows.
type Scope string

// The scopes. The zero Scope is All.
const (
	All   Scope = "All"
	AWS   Scope = "AWS"   // AWS's own
	Local Scope = "Local" // those of the account
)

// Usage is a use of policies by which a list is filtered.
type Usage string

// The usages. The zero Usage is both.
const (
	AsPermissions Usage = "PermissionsPolicy"
	AsBoundary    Usage = "PermissionsBoundary"
)

// PolicyFilter filters ListPolicies. The zero value lists everything.
type PolicyFilter struct {
	Scope        Scope
	PathPrefix   string
	OnlyAttached bool
	Usage        Usage
}

func (f PolicyFilter) admits(m *ManagedPolicy) bool {
	switch {
	case f.Scope == AWS && !m.AWS, f.Scope == Local && m.AWS:
		return false
	case !hasPrefix(m.Path, f.PathPrefix):
		return false
	case f.OnlyAttached && m.Attached == 0:
		return false
	case f.Usage == AsPermissions && m.Attached == 0, f.Usage == AsBoundary && m.Bounding == 0:
		return false
	}
	return true
}

// ListPolicies lists managed policies: those of the account, then AWS's, by name.
func (p *Principals) ListPolicies(call *control.Call, f PolicyFilter, ask Ask) (Page[*ManagedPolicy], error) {
	if err := may(call, "iam:ListPolicies", policiesBelow(f.PathPrefix), policy.Values{}); err != nil {
		return Page[*ManagedPolicy]{}, err
	}
	var all []*ManagedPolicy
	for _, m := range call.Snapshot.PoliciesOf(call.Account) {
		all = append(all, &ManagedPolicy{ManagedPolicy: *m, arn: m.ARN()})
	}
	for _, m := range policy.ManagedPolicies() {
		all = append(all, ofAWS(m))
	}
	all = slices.DeleteFunc(all, func(m *ManagedPolicy) bool { return !f.admits(p.described(call, m)) })
	return turn(pager{p.Control, call, ask}, all, func(m *ManagedPolicy) string {
		if m.AWS {
			return "1" + fold(m.Name)
		}
		return "0" + fold(m.Name)
	}, "policies", string(f.Scope), f.PathPrefix, strconv.FormatBool(f.OnlyAttached), string(f.Usage))
}

// Using is a user or a role that has a managed policy.
type Using struct {
	Entity
	ID string
}

// EntityFilter filters ListEntitiesForPolicy. The zero value lists everything.
type EntityFilter struct {
	Kind       Kind
	PathPrefix string
	Usage      Usage
}

// ListEntitiesForPolicy lists the users and roles of the account to which a managed policy is attached, or whose
// boundary it is.
func (p *Principals) ListEntitiesForPolicy(
	call *control.Call, arn string, f EntityFilter, ask Ask,
) (Page[Using], error) {
	if _, err := p.findPolicy(call, "iam:ListEntitiesForPolicy", arn, policy.Values{}); err != nil {
		return Page[Using]{}, err
	}
	seen := map[string]Using{}
	add := func(users []*iam.User, roles []*iam.Role) {
		for _, u := range users {
			if u.Account == call.Account && f.Kind != Role && hasPrefix(u.Path, f.PathPrefix) {
				seen[u.ID] = Using{UserNamed(u.Name), u.ID}
			}
		}
		for _, r := range roles {
			if r.Account == call.Account && f.Kind != User && hasPrefix(r.Path, f.PathPrefix) {
				seen[r.ID] = Using{RoleNamed(r.Name), r.ID}
			}
		}
	}
	if f.Usage != AsBoundary {
		add(call.Snapshot.AttachedTo(arn))
	}
	if f.Usage != AsPermissions {
		add(call.Snapshot.BoundedBy(arn))
	}
	var all []Using
	for _, u := range seen {
		all = append(all, u)
	}
	return turn(pager{p.Control, call, ask}, all, func(u Using) string { return string(u.Kind) + fold(u.Name) },
		"entities", arn, string(f.Kind), f.PathPrefix, string(f.Usage))
}

// TagPolicy adds tags to a managed policy of the account.
func (p *Principals) TagPolicy(ctx context.Context, call *control.Call, arn string, tags []iam.Tag) error {
	return p.changePolicy(ctx, call, permission{"iam:TagPolicy", requested(tags, "")}, arn,
		func(tx *store.Tx, m *iam.ManagedPolicy) error {
			all, err := addTags(m.Tags, tags, p.Control.Quotas.Tags)
			if err != nil {
				return err
			}
			m.Tags = all
			return store.ManagedPolicies.Update(tx, m)
		})
}

// UntagPolicy removes tags from a managed policy of the account.
func (p *Principals) UntagPolicy(ctx context.Context, call *control.Call, arn string, keys []string) error {
	return p.changePolicy(ctx, call, permission{"iam:UntagPolicy", tagKeys(keys)}, arn,
		func(tx *store.Tx, m *iam.ManagedPolicy) error {
			m.Tags = dropTags(m.Tags, keys)
			return store.ManagedPolicies.Update(tx, m)
		})
}

// ListPolicyTags lists the tags of a managed policy.
func (p *Principals) ListPolicyTags(call *control.Call, arn string, ask Ask) (Page[iam.Tag], error) {
	m, err := p.findPolicy(call, "iam:ListPolicyTags", arn, policy.Values{})
	if err != nil {
		return Page[iam.Tag]{}, err
	}
	return turn(pager{p.Control, call, ask}, m.Tags, func(t iam.Tag) string { return fold(t.Key) }, "policy-tags", arn)
}
