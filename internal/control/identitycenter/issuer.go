package identitycenter

import (
	"context"
	"net/url"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// NewIssuer is what CreateTrustedTokenIssuer takes.
type NewIssuer struct {
	InstanceARN, Name, URL, ClaimPath, StorePath, ClientToken string
	Tags                                                      []access.Tag
}

// CreateIssuer registers a foreign token issuer. Like AWS, it does not contact the issuer. Whether the issuer answers
// shows at the first token.
func (c *Center) CreateIssuer(ctx context.Context, call *control.Call, in NewIssuer) (*sso.Issuer, error) {
	i, err := instance(call, "sso:CreateTrustedTokenIssuer", in.InstanceARN, requestTags(in.Tags))
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	made := &sso.Issuer{
		ID:          sso.NewIssuerID(),
		InstanceID:  i.ID,
		Account:     i.Account,
		Name:        in.Name,
		URL:         in.URL,
		ClaimPath:   in.ClaimPath,
		StorePath:   in.StorePath,
		Tags:        in.Tags,
		ClientToken: in.ClientToken,
		Digest:      digest(in.InstanceARN, in.Name, in.URL, in.ClaimPath, in.StorePath, in.Tags),
	}
	err = c.Control.Update(ctx, call, func(tx *store.Tx) error {
		if _, err := currentInstance(ctx, tx, i); err != nil {
			return err
		}
		have, err := store.Issuers.InAccount(ctx, tx, string(i.Account))
		if err != nil {
			return err
		}
		for _, h := range have {
			switch {
			case in.ClientToken == "" || h.ClientToken != in.ClientToken:
			case h.Digest == made.Digest:
				made = h
				return nil
			default:
				return tokenMismatch()
			}
		}
		if len(have) >= c.Control.Quotas.TokenIssuers {
			return quotaFault(fault.TokenIssuer, "trusted token issuers", c.Control.Quotas.TokenIssuers)
		}
		made.Created = tx.Now()
		err = store.Issuers.Insert(tx, made)
		if fault.Is(err, fault.AlreadyExists, fault.TokenIssuer) {
			return fault.New(fault.AlreadyExists, fault.TokenIssuer,
				"There is a trusted token issuer with the IssuerUrl %s already", in.URL)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	call.Touch("AWS::SSO::TrustedTokenIssuer", made.ARN(), made.Account)
	return made, nil
}

func (in *NewIssuer) check() error {
	u, err := url.Parse(in.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return fault.New(fault.Invalid, fault.TokenIssuer, "The IssuerUrl %s is not the URL of an issuer", in.URL)
	case strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/.well-known/openid-configuration"):
		return fault.New(fault.Invalid, fault.TokenIssuer,
			"The IssuerUrl must be the issuer itself, as in the iss claim of its tokens, "+
				"without /.well-known/openid-configuration")
	}
	if err := checkStorePath(in.StorePath); err != nil {
		return err
	}
	return control.AccessFault(access.CheckTags(in.Tags))
}

func checkStorePath(path string) error {
	if !sso.IsStorePath(path) {
		return fault.New(fault.Invalid, fault.TokenIssuer, "IdentityStoreAttributePath must be one of %s, %s, %s",
			sso.ByUserName, sso.ByEmail, sso.ByExternalID)
	}
	return nil
}

// Issuer returns a trusted token issuer.
func (c *Center) Issuer(call *control.Call, arn string) (*sso.Issuer, error) {
	return issuer(call, "sso:DescribeTrustedTokenIssuer", arn, policy.Values{})
}

// Issuers lists the trusted token issuers in the order of their creation.
func (c *Center) Issuers(call *control.Call, instanceARN string, at Cut) (Page[*sso.Issuer], error) {
	i, err := instance(call, "sso:ListTrustedTokenIssuers", instanceARN, policy.Values{})
	if err != nil {
		return Page[*sso.Issuer]{}, err
	}
	return cutPage(c.Control, at, call.Snapshot.IssuersOf(i.Account),
		listName(call, "ListTrustedTokenIssuers", instanceARN),
		func(i *sso.Issuer) int64 { return i.Seq })
}

// IssuerChange is what UpdateTrustedTokenIssuer changes. A nil field leaves a value as it is. The URL never changes.
type IssuerChange struct{ Name, ClaimPath, StorePath *string }

// UpdateIssuer changes a trusted token issuer.
func (c *Center) UpdateIssuer(ctx context.Context, call *control.Call, arn string, ch IssuerChange) error {
	i, err := issuer(call, "sso:UpdateTrustedTokenIssuer", arn, policy.Values{})
	if err != nil {
		return err
	}
	if ch.StorePath != nil {
		if err := checkStorePath(*ch.StorePath); err != nil {
			return err
		}
	}
	return c.changeIssuer(ctx, call, i, func(current *sso.Issuer) error {
		setIfGiven(&current.Name, ch.Name)
		setIfGiven(&current.ClaimPath, ch.ClaimPath)
		setIfGiven(&current.StorePath, ch.StorePath)
		return nil
	})
}

func (c *Center) changeIssuer(
	ctx context.Context, call *control.Call, i *sso.Issuer, fn func(*sso.Issuer) error,
) error {
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := store.Issuers.Get(ctx, tx, i.ID)
		if fault.Is(err, fault.NotFound, fault.TokenIssuer) {
			return noIssuer(i.ARN())
		}
		if err != nil {
			return err
		}
		if err := fn(current); err != nil {
			return err
		}
		return store.Issuers.Update(tx, current)
	})
}

// DeleteIssuer deletes a trusted token issuer, even if it is in use. Its tokens are no longer accepted. An issuer that
// is created later with the same URL is another issuer.
func (c *Center) DeleteIssuer(ctx context.Context, call *control.Call, arn string) error {
	i, err := issuer(call, "sso:DeleteTrustedTokenIssuer", arn, policy.Values{})
	if err != nil {
		return err
	}
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		err := store.Issuers.Delete(tx, i.ID)
		if fault.Is(err, fault.NotFound, fault.TokenIssuer) {
			return noIssuer(arn)
		}
		return err
	})
}
