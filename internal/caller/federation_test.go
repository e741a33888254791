package caller_test

import (
	"errors"
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// federate gives the world an OpenID Connect provider, and a session that it vouches for.
func (w *world) federate(kind credential.Kind) (*iam.OIDCProvider, credential.Session) {
	w.t.Helper()
	p := &iam.OIDCProvider{
		ID:        iam.NewID(iam.OIDCProviderIDPrefix),
		Account:   account,
		URL:       "https://idp.example.org/a",
		ClientIDs: []string{"app", "other"},
	}
	w.change(func(tx *store.Tx) error { return store.OIDCProviders.Insert(tx, p) })
	s := w.session(kind)
	s.ParentKey, s.ParentPrincipalID = "", w.role.ID
	s.Federation = credential.Federation{ProviderID: p.ID, ClientID: "app", Subject: "alice"}
	return p, s
}

func TestTheLeashOfAFederatedSession(t *testing.T) {
	for name, x := range map[string]struct {
		cut    func(*world, *store.Tx, *iam.OIDCProvider) error
		reason string
	}{
		"the provider is deleted": {func(_ *world, tx *store.Tx, p *iam.OIDCProvider) error {
			return store.OIDCProviders.Delete(tx, p.ID)
		}, "the OpenID Connect provider that vouched for this session is deleted"},
		"the provider is deleted and made again": {func(_ *world, tx *store.Tx, p *iam.OIDCProvider) error {
			again := *p
			again.ID = iam.NewID(iam.OIDCProviderIDPrefix)
			return errors.Join(store.OIDCProviders.Delete(tx, p.ID), store.OIDCProviders.Insert(tx, &again))
		}, "the OpenID Connect provider that vouched for this session is deleted"},
		"the client id is removed": {func(_ *world, tx *store.Tx, p *iam.OIDCProvider) error {
			p.ClientIDs = []string{"other"}
			return store.OIDCProviders.Update(tx, p)
		}, "the client id that this session was made for is removed from its OpenID Connect provider"},
		"another client id is removed": {func(_ *world, tx *store.Tx, p *iam.OIDCProvider) error {
			p.ClientIDs = []string{"app"}
			return store.OIDCProviders.Update(tx, p)
		}, ""},
	} {
		for _, kind := range []credential.Kind{credential.AssumedRole, credential.Vended} {
			t.Run(kind.String()+" when "+name, func(t *testing.T) {
				w := newWorld(t)
				p, s := w.federate(kind)
				keys := w.mint(s)
				w.who(keys)
				w.change(func(tx *store.Tx) error { return x.cut(w, tx, p) })
				_, err := w.Authenticate(t, keys, "sts")
				ended, ok := errors.AsType[*caller.Ended](err)
				if x.reason == "" && err != nil || x.reason != "" && (!ok || ended.Text != x.reason) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// The condition keys of the foreign token are those of the session itself, not of sessions that are made with it.
func TestConditionKeysOfAFederatedSession(t *testing.T) {
	w := newWorld(t)
	p, s := w.federate(credential.AssumedRole)
	for name, x := range map[string]struct {
		chained bool
		want    bool
	}{"the session itself": {false, true}, "a session made with it": {true, false}} {
		t.Run(name, func(t *testing.T) {
			s.Chained = x.chained
			c := w.who(w.mint(s))
			for key, value := range map[string]string{
				"aws:FederatedProvider": p.ARN(),
				"idp.example.org/a:sub": "alice",
				"idp.example.org/a:aud": "app",
			} {
				d, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",`+
					`"Action":"*","Resource":"*","Condition":{"StringEquals":{"`+key+`":"`+value+`"}}}]}`, policy.Resource)
				must(t, err)
				got := c.Decide(caller.Ask{Action: "s3:GetObject", Resource: "*", ResourceAccount: account, ResourcePolicy: d})
				if got.Allowed == x.want {
					t.Errorf("%s: %s", key, got.Explain())
				}
			}
		})
	}
}
