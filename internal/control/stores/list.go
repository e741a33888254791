package stores

import (
	"context"
	"time"

	"latchkey/internal/bucket"
	"latchkey/internal/control/buckets"
	"latchkey/internal/store"
	"latchkey/internal/upstreams"
)

// Listed is an upstream as the operator sees it.
type Listed struct {
	Name        string
	Member      *upstreams.Member // nil: the server's own store
	State       upstreams.State
	Observation bucket.UpstreamObservation
	Registered  int // buckets, as the registry has it now
}

// List lists all upstreams, the server's own store first.
func (s *Stores) List(ctx context.Context) ([]Listed, error) {
	counts, owned := map[string]int{}, map[string]string{}
	for b, err := range store.Buckets.All(ctx, s.Control.DB) {
		if err != nil {
			return nil, err
		}
		counts[buckets.StoreName(b)]++
		owned[b.Name] = buckets.StoreName(b)
	}
	all := []Listed{{
		Name: upstreams.Embedded, State: upstreams.State{Status: upstreams.Up, Since: s.Started},
		Registered: counts[upstreams.Embedded],
	}}
	for _, m := range s.Upstreams.All() {
		o, err := s.observation(ctx, m)
		if err != nil {
			return nil, err
		}
		if err := s.discountAdopted(ctx, o, owned); err != nil {
			return nil, err
		}
		all = append(all, Listed{m.Name, m, m.State(), *o, counts[m.Name]})
	}
	return all, nil
}

// discountAdopted leaves the buckets out of an observation's strays that were registered since it was made. owned has
// the upstream of each registered bucket.
func (s *Stores) discountAdopted(ctx context.Context, o *bucket.UpstreamObservation, owned map[string]string) error {
	rows, err := store.BucketObservations.Children(ctx, s.Control.DB, o.Upstream)
	for _, r := range rows {
		if !r.Registered && owned[r.Name] == o.Upstream {
			o.Unregistered = max(o.Unregistered-1, 0)
		}
	}
	return err
}

// Conditions says, for each bucket about which something is wrong in its store, what it is. The key is the bucket's
// name. Only registered buckets are in it.
func (s *Stores) Conditions(ctx context.Context) (map[string]Condition, error) {
	all := map[string]Condition{}
	for o, err := range store.BucketObservations.All(ctx, s.Control.DB) {
		if err != nil {
			return nil, err
		}
		switch {
		case !o.Registered:
		case !o.Missing.IsZero():
			all[o.Name] = Condition{o.Upstream, "missing in the store", o.Missing}
		case !o.Replaced.IsZero():
			all[o.Name] = Condition{o.Upstream, "another bucket of this name in the store", o.Replaced}
		}
	}
	return all, nil
}

// Condition is what is wrong with a bucket in its store.
type Condition struct {
	Upstream string
	Text     string
	Since    time.Time
}
