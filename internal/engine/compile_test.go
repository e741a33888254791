package engine

import (
	"errors"
	"slices"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

const (
	allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	denyAll  = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`
	broken   = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Actoin":"*","Resource":"*"}]}`
	trust    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
		`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	open = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",` +
		`"Resource":"*"}}`
	s3Full = policy.ManagedPrefix + "AmazonS3FullAccess"
)

func managedPolicy(name string, texts ...string) *iam.ManagedPolicy {
	p := &iam.ManagedPolicy{ID: iam.NewID(iam.PolicyIDPrefix), Account: acct, Path: "/team/", Name: name, Default: "v1"}
	for i, text := range texts {
		p.Versions = append(p.Versions, iam.PolicyVersion{ID: "v" + string(rune('1'+i)), Document: text})
	}
	return p
}

func newRole(name string) *iam.Role {
	return &iam.Role{
		ID:         iam.NewID(iam.RoleIDPrefix),
		Account:    acct,
		Path:       "/",
		Name:       name,
		Trust:      trust,
		MaxSession: 2 * time.Hour,
	}
}

func docNames(docs []*policy.Document) []string {
	return project(docs, func(d *policy.Document) string { return d.Name() })
}

func TestCompiledCarriesEveryPolicyByName(t *testing.T) {
	e := newEngine(t)
	p, bound := managedPolicy("data", allowAll), managedPolicy("bound", allowAll)
	r := newRole("worker")
	r.Inline = []iam.Inline{{Name: "mine", Document: allowAll}}
	r.Attached = []string{p.ARN(), s3Full}
	r.Boundary = bound.ARN()
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.Roles.Insert(tx, r), store.ManagedPolicies.Insert(tx, p),
			store.ManagedPolicies.Insert(tx, bound))
	})
	s := snapshot(t, e)
	c := s.Compiled(r.ID)
	if c == nil || c.Err != nil {
		t.Fatalf("got %+v", c)
	}
	if got := docNames(c.Identity); !slices.Equal(got, []string{"mine", p.ARN(), s3Full}) {
		t.Errorf("identity policies %v", got)
	}
	if c.Boundary.Name() != bound.ARN() || c.Trust.Name() != r.ARN() || c.MaxSession != 2*time.Hour {
		t.Errorf("boundary %q, trust %q, %v", c.Boundary.Name(), c.Trust.Name(), c.MaxSession)
	}
	if s.Compiled(r.ID) != c {
		t.Error("compiled twice")
	}
	if s.Compiled("AROANOBODY") != nil {
		t.Error("nobody has policies")
	}
	if users, roles := s.AttachedTo(s3Full); len(users) != 0 || len(roles) != 1 || roles[0].ID != r.ID {
		t.Errorf("attached to %v %v", users, roles)
	}
}

