package engine

import (
	"cmp"
	"maps"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// draft is the next snapshot while it is made from the current one. A put replaces what has the same id. Dropping what
// does not exist does nothing.
type draft struct {
	*Snapshot
	t      *token
	add    []access.Grant
	remove []access.GrantID
}

// edit begins the next snapshot as a draft. The receiver does not change.
func (s *Snapshot) edit() *draft {
	next := *s
	return &draft{Snapshot: &next, t: new(token)}
}

// publish freezes the draft as a snapshot. It also returns how many grants came and went.
func (d *draft) publish(rev store.Rev) (*Snapshot, int) {
	n := len(d.add) + len(d.remove)
	if n > 0 {
		d.grants = d.grants.With(d.add, d.remove)
	}
	d.rev = rev
	s := d.Snapshot
	*d = draft{}
	return s, n
}

func (d *draft) account(id access.AccountID) *account {
	old := d.accounts.at(id)
	if old != nil && old.owner == d.t {
		return old
	}
	a := &account{}
	if old != nil {
		*a = *old
	}
	a.owner, a.regions = d.t, maps.Clone(a.regions)
	d.accounts.set(d.t, id, a)
	return a
}

func (d *draft) region(id access.AccountID, name string) *region {
	a := d.account(id)
	old := a.regions[name]
	if old != nil && old.owner == d.t {
		return old
	}
	r := &region{}
	if old != nil {
		*r = *old
	}
	r.owner = d.t
	if a.regions == nil {
		a.regions = map[string]*region{}
	}
	a.regions[name] = r
	return r
}

func (d *draft) putAccount(a *iam.Account) {
	to := d.account(a.ID)
	to.row, to.center.first = a, sso.First(a.ID, a.Created)
}

func (d *draft) dropAccount(id string) { d.account(access.AccountID(id)).row = nil }
func (d *draft) putUser(u *iam.User)   { d.putPrincipal(&principal{user: u}) }
func (d *draft) putRole(r *iam.Role)   { d.putPrincipal(&principal{role: r}) }

func (d *draft) putPrincipal(p *principal) {
	d.dropPrincipal(p.id())
	d.place(p)
	ps := p.policies()
	for _, arn := range ps.Attached {
		d.use(arn, func(u *uses) { u.attached.set(d.t, p.id(), struct{}{}) })
	}
	if ps.Boundary != "" {
		d.use(ps.Boundary, func(u *uses) { u.boundary.set(d.t, p.id(), struct{}{}) })
	}
}

// place enters a principal where it is found by id and by name.
func (d *draft) place(p *principal) {
	d.principals.set(d.t, p.id(), p)
	a := d.account(p.account())
	if p.user != nil {
		a.users.set(d.t, fold(p.user.Name), p)
	} else {
		a.roles.set(d.t, fold(p.role.Name), p)
	}
}

func (d *draft) dropPrincipal(id string) {
	p := d.principals.at(id)
	if p == nil {
		return
	}
	d.principals.delete(d.t, id)
	a, byName, name := d.account(p.account()), (*list[string, *principal])(nil), ""
	if p.user != nil {
		byName, name = &a.users, fold(p.user.Name)
	} else {
		byName, name = &a.roles, fold(p.role.Name)
	}
	// Within one revision, another principal may have got the name already.
	if holder := byName.entries.at(name); holder != nil && holder.id() == id {
		byName.delete(d.t, name)
	}
	ps := p.policies()
	for _, arn := range ps.Attached {
		d.use(arn, func(u *uses) { u.attached.delete(d.t, id) })
	}
	if ps.Boundary != "" {
		d.use(ps.Boundary, func(u *uses) { u.boundary.delete(d.t, id) })
	}
}

func (d *draft) use(arn string, change func(*uses)) {
	u := d.uses.at(arn)
	change(&u)
	if u.attached.len() == 0 && u.boundary.len() == 0 {
		d.uses.delete(d.t, arn)
	} else {
		d.uses.set(d.t, arn, u)
	}
}

func (d *draft) putPolicy(p *iam.ManagedPolicy) {
	d.dropPolicy(p.ID)
	m := &managed{ManagedPolicy: p}
	d.policyIDs.set(d.t, p.ID, m)
	d.policies.set(d.t, p.ARN(), m)
	d.account(p.Account).policies.set(d.t, p.ARN(), m)
	d.refresh(p.ARN())
}

func (d *draft) dropPolicy(id string) {
	m := d.policyIDs.at(id)
	if m == nil {
		return
	}
	arn := m.ARN()
	d.policyIDs.delete(d.t, id)
	if holder := d.policies.at(arn); holder != nil && holder.ID == id { // another policy may have got the ARN already
		d.policies.delete(d.t, arn)
		d.account(m.Account).policies.delete(d.t, arn)
	}
	d.refresh(arn)
}

// refresh makes the policies of everybody who uses a managed policy be compiled anew.
func (d *draft) refresh(arn string) {
	u := d.uses.at(arn)
	for _, ids := range []*pmap[string, struct{}]{&u.attached, &u.boundary} {
		for id := range ids.all() {
			if p := d.principals.at(id); p != nil {
				d.place(&principal{user: p.user, role: p.role})
			}
		}
	}
}

func (d *draft) putKey(k *iam.AccessKey) {
	d.dropKey(k.ID)
	d.keys.set(d.t, k.ID, k)
	of := append(slices.Clone(d.keysOf.at(keyParent(k))), k)
	slices.SortFunc(of, func(a, b *iam.AccessKey) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
	d.keysOf.set(d.t, keyParent(k), of)
}

func (d *draft) dropKey(id string) {
	k := d.keys.at(id)
	if k == nil {
		return
	}
	d.keys.delete(d.t, id)
	rest := slices.DeleteFunc(slices.Clone(d.keysOf.at(keyParent(k))), func(o *iam.AccessKey) bool { return o.ID == id })
	if len(rest) == 0 {
		d.keysOf.delete(d.t, keyParent(k))
	} else {
		d.keysOf.set(d.t, keyParent(k), rest)
	}
}

func keyParent(k *iam.AccessKey) string {
	if k.UserID == "" {
		return string(k.Account)
	}
	return k.UserID
}

func (d *draft) putBucket(row *bucket.Bucket) {
	d.dropBucket(row.Name)
	b := &ruledBucket{Bucket: row}
	d.buckets.set(d.t, row.Name, b)
	d.account(row.Account).buckets.set(d.t, row.Name, b)
}

func (d *draft) dropBucket(name string) {
	if b := d.buckets.at(name); b != nil {
		d.buckets.delete(d.t, name)
		d.account(b.Account).buckets.delete(d.t, name)
	}
}

func (d *draft) putInstance(i *store.Instance) {
	d.region(i.Account, i.Region).instance = &instance{Instance: i}
}

func (d *draft) dropInstance(id string) {
	if account, region, _, ok := cutID(id); ok {
		d.region(account, region).instance = nil
	}
}

func (d *draft) putLocation(l *store.Location) {
	d.dropLocation(store.LocationID(l.Account, l.Region, l.ID))
	r := d.region(l.Account, l.Region)
	r.locations.set(d.t, l.ID, l)
	r.byScope.set(d.t, l.Scope.String(), l)
}

func (d *draft) dropLocation(id string) {
	account, name, location, ok := cutID(id)
	if !ok {
		return
	}
	r := d.region(account, name)
	l := r.locations.entries.at(location)
	if l == nil {
		return
	}
	r.locations.delete(d.t, location)
	if holder := r.byScope.at(l.Scope.String()); holder != nil && holder.ID == location {
		r.byScope.delete(d.t, l.Scope.String())
	}
}

func (d *draft) putGrant(g access.Grant) {
	d.add = append(d.add, g)
	d.lastGrant = max(d.lastGrant, g.Seq)
}
