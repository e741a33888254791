package server

import (
	"fmt"

	"latchkey/internal/broker"
	"latchkey/internal/bucket"
	"latchkey/internal/upstreams"
)

// openedStore is the STS of an upstream, for locations that vend sessions of their store.
type openedStore struct {
	client *broker.Store
	stored func(bucket string) (name string, ok bool) // the name that the store has for a bucket; ok: it is served
}

// openStores makes the clients of the upstreams' STSs.
func (s *Server) openStores() error {
	s.opened = map[string]*openedStore{}
	for _, m := range s.upstreams.All() {
		if m.STS == nil {
			continue
		}
		b, err := broker.New(s.stsOf(m))
		if err != nil {
			return fmt.Errorf("the STS of upstream %s: %w", m.Name, err)
		}
		s.opened[m.Name] = &openedStore{b, m.Buckets.Stored}
	}
	return nil
}

// stsOf describes the STS of an upstream. Its calls have the upstream's certificates and connections.
func (s *Server) stsOf(m *upstreams.Member) broker.Settings {
	sts := m.STS
	return broker.Settings{
		Name: m.Name, Dialect: broker.Dialect(sts.Dialect), Endpoint: sts.Endpoint, Region: sts.Region,
		RoleARN: sts.RoleARN, External: sts.ExternalID, Credentials: m.STSKeys, Owner: m.Keys,
		MinDuration: sts.MinDuration, MaxDuration: sts.MaxDuration,
		S3Endpoint: m.Endpoints[0], S3Region: m.Region, VirtualHost: m.VirtualHost, Transport: m.HTTP.Transport,
		Now: s.Config.Now,
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