func TestUnreadablePolicyDenies(t *testing.T) {
	readable := managedPolicy("readable", allowAll)
	for name, c := range map[string]struct {
		policy *iam.ManagedPolicy
		spoil  func(*iam.Role)
	}{
		"when an inline policy cannot be read": {nil, func(r *iam.Role) {
			r.Inline = append(r.Inline, iam.Inline{Name: "x", Document: broken})
		}},
		"when a managed policy cannot be read": {managedPolicy("x", broken), func(r *iam.Role) {
			r.Attached = append(r.Attached, managedPolicy("x").ARN())
		}},
		"when the default version is missing": {managedPolicy("x"), func(r *iam.Role) {
			r.Attached = append(r.Attached, managedPolicy("x").ARN())
		}},
		"when a managed policy does not exist": {nil, func(r *iam.Role) {
			r.Attached = append(r.Attached, managedPolicy("x").ARN())
		}},
		"when AWS has no such policy": {nil, func(r *iam.Role) {
			r.Attached = append(r.Attached, policy.ManagedPrefix+"NoSuchPolicy")
		}},
		"when the boundary does not exist": {nil, func(r *iam.Role) { r.Boundary = managedPolicy("x").ARN() }},
		"when the boundary cannot be read": {managedPolicy("x", broken), func(r *iam.Role) {
			r.Boundary = managedPolicy("x").ARN()
		}},
		"when the trust policy cannot be read": {nil, func(r *iam.Role) { r.Trust = broken }},
		"when there is no trust policy":        {nil, func(r *iam.Role) { r.Trust = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t)
			r := newRole("r")
			r.Attached = []string{readable.ARN()}
			update(t, e, func(tx *store.Tx) error {
				return errors.Join(store.ManagedPolicies.Insert(tx, readable), store.Roles.Insert(tx, r))
			})
			if c := snapshot(t, e).Compiled(r.ID); c.Err != nil || len(c.Identity) != 1 {
				t.Fatalf("the readable role has %+v", c)
			}
			changed := *r
			c.spoil(&changed)
			update(t, e, func(tx *store.Tx) error {
				if c.policy != nil {
					if err := store.ManagedPolicies.Insert(tx, c.policy); err != nil {
						return err
					}
				}
				return store.Roles.Update(tx, &changed)
			})
			got := snapshot(t, e).Compiled(r.ID)
			if got.Err == nil || got.Identity != nil || got.Boundary != nil || got.Trust != nil {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func TestUnreadableResourcePolicyIsAnError(t *testing.T) {
	e := newEngine(t)
	b := &bucket.Bucket{Name: "lake", Account: acct}
	i := &store.Instance{Instance: access.Instance{Account: acct, Region: here}}
	put := func(text string) *Snapshot {
		b.Policy, i.Policy = text, text
		update(t, e, func(tx *store.Tx) error {
			if snapshot(t, e).Bucket("lake") != nil {
				return errors.Join(store.Buckets.Update(tx, b), store.Instances.Update(tx, i))
			}
			return errors.Join(store.Buckets.Insert(tx, b), store.Instances.Insert(tx, i))
		})
		return snapshot(t, e)
	}
	check := func(text string, doc, failure bool) {
		t.Helper()
		s := put(text)
		d, err := s.BucketPolicy("lake")
		if d != nil != doc || err != nil != failure {
			t.Errorf("bucket policy %v, %v", d, err)
		}
		d, err = s.InstancePolicy(acct, here)
		if d != nil != doc || err != nil != failure {
			t.Errorf("instance policy %v, %v", d, err)
		}
	}
	check("", false, false)
	check(open, true, false)
	check(broken, false, true)
	check(open, true, false)
	s := snapshot(t, e)
	if d, err := s.BucketPolicy("other"); d != nil || err != nil {
		t.Errorf("a bucket that is not there has %v, %v", d, err)
	}
	if d, err := s.InstancePolicy(acct, "eu-west-1"); d != nil || err != nil {
		t.Errorf("an instance that is not there has %v, %v", d, err)
	}
}

func TestDefaultVersionChangesForAllWhoAttachIt(t *testing.T) {
	e := newEngine(t)
	p := managedPolicy("shared", allowAll, denyAll)
	u, r, bounded := storetest.NewUser(acct, "u", time.Unix(1, 0)), newRole("r"), newRole("bounded")
	u.Attached, r.Attached, bounded.Boundary = []string{p.ARN()}, []string{p.ARN()}, p.ARN()
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.ManagedPolicies.Insert(tx, p), store.Users.Insert(tx, u), store.Roles.Insert(tx, r),
			store.Roles.Insert(tx, bounded))
	})
	inForce := func(s *Snapshot) []string {
		return []string{s.Compiled(u.ID).Identity[0].String(), s.Compiled(r.ID).Identity[0].String(),
			s.Compiled(bounded.ID).Boundary.String(), s.PolicyDocument(p.ARN()).String()}
	}
	before := snapshot(t, e)
	was := inForce(before)
	changed := *p
	changed.Default = "v2"
	update(t, e, func(tx *store.Tx) error { return store.ManagedPolicies.Update(tx, &changed) })
	after := snapshot(t, e)
	want, err := policy.Parse(denyAll, policy.Identity)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range inForce(after) {
		if text != want.String() {
			t.Errorf("place %d still has %s", i, text)
		}
	}
	if !slices.Equal(inForce(before), was) {
		t.Error("an older snapshot moved")
	}
	for _, s := range []*Snapshot{before, after} {
		if got := s.UserByName(acct, "U"); got == nil || s.Compiled(got.ID) == nil {
			t.Error("the user is not found by name")
		}
	}
}
