package engine

import (
	"cmp"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// managed is a customer-managed policy.
type managed struct {
	*iam.ManagedPolicy
	parsed lazy[parsed]
}

// ruledBucket is a bucket with its parsed policy.
type ruledBucket struct {
	*bucket.Bucket
	parsed lazy[parsed]
}

// uses lists who uses a managed policy: ids of users and roles.
type uses struct {
	attached pmap[string, struct{}]
	boundary pmap[string, struct{}]
}

// Policy returns a customer-managed policy by its ARN. Package policy has AWS's own policies.
func (s *Snapshot) Policy(arn string) *iam.ManagedPolicy {
	if m := s.policies.at(arn); m != nil {
		return m.ManagedPolicy
	}
	return nil
}

// PoliciesOf is every customer-managed policy of an account, oldest first.
func (s *Snapshot) PoliciesOf(id access.AccountID) []*iam.ManagedPolicy {
	a := s.accounts.at(id)
	if a == nil {
		return nil
	}
	all := a.policies.sorted(func(a, b *managed) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return project(all, func(m *managed) *iam.ManagedPolicy { return m.ManagedPolicy })
}

// PolicyDocument is the default version of a managed policy, AWS's or a customer's, named by its ARN. It is nil when
// there is no such policy or it cannot be read. Both mean deny.
func (s *Snapshot) PolicyDocument(arn string) *policy.Document {
	d, err := s.managedDocument(arn)
	if err != nil {
		return nil
	}
	return d
}

// BucketPolicy is the policy of a bucket. It is nil without an error when there is no bucket or it has no policy. An
// error means that there is a policy and that it cannot be read. The caller must then deny.
func (s *Snapshot) BucketPolicy(name string) (*policy.Document, error) {
	b := s.buckets.at(name)
	if b == nil || b.Policy == "" {
		return nil, nil
	}
	p := b.parsed.get(func() *parsed { return parse(b.Policy, policy.Resource, b.ARN()) })
	return p.doc, p.err
}

// AttachedTo is every user and role, of every account, that a managed policy is attached to, oldest first.
func (s *Snapshot) AttachedTo(policyARN string) ([]*iam.User, []*iam.Role) {
	u := s.uses.at(policyARN)
	return s.split(&u.attached)
}

// BoundedBy is every user and role, of every account, that has a managed policy as its permissions boundary,
// oldest first.
func (s *Snapshot) BoundedBy(policyARN string) ([]*iam.User, []*iam.Role) {
	u := s.uses.at(policyARN)
	return s.split(&u.boundary)
}

// Uses counts the users and roles that a managed policy is attached to, and those that have it as their
// boundary.
func (s *Snapshot) Uses(policyARN string) (attached, boundary int) {
	u := s.uses.at(policyARN)
	return u.attached.len(), u.boundary.len()
}

func (s *Snapshot) split(ids *pmap[string, struct{}]) (users []*iam.User, roles []*iam.Role) {
	var all []*principal
	for id := range ids.all() {
		if p := s.principals.at(id); p != nil {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, byAge)
	for _, p := range all {
		if p.user != nil {
			users = append(users, p.user)
		} else {
			roles = append(roles, p.role)
		}
	}
	return users, roles
}
