package principals

import (
	"context"
	"slices"
	"strconv"
	"time"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// ManagedPolicy is a managed policy of the account or of AWS as IAM describes it.
type ManagedPolicy struct {
	iam.ManagedPolicy
	AWS      bool // AWS's own, which can be attached but not changed
	Attached int  // to how many users and roles of the account
	Bounding int  // how many have it as their boundary
	arn      string
}

// ARN is the policy's ARN. An ARN of AWS's own policies has "aws" as its account.
func (m *ManagedPolicy) ARN() string { return m.arn }

// ofAWS is a policy of the catalogue. It has one version, under AWS's own number.
func ofAWS(m policy.ManagedPolicy) *ManagedPolicy {
	return &ManagedPolicy{AWS: true, arn: m.ARN, ManagedPolicy: iam.ManagedPolicy{
		ID:          m.ID,
		Name:        m.Name,
		Path:        m.Path,
		Description: m.Description,
		Default:     m.VersionID,
		Created:     m.CreateDate,
		Updated:     m.UpdateDate,
		Versions:    []iam.PolicyVersion{{ID: m.VersionID, Document: m.Text, Created: m.UpdateDate}},
	}}
}

func (p *Principals) described(call *control.Call, m *ManagedPolicy) *ManagedPolicy {
	count := func(users []*iam.User, roles []*iam.Role) (n int) {
		for _, u := range users {
			if u.Account == call.Account {
				n++
			}
		}
		for _, r := range roles {
			if r.Account == call.Account {
				n++
			}
		}
		return n
	}
	m.Attached = count(call.Snapshot.AttachedTo(m.arn))
	m.Bounding = count(call.Snapshot.BoundedBy(m.arn))
	return m
}

// findPolicy checks an action on a managed policy and returns the policy as the snapshot has it. The caller must not
// change it. It does not find policies of other accounts.
func (p *Principals) findPolicy(call *control.Call, action, arn string, values policy.Values) (*ManagedPolicy, error) {
	var found *ManagedPolicy
	if m, ok := policy.ManagedByARN(arn); ok {
		found = ofAWS(m)
	} else if m := call.Snapshot.Policy(arn); m != nil && m.Account == call.Account {
		found = &ManagedPolicy{ManagedPolicy: *m, arn: m.ARN()}
	}
	if found == nil {
		if err := may(call, action, arn, values); err != nil {
			return nil, err
		}
		return nil, noSuchPolicy(arn)
	}
	if err := may(call, action, arn, withResource(values, found.Tags, "")); err != nil {
		return nil, err
	}
	call.Touch("AWS::IAM::Policy", arn, call.Account)
	return found, nil
}

// changePolicy checks an action on a managed policy of the account and then changes it in one transaction.
func (p *Principals) changePolicy(ctx context.Context, call *control.Call, a permission, arn string,
	fn func(*store.Tx, *iam.ManagedPolicy) error) error {
	seen, err := p.findPolicy(call, a.action, arn, a.values)
	if err != nil {
		return err
	}
	if seen.AWS {
		return fault.New(fault.Denied, fault.Policy, "Policy is outside your own account.")
	}
	return p.Control.Update(ctx, call, func(tx *store.Tx) error {
		m, err := store.ManagedPolicies.Get(ctx, tx, seen.ID)
		if fault.Is(err, fault.NotFound, fault.Policy) {
			return noSuchPolicy(arn)
		}
		if err != nil {
			return err
		}
		return fn(tx, m)
	})
}

// NewPolicy is what CreatePolicy takes.
type NewPolicy struct {
	Name, Path, Description, Document string
	Tags                              []iam.Tag
}

// CreatePolicy makes a managed policy with its first version, v1.
func (p *Principals) CreatePolicy(ctx context.Context, call *control.Call, in NewPolicy) (*ManagedPolicy, error) {
	m := iam.ManagedPolicy{
		ID: iam.NewID(iam.PolicyIDPrefix), Account: call.Account, Name: in.Name, Description: in.Description, Tags: in.Tags,
		Versions: []iam.PolicyVersion{{ID: "v1", Document: in.Document}}, Default: "v1", NextVersion: 2,
	}
	var err error
	if m.Path, err = checkPath(in.Path, policyPathPattern); err != nil {
		return nil, err
	}
	if err := checkName("policyName", in.Name, maxPolicyName); err != nil {
		return nil, err
	}
	if err := checkDescription(in.Description); err != nil {
		return nil, err
	}
	if err := p.mayCreate(call, "Policy", m.ARN(), in.Tags, ""); err != nil {
		return nil, err
	}
	if err := checkManaged(call, in.Document); err != nil {
		return nil, err
	}
	call.Touch("AWS::IAM::Policy", m.ARN(), m.Account)
	err = p.Control.Update(ctx, call, func(tx *store.Tx) error {
		m.Created, m.Updated, m.Versions[0].Created = tx.Now(), tx.Now(), tx.Now()
		call.Event.ResponseElements = map[string]any{"policy": map[string]any{
			"arn":        m.ARN(),
			"policyId":   m.ID,
			"policyName": m.Name,
		}}
		err := store.ManagedPolicies.Insert(tx, &m)
		if fault.Is(err, fault.AlreadyExists, fault.Policy) {
			return fault.New(fault.AlreadyExists, fault.Policy,
				"A policy called %s already exists. Duplicate names are not allowed.", in.Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &ManagedPolicy{ManagedPolicy: m, arn: m.ARN()}, nil
}

func checkManaged(call *control.Call, document string) error {
	d, err := policy.Parse(document, policy.Identity)
	if err == nil {
		err = d.CheckPartition()
	}
	if err != nil {
		return malformed(err)
	}
	if d.Size() > managedLimit {
		return quota(fault.PolicyDocument, "PolicySize", managedLimit)
	}
	call.Wrote(d)
	return nil
}

// GetPolicy describes a managed policy.
func (p *Principals) GetPolicy(call *control.Call, arn string) (*ManagedPolicy, error) {
	m, err := p.findPolicy(call, "iam:GetPolicy", arn, policy.Values{})
	if err != nil {
		return nil, err
	}
	return p.described(call, m), nil
}

// DeletePolicy deletes a managed policy. It refuses a policy that is in use, or that has versions besides its default
// version.
func (p *Principals) DeletePolicy(ctx context.Context, call *control.Call, arn string) error {
	return p.changePolicy(ctx, call, permission{"iam:DeletePolicy", policy.Values{}}, arn,
		func(tx *store.Tx, m *iam.ManagedPolicy) error {
			used, err := inUse(ctx, tx, m)
			switch {
			case err != nil:
				return err
			case used:
				return fault.New(fault.InUse, fault.Policy, "Cannot delete a policy attached to entities.")
			case len(m.Versions) > 1:
				return fault.New(fault.InUse, fault.Policy,
					"This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "+
						"The default version is deleted with the policy.")
			}
			return store.ManagedPolicies.Delete(tx, m.ID)
		})
}

// inUse reports whether the policy is attached to a user or a role, or is the boundary of one. It reads the rows,
// because the snapshot may not show yet what another node attached.
func inUse(ctx context.Context, tx *store.Tx, m *iam.ManagedPolicy) (bool, error) {
	arn := m.ARN()
	has := func(ps *iam.Policies) bool { return ps.Boundary == arn || slices.Contains(ps.Attached, arn) }
	users, err := store.Users.InAccount(ctx, tx, string(m.Account))
	if err != nil {
		return false, err
	}
	roles, err := store.Roles.InAccount(ctx, tx, string(m.Account))
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(users, func(u *iam.User) bool { return has(&u.Policies) }) ||
		slices.ContainsFunc(roles, func(r *iam.Role) bool { return has(&r.Policies) }), nil
}

// CreatePolicyVersion adds a version to a managed policy, which has at most five, and makes it the default version if
// asked to.
func (p *Principals) CreatePolicyVersion(
	ctx context.Context, call *control.Call, arn, document string, inForce bool,
) (iam.PolicyVersion, error) {
	var v iam.PolicyVersion
	err := p.changePolicy(ctx, call, permission{"iam:CreatePolicyVersion", policy.Values{}}, arn,
		func(tx *store.Tx, m *iam.ManagedPolicy) error {
			if err := checkManaged(call, document); err != nil {
				return err
			}
			if len(m.Versions) >= p.Control.Quotas.PolicyVersion {
				return fault.New(fault.LimitExceeded, fault.PolicyVersion,
					"A managed policy can have up to %d versions. Before you create a new version, "+
						"you must delete an existing version.", p.Control.Quotas.PolicyVersion)
			}
			v = iam.PolicyVersion{ID: "v" + strconv.Itoa(m.NextVersion), Document: document, Created: tx.Now()}
			m.NextVersion++
			m.Versions = append(m.Versions, v)
			if inForce {
				m.Default = v.ID
			}
			m.Updated = tx.Now()
			call.Event.ResponseElements = map[string]any{"policyVersion": map[string]any{
				"versionId": v.ID, "isDefaultVersion": inForce, "createDate": v.Created.Format(time.RFC3339)}}
			return store.ManagedPolicies.Update(tx, m)
		})
	return v, err
}

// DeletePolicyVersion deletes a version that is not the default version.
func (p *Principals) DeletePolicyVersion(ctx context.Context, call *control.Call, arn, version string) error {
	return p.changePolicy(ctx, call, permission{"iam:DeletePolicyVersion", policy.Values{}}, arn,
		func(tx *store.Tx, m *iam.ManagedPolicy) error {
			i := versionAt(m, version)
			switch {
			case i < 0:
				return noSuchVersion(arn, version)
			case m.Default == version:
				return fault.New(fault.InUse, fault.PolicyVersion, "Cannot delete the default version of a policy.")
			}
			m.Versions = slices.Delete(m.Versions, i, i+1)
			m.Updated = tx.Now()
			return store.ManagedPolicies.Update(tx, m)
		})
}

// SetDefaultPolicyVersion makes a version the default version. It takes effect at once for everybody who has the
// policy.
func (p *Principals) SetDefaultPolicyVersion(ctx context.Context, call *control.Call, arn, version string) error {
	return p.changePolicy(ctx, call, permission{"iam:SetDefaultPolicyVersion", policy.Values{}}, arn,
		func(tx *store.Tx, m *iam.ManagedPolicy) error {
			if versionAt(m, version) < 0 {
				return noSuchVersion(arn, version)
			}
			m.Default, m.Updated = version, tx.Now()
			return store.ManagedPolicies.Update(tx, m)
		})
}

func versionAt(m *iam.ManagedPolicy, version string) int {
	return slices.IndexFunc(m.Versions, func(v iam.PolicyVersion) bool { return v.ID == version })
}
