package engine

import (
	"cmp"

	"latchkey/internal/access"
	"latchkey/internal/iam"
)

// OIDCProvider returns an OpenID Connect provider by its immutable id.
func (s *Snapshot) OIDCProvider(id string) *iam.OIDCProvider { return s.oidcProviders.at(id) }

// OIDCProviderByName returns the OpenID Connect provider of an account by its URL without the scheme.
func (s *Snapshot) OIDCProviderByName(id access.AccountID, name string) *iam.OIDCProvider {
	if a := s.accounts.at(id); a != nil {
		return a.oidcProviders.entries.at(name)
	}
	return nil
}

// OIDCProvidersOf is every OpenID Connect provider of an account, oldest first.
func (s *Snapshot) OIDCProvidersOf(id access.AccountID) []*iam.OIDCProvider {
	a := s.accounts.at(id)
	if a == nil {
		return nil
	}
	return a.oidcProviders.sorted(func(a, b *iam.OIDCProvider) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
}

func (d *draft) putOIDCProvider(row *iam.OIDCProvider) {
	d.dropOIDCProvider(row.ID)
	d.oidcProviders.set(d.t, row.ID, row)
	d.account(row.Account).oidcProviders.set(d.t, row.Name(), row)
}

func (d *draft) dropOIDCProvider(id string) {
	p := d.oidcProviders.at(id)
	if p == nil {
		return
	}
	d.oidcProviders.delete(d.t, id)
	of := &d.account(p.Account).oidcProviders
	// Within one revision, another provider may have got the name.
	if holder := of.entries.at(p.Name()); holder != nil && holder.ID == id {
		of.delete(d.t, p.Name())
	}
}
