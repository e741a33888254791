package engine

import (
	"fmt"

	"latchkey/internal/access"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// changeOIDC makes one change to the OpenID Connect providers.
func (w *world) changeOIDC(tx *store.Tx) error {
	p := &iam.OIDCProvider{
		ID:      iam.NewID(iam.OIDCProviderIDPrefix),
		Account: w.account(),
		URL:     pickOf(w, urls),
		Created: w.time(),
	}
	old, err := store.OIDCProviders.ByName(w.Context(), tx, string(p.Account), p.Name())
	if err != nil {
		return store.OIDCProviders.Insert(tx, p)
	}
	switch w.pick(3) {
	case 0:
		old.ClientIDs = append(old.ClientIDs, pickOf(w, names))
		return store.OIDCProviders.Update(tx, old)
	case 1:
		return store.OIDCProviders.Delete(tx, old.ID)
	}
	if err := store.OIDCProviders.Delete(tx, old.ID); err != nil { // another takes the URL
		return err
	}
	w.ever = append(w.ever, old.ID)
	return store.OIDCProviders.Insert(tx, p)
}

// describeOIDC returns everything that can be read about an account's OpenID Connect providers.
func (w *world) describeOIDC(s *Snapshot, a access.AccountID) (out []string) {
	for _, p := range s.OIDCProvidersOf(a) {
		out = append(out, fmt.Sprintf("provider %+v, by id %v, by name %v", *p, s.OIDCProvider(p.ID) == p,
			s.OIDCProviderByName(a, p.Name()) == p))
	}
	for _, url := range urls {
		out = append(out, fmt.Sprintf("provider %s: %+v", url, s.OIDCProviderByName(a, iam.OIDCProviderName(url))))
	}
	for _, id := range w.ever {
		out = append(out, fmt.Sprintf("provider %s: %+v", id, s.OIDCProvider(id)))
	}
	return out
}
