package provision

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Tokens administers the bearer tokens of provisioning clients.
type Tokens struct{ Control *control.Control }

const (
	// TokenLife is how long a token is valid by default (IAM Identity Center user guide, "Automatic provisioning").
	TokenLife = 365 * 24 * time.Hour
	// MaxTokens is how many valid tokens an identity store can have: one in use, and the next one.
	MaxTokens = 2

	tokenPrefix = "lkscim_" // lets tools that search source code for secrets recognise a token
)

// NewToken is a new token. Its secret is known only now.
type NewToken struct {
	store.ProvisioningToken
	Secret credential.Secret
}

// may checks an action on the account's identity store, and returns the store.
func may(call *control.Call, action string) (directory.StoreID, error) {
	i := call.Snapshot.IdentityCenter(call.Account)
	id := "*"
	if i != nil {
		id = i.IdentityStoreID
	}
	if err := call.May("latchkey:"+action, sso.IdentityStoreARN(call.Account, id), policy.Values{}, nil,
		call.Account); err != nil {
		return "", err
	}
	if i == nil {
		return "", control.DirectoryMissing(fault.IdentityStore, "IDENTITY_STORE", "")
	}
	return directory.StoreID(id), nil
}

// Create makes a token that is valid for this long, or for TokenLife if life is 0. It deletes tokens that are no longer
// valid. It fails with LimitExceeded if there are MaxTokens valid tokens.
func (t *Tokens) Create(ctx context.Context, call *control.Call, life time.Duration) (*NewToken, error) {
	in, err := may(call, "CreateProvisioningToken")
	if err != nil {
		return nil, err
	}
	if life == 0 {
		life = TokenLife
	}
	secret, digest := newSecret()
	now := call.Facts.Time
	made := &NewToken{Secret: secret, ProvisioningToken: store.ProvisioningToken{
		ID: uuid.NewString(), Account: call.Account, Store: in, Digest: digest,
		Created: now.UTC().Truncate(time.Second), CreatedBy: call.ARN(), Expires: now.Add(life).UTC().Truncate(time.Second),
	}}
	err = t.Control.Update(ctx, call, func(tx *store.Tx) error {
		if w, err := Open(ctx, tx, Source{Account: call.Account}); err != nil || w.Store != in {
			return errors.Join(err, control.DirectoryMissing(fault.IdentityStore, "IDENTITY_STORE", string(in)))
		}
		all, err := store.ProvisioningTokens.InAccount(ctx, tx, string(call.Account))
		if err != nil {
			return err
		}
		live := 0
		for _, old := range all {
			if old.Store == in && now.Before(old.Expires) {
				live++
			} else if err := store.ProvisioningTokens.Delete(tx, old.ID); err != nil {
				return err
			}
		}
		if live >= MaxTokens {
			return fault.New(fault.LimitExceeded, fault.Provisioning,
				"There are %d provisioning tokens already: delete one first", live)
		}
		call.Event.ResponseElements = map[string]any{"tokenId": made.ID, "expirationTime": made.Expires.Format(time.RFC3339)}
		return store.ProvisioningTokens.Insert(tx, &made.ProvisioningToken)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// newSecret makes a token of 256 random bits, and its digest.
func newSecret() (credential.Secret, [sha256.Size]byte) {
	var b [32]byte
	rand.Read(b[:]) // never fails
	text := tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	return credential.NewSecret(text), sha256.Sum256([]byte(text))
}

// List returns every token of the account's identity store, oldest first, including those that have expired.
func (t *Tokens) List(ctx context.Context, call *control.Call) ([]*store.ProvisioningToken, error) {
	in, err := may(call, "ListProvisioningTokens")
	if err != nil {
		return nil, err
	}
	all, err := store.ProvisioningTokens.InAccount(ctx, t.Control.DB, string(call.Account))
	return slices.DeleteFunc(all, func(p *store.ProvisioningToken) bool { return p.Store != in }), err
}

// Delete deletes a token. The next request with the token is refused. Delete fails with NotFound if the account has no
// such token.
func (t *Tokens) Delete(ctx context.Context, call *control.Call, id string) error {
	if _, err := may(call, "DeleteProvisioningToken"); err != nil {
		return err
	}
	return t.Control.Update(ctx, call, func(tx *store.Tx) error {
		p, err := store.ProvisioningTokens.Get(ctx, tx, id)
		if fault.Is(err, fault.NotFound, fault.Provisioning) || err == nil && p.Account != call.Account {
			return fault.New(fault.NotFound, fault.Provisioning, "There is no provisioning token with this id")
		}
		if err != nil {
			return err
		}
		return store.ProvisioningTokens.Delete(tx, id)
	})
}

// Bearer returns the row of a token. It fails if the token has expired, or if its identity store is no longer the
// account's. The error says why. It is for the log, not for the client.
func Bearer(s *engine.Snapshot, now time.Time, token string) (*store.ProvisioningToken, error) {
	if !strings.HasPrefix(token, tokenPrefix) {
		return nil, errors.New("a token of another kind")
	}
	p := s.ProvisioningToken(sha256.Sum256([]byte(token)))
	if p == nil {
		return nil, errors.New("no such token")
	}
	if !now.Before(p.Expires) {
		return nil, fmt.Errorf("token %s expired at %s", p.ID, p.Expires.Format(time.RFC3339))
	}
	if i := s.IdentityCenter(p.Account); i == nil || i.IdentityStoreID != string(p.Store) {
		return nil, fmt.Errorf("the identity store of token %s is deleted", p.ID)
	}
	return p, nil
}

// IsToken reports whether a stamp is that of a provisioning client with a token, of any account.
func IsToken(by string) bool {
	kind, _, _ := strings.Cut(by, "/")
	return strings.HasPrefix(kind, "arn:aws:latchkey::") && strings.HasSuffix(kind, ":provisioning-token")
}

// TokenARN is the name of a provisioning client with a token in records and stamps.
func TokenARN(account access.AccountID, id string) string {
	return "arn:aws:latchkey::" + string(account) + ":provisioning-token/" + id
}
