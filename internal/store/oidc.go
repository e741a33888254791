package store

import (
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// KindOIDCProvider is the kind of OpenID Connect providers in the change list.
const KindOIDCProvider Kind = "oidc-provider"

// OIDCProviders: id is the immutable OIDP... id, name the URL without its scheme, unique in the account.
var OIDCProviders = Table[iam.OIDCProvider]{
	Kind: KindOIDCProvider, Entity: fault.OIDCProvider,
	Key: func(p *iam.OIDCProvider) Key { return Key{ID: p.ID, Account: string(p.Account), Name: p.Name()} },
	Cuts: func(old, now *iam.OIDCProvider) (cut []credential.Ground) {
		for _, id := range old.ClientIDs {
			if now != nil && !now.Accepts(id) {
				cut = append(cut, credential.Ground{
					Kind: credential.OnProviderClient, ID: credential.Joined(old.ID, id),
				})
			}
		}
		return cut
	},
}
