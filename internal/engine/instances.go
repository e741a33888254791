package engine

import (
	"cmp"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// instance is an Access Grants instance with its resource policy, which is parsed when it is first needed.
type instance struct {
	*store.Instance
	parsed lazy[parsed]
}

func (s *Snapshot) region(id access.AccountID, name string) *region {
	if a := s.accounts.at(id); a != nil {
		return a.regions[name]
	}
	return nil
}

// Instance returns the Access Grants instance of an account in a region.
func (s *Snapshot) Instance(id access.AccountID, region string) *store.Instance {
	if r := s.region(id, region); r != nil && r.instance != nil {
		return r.instance.Instance
	}
	return nil
}

// InstancesOf is every instance of an account, in the order of their regions' names.
func (s *Snapshot) InstancesOf(id access.AccountID) []*store.Instance {
	a := s.accounts.at(id)
	if a == nil {
		return nil
	}
	var all []*store.Instance
	for _, r := range a.regions {
		if r.instance != nil {
			all = append(all, r.instance.Instance)
		}
	}
	slices.SortFunc(all, func(a, b *store.Instance) int { return cmp.Compare(a.Region, b.Region) })
	return all
}

// instanceRow is the instance with its parsed policy.
func (s *Snapshot) instanceRow(id access.AccountID, region string) *instance {
	if r := s.region(id, region); r != nil {
		return r.instance
	}
	return nil
}

// InstancePolicy is the resource policy of an instance. It is nil without an error when there is no instance or it has
// no policy. An error means that there is a policy and that it cannot be read. The caller must then deny.
func (s *Snapshot) InstancePolicy(id access.AccountID, region string) (*policy.Document, error) {
	r := s.region(id, region)
	if r == nil || r.instance == nil || r.instance.Policy == "" {
		return nil, nil
	}
	i := r.instance
	p := i.parsed.get(func() *parsed { return parse(i.Policy, policy.Resource, i.ARN()) })
	return p.doc, p.err
}

// Location returns a location. Location ids are unique in one instance only: every default location has the id
// "default".
func (s *Snapshot) Location(account access.AccountID, region string, id access.LocationID) *store.Location {
	if r := s.region(account, region); r != nil {
		return r.locations.entries.at(id)
	}
	return nil
}

// LocationByScope returns the location that was registered with exactly this scope.
func (s *Snapshot) LocationByScope(
	account access.AccountID, region string, scope access.LocationScope,
) *store.Location {
	if r := s.region(account, region); r != nil {
		return r.byScope.at(scope.String())
	}
	return nil
}

// LocationsOf is every location of an instance, oldest first.
func (s *Snapshot) LocationsOf(account access.AccountID, region string) []*store.Location {
	r := s.region(account, region)
	if r == nil {
		return nil
	}
	return r.locations.sorted(func(a, b *store.Location) int { return cmp.Compare(a.Seq, b.Seq) })
}

// Grants is the index of all grants of all accounts. The store, not the snapshot, counts the grants of an instance or a
// location.
func (s *Snapshot) Grants() *access.Index { return s.grants }

// Locations is every location of all accounts, oldest first.
func (s *Snapshot) Locations() []*store.Location {
	var all []*store.Location
	for _, a := range s.accounts.all() {
		for _, r := range a.regions {
			for _, l := range r.locations.entries.all() {
				all = append(all, l)
			}
		}
	}
	slices.SortFunc(all, func(a, b *store.Location) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}
