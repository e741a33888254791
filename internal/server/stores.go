package server

import (
	"fmt"

	"latchkey/internal/broker"
	"latchkey/internal/bucket"
	"latchkey/internal/upstreams"
)

// StoreSTS is the STS of an upstream, for locations that vend sessions of their store.
type StoreSTS struct {
	broker.Settings // Name is the upstream's

	// Stored is the name that the upstream's store has for a bucket; ok is false for one that is not served. nil: the
	// same.
	Stored func(bucket string) (name string, ok bool)
}

// openedStore is an STS with its client.
type openedStore struct {
	client *broker.Store
	stored func(bucket string) (name string, ok bool)
}

// openStores makes the clients of the STSs: those of the upstreams, and further ones of the configuration.
func (s *Server) openStores() error {
	s.opened = map[string]*openedStore{}
	all := s.Config.Stores
	for _, m := range s.upstreams.All() {
		if m.STS != nil {
			all = append(all, stsOf(m))
		}
	}
	for _, c := range all {
		if c.Now == nil {
			c.Now = s.Config.Now
		}
		b, err := broker.New(c.Settings)
		if err != nil {
			return fmt.Errorf("the STS of upstream %s: %w", c.Name, err)
		}
		if c.Stored == nil {
			c.Stored = func(bucket string) (string, bool) { return bucket, true }
		}
		s.opened[c.Name] = &openedStore{b, c.Stored}
	}
	return nil
}

// stsOf is the STS of an upstream. Its calls have the upstream's certificates and connections.
func stsOf(m *upstreams.Member) StoreSTS {
	sts := m.STS
	return StoreSTS{
		Settings: broker.Settings{
			Name: m.Name, Dialect: broker.Dialect(sts.Dialect), Endpoint: sts.Endpoint, Region: sts.Region,
			RoleARN: sts.RoleARN, External: sts.ExternalID, Credentials: m.STSKeys, Owner: m.Keys,
			MinDuration: sts.MinDuration, MaxDuration: sts.MaxDuration,
			S3Endpoint: m.Endpoints[0], S3Region: m.Region, VirtualHost: m.VirtualHost, Transport: m.HTTP.Transport,
		},
		Stored: m.Buckets.Stored,
	}
}

// storeOf finds the STS of the store that has a bucket, and the bucket's name there. It is nil for an upstream without
// one, such as the embedded store.
func (s *Server) storeOf(b *bucket.Bucket) (*broker.Store, string) {
	store := s.opened[b.Upstream]
	if store == nil {
		return nil, ""
	}
	name, ok := store.stored(b.Name)
	if !ok {
		return nil, ""
	}
	return store.client, name
}
