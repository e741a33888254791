package principals

import (
	"context"
	"slices"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

const oidcKind = "OpenIDConnectProvider"

// NewOIDCProvider is what CreateOpenIDConnectProvider takes.
type NewOIDCProvider struct {
	URL         string // of the issuer, as in the iss claim of its tokens
	ClientIDs   []string
	Thumbprints []string
	Tags        []iam.Tag
}

// CreateOIDCProvider registers a foreign issuer, so that roles of the account can trust it. It does not contact the
// issuer. Whether the issuer answers shows at the first token.
func (p *Principals) CreateOIDCProvider(
	ctx context.Context, call *control.Call, in NewOIDCProvider,
) (*iam.OIDCProvider, error) {
	if err := p.checkIssuerURL(in.URL); err != nil {
		return nil, err
	}
	made := &iam.OIDCProvider{
		ID:          iam.NewID(iam.OIDCProviderIDPrefix),
		Account:     call.Account,
		URL:         in.URL,
		Thumbprints: slices.Clone(in.Thumbprints),
		Tags:        in.Tags,
	}
	for _, id := range in.ClientIDs {
		if !made.Accepts(id) {
			made.ClientIDs = append(made.ClientIDs, id)
		}
	}
	if err := p.mayCreate(call, oidcKind, made.ARN(), in.Tags, ""); err != nil {
		return nil, err
	}
	if err := checkClientIDs(made.ClientIDs); err != nil {
		return nil, err
	}
	if err := checkThumbprints(in.Thumbprints); err != nil {
		return nil, err
	}
	call.Touch("AWS::IAM::OIDCProvider", made.ARN(), made.Account)
	err := p.Control.Update(ctx, call, func(tx *store.Tx) error {
		n, err := store.OIDCProviders.Count(ctx, tx, string(call.Account))
		if err != nil {
			return err
		}
		made.Created = tx.Now()
		call.Event.ResponseElements = map[string]any{"openIDConnectProviderArn": made.ARN()}
		err = store.OIDCProviders.Insert(tx, made)
		switch {
		case fault.Is(err, fault.AlreadyExists, fault.OIDCProvider):
			return fault.New(fault.AlreadyExists, fault.OIDCProvider, "Provider with url %s already exists.", in.URL)
		case err == nil && n >= maxOIDCProviders:
			return quota(fault.OIDCProvider, "OpenIdConnectProvidersPerAccount", maxOIDCProviders)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// findOIDC checks an action on a provider and returns the provider as the snapshot has it. The caller must not change
// it. Access to providers of other accounts is denied, whether they exist or not.
func (p *Principals) findOIDC(call *control.Call, action, arn string, values policy.Values) (*iam.OIDCProvider, error) {
	account, name, ok := iam.ParseOIDCProviderARN(arn)
	if !ok {
		return nil, fault.New(fault.Invalid, fault.Member, "Invalid ARN: %s is not the ARN of an OpenID Connect provider.",
			arn)
	}
	if account != call.Account {
		return nil, fault.New(fault.Denied, "", "%s", caller.Denial{User: call.ARN(), Action: action, Resource: arn})
	}
	found := call.Snapshot.OIDCProviderByName(call.Account, name)
	if found == nil {
		if err := may(call, action, arn, values); err != nil {
			return nil, err
		}
		return nil, noSuchOIDC(arn)
	}
	if err := may(call, action, arn, withResource(values, found.Tags, "")); err != nil {
		return nil, err
	}
	call.Touch("AWS::IAM::OIDCProvider", arn, call.Account)
	return found, nil
}

func noSuchOIDC(arn string) error {
	return fault.New(fault.NotFound, fault.OIDCProvider, "OpenIDConnect Provider not found for arn %s", arn)
}

// changeOIDC checks an action on a provider and then changes it in one transaction.
func (p *Principals) changeOIDC(ctx context.Context, call *control.Call, a permission, arn string,
	fn func(*iam.OIDCProvider) error) error {
	seen, err := p.findOIDC(call, a.action, arn, a.values)
	if err != nil {
		return err
	}
	return p.Control.Update(ctx, call, func(tx *store.Tx) error {
		now, err := store.OIDCProviders.Get(ctx, tx, seen.ID)
		if fault.Is(err, fault.NotFound, fault.OIDCProvider) {
			return noSuchOIDC(arn)
		}
		if err != nil {
			return err
		}
		if err := fn(now); err != nil {
			return err
		}
		return store.OIDCProviders.Update(tx, now)
	})
}

// GetOIDCProvider returns a provider.
func (p *Principals) GetOIDCProvider(call *control.Call, arn string) (*iam.OIDCProvider, error) {
	return p.findOIDC(call, "iam:GetOpenIDConnectProvider", arn, policy.Values{})
}

// OIDCProviders lists the providers of the account, oldest first.
func (p *Principals) OIDCProviders(call *control.Call) ([]*iam.OIDCProvider, error) {
	all := below(call, "oidc-provider", "/*")
	if err := may(call, "iam:ListOpenIDConnectProviders", all, policy.Values{}); err != nil {
		return nil, err
	}
	return call.Snapshot.OIDCProvidersOf(call.Account), nil
}

// DeleteOIDCProvider deletes a provider, even if roles trust it. Every session that was made with its tokens ends at
// once. Deleting a provider that does not exist is not an error (IAM API reference, DeleteOpenIDConnectProvider).
func (p *Principals) DeleteOIDCProvider(ctx context.Context, call *control.Call, arn string) error {
	seen, err := p.findOIDC(call, "iam:DeleteOpenIDConnectProvider", arn, policy.Values{})
	if fault.Is(err, fault.NotFound, fault.OIDCProvider) {
		return nil
	}
	if err != nil {
		return err
	}
	return p.Control.Update(ctx, call, func(tx *store.Tx) error {
		err := store.OIDCProviders.Delete(tx, seen.ID)
		if fault.Is(err, fault.NotFound, fault.OIDCProvider) {
			return nil
		}
		return err
	})
}

// SetOIDCThumbprints replaces a provider's thumbprints.
func (p *Principals) SetOIDCThumbprints(
	ctx context.Context, call *control.Call, arn string, thumbprints []string,
) error {
	return p.changeOIDC(ctx, call, permission{"iam:UpdateOpenIDConnectProviderThumbprint", policy.Values{}}, arn,
		func(now *iam.OIDCProvider) error {
			now.Thumbprints = slices.Clone(thumbprints)
			return checkThumbprints(thumbprints)
		})
}

// AddOIDCClient adds a client whose tokens are accepted. Adding a client that is there already is not an error.
func (p *Principals) AddOIDCClient(ctx context.Context, call *control.Call, arn, clientID string) error {
	return p.changeOIDC(ctx, call, permission{"iam:AddClientIDToOpenIDConnectProvider", policy.Values{}}, arn,
		func(now *iam.OIDCProvider) error {
			if now.Accepts(clientID) {
				return nil
			}
			now.ClientIDs = append(now.ClientIDs, clientID)
			return checkClientIDs(now.ClientIDs)
		})
}

// RemoveOIDCClient removes a client: its tokens are no longer accepted, and the sessions that were made with them end
// at once. Removing a client that is not there is not an error.
func (p *Principals) RemoveOIDCClient(ctx context.Context, call *control.Call, arn, clientID string) error {
	return p.changeOIDC(ctx, call, permission{"iam:RemoveClientIDFromOpenIDConnectProvider", policy.Values{}}, arn,
		func(now *iam.OIDCProvider) error {
			now.ClientIDs = slices.DeleteFunc(now.ClientIDs, func(id string) bool { return id == clientID })
			return nil
		})
}

// TagOIDCProvider adds tags to a provider.
func (p *Principals) TagOIDCProvider(ctx context.Context, call *control.Call, arn string, tags []iam.Tag) error {
	return p.changeOIDC(ctx, call, permission{"iam:TagOpenIDConnectProvider", requested(tags, "")}, arn,
		func(now *iam.OIDCProvider) (err error) {
			now.Tags, err = addTags(now.Tags, tags, p.Control.Quotas.Tags)
			return err
		})
}

// UntagOIDCProvider removes tags from a provider.
func (p *Principals) UntagOIDCProvider(ctx context.Context, call *control.Call, arn string, keys []string) error {
	return p.changeOIDC(ctx, call, permission{"iam:UntagOpenIDConnectProvider", tagKeys(keys)}, arn,
		func(now *iam.OIDCProvider) error {
			now.Tags = dropTags(now.Tags, keys)
			return nil
		})
}

// ListOIDCProviderTags lists the tags of a provider.
func (p *Principals) ListOIDCProviderTags(call *control.Call, arn string, ask Ask) (Page[iam.Tag], error) {
	found, err := p.findOIDC(call, "iam:ListOpenIDConnectProviderTags", arn, policy.Values{})
	if err != nil {
		return Page[iam.Tag]{}, err
	}
	return turn(pager{p.Control, call, ask}, found.Tags, func(t iam.Tag) string {
		return fold(t.Key)
	}, "oidc-provider-tags", found.ID)
}
