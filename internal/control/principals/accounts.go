package principals

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// RootKey is an access key of an account's root user.
type RootKey struct {
	AccessKeyID string
	Secret      credential.Secret
}

// NewRootKey returns a random root key.
func NewRootKey() RootKey {
	return RootKey{AccessKeyID: iam.NewAccessKeyID(), Secret: credential.NewSecret(iam.NewSecret())}
}

// EnsureRoot makes sure that an account and a key of its root user exist. It may be called at every start.
//
// If a key is given, that key works afterwards: EnsureRoot creates it, or gives it this secret and makes it active.
// Otherwise EnsureRoot makes a random key if the root user has none. It returns the key that it made, and the zero
// RootKey if it made none. It fails when the given access key belongs to somebody else.
//
// Only the server's own operator may call it. It checks no caller's permission.
func (p *Principals) EnsureRoot(ctx context.Context, id access.AccountID, given RootKey) (made RootKey, err error) {
	if given.AccessKeyID != "" && given.Secret.IsZero() || given.AccessKeyID == "" && !given.Secret.IsZero() {
		return RootKey{}, fault.New(fault.Invalid, fault.AccessKey, "a root access key needs both an id and a secret")
	}
	fresh := given
	if fresh.AccessKeyID == "" {
		fresh = NewRootKey()
	}
	err = p.Control.Engine.Update(ctx, func(tx *store.Tx) error {
		made = RootKey{}
		if err := p.ensureAccount(ctx, tx, id); err != nil {
			return err
		}
		keys, err := store.AccessKeys.Children(ctx, tx, string(id))
		if err != nil {
			return err
		}
		if given.AccessKeyID == "" && len(keys) > 0 {
			return nil
		}
		for _, k := range keys {
			if k.ID == fresh.AccessKeyID {
				return p.resetKey(tx, k, fresh.Secret)
			}
		}
		made = fresh
		return p.insertRootKey(tx, id, fresh)
	})
	if err != nil {
		return RootKey{}, err
	}
	return made, nil
}

func (p *Principals) ensureAccount(ctx context.Context, tx *store.Tx, id access.AccountID) error {
	_, err := store.Accounts.Get(ctx, tx, string(id))
	if !fault.Is(err, fault.NotFound, fault.Account) {
		return err
	}
	if err := store.Accounts.Insert(tx, &iam.Account{ID: id, Created: tx.Now(), ResolveGrants: true}); err != nil {
		return err
	}
	return tx.Record(ownEvent(tx, id, "CreateAccount", map[string]any{"accountId": string(id)}))
}

// resetKey gives a root key the secret that the operator configured. If the key has this secret already, it writes
// nothing, so that a start adds no record.
func (p *Principals) resetKey(tx *store.Tx, k *iam.AccessKey, secret credential.Secret) error {
	if have, err := p.Control.Ring.Unseal(caller.KeyPurpose(k.ID), k.Sealed); err == nil && k.Status == iam.Active &&
		credential.NewSecret(string(have)).Equal(secret) {
		return nil
	}
	renewed := p.newKey(k.ID, k.Account, "", secret)
	renewed.Created = k.Created
	if err := store.AccessKeys.Update(tx, &renewed); err != nil {
		return err
	}
	return tx.Record(ownEvent(tx, k.Account, "UpdateAccessKey", map[string]any{"accessKeyId": k.ID}))
}

func (p *Principals) insertRootKey(tx *store.Tx, id access.AccountID, key RootKey) error {
	k := p.newKey(key.AccessKeyID, id, "", key.Secret)
	k.Created = tx.Now()
	if err := store.AccessKeys.Insert(tx, &k); err != nil {
		if fault.Is(err, fault.AlreadyExists, fault.AccessKey) {
			return fault.New(fault.AlreadyExists, fault.AccessKey,
				"the access key %s exists and is not a root key of account %s", key.AccessKeyID, id)
		}
		return err
	}
	return tx.Record(ownEvent(tx, id, "CreateAccessKey", map[string]any{"accessKeyId": k.ID}))
}

// ownEvent is the record of what the operator did on the server itself, without a request.
func ownEvent(tx *store.Tx, account access.AccountID, name string, parameters map[string]any) audit.Event {
	const operator = "latchkey"
	return audit.Event{
		EventVersion: "1.11", UserIdentity: audit.Identity{
			Type:      "AWSService",
			AccountID: string(account),
			InvokedBy: operator,
		},
		EventTime: tx.Now(), EventSource: Source, EventName: name, SourceIPAddress: operator, UserAgent: operator,
		RequestParameters: parameters, EventID: uuid.NewString(), EventType: "AwsServiceEvent", ManagementEvent: true,
		RecipientAccountID: string(account), EventCategory: "Management",
	}
}

// CreateAccount creates an account with a root key. A zero id means a random one; an empty name means none. Account
// names are unique. Like EnsureRoot, it is for the server's operator only. The caller must declare the call's right.
func (p *Principals) CreateAccount(
	ctx context.Context, call *control.Call, id access.AccountID, name string,
) (*iam.Account, RootKey, error) {
	if id == "" {
		id = randomAccountID()
	}
	if _, err := access.ParseAccountID(string(id)); err != nil {
		return nil, RootKey{}, fault.New(fault.Invalid, fault.Account, "an account id has twelve digits, not %q", string(id))
	}
	a, key := &iam.Account{ID: id, Name: name, ResolveGrants: true}, NewRootKey()
	err := p.Control.Update(ctx, call, func(tx *store.Tx) error {
		a.Created = tx.Now()
		if err := store.Accounts.Insert(tx, a); err != nil {
			if fault.Is(err, fault.AlreadyExists, fault.Account) {
				return fault.New(fault.AlreadyExists, fault.Account, "an account with the id %s or the name %q exists already", id,
					name)
			}
			return err
		}
		if err := tx.Record(ownEvent(tx, id, "CreateAccount",
			map[string]any{"accountId": string(id), "accountName": name})); err != nil {
			return err
		}
		return p.insertRootKey(tx, id, key)
	})
	if err != nil {
		return nil, RootKey{}, err
	}
	return a, key, nil
}

// randomAccountID is a number of twelve digits without a leading zero, as AWS's mostly are.
func randomAccountID() access.AccountID {
	n, err := rand.Int(rand.Reader, big.NewInt(900_000_000_000))
	if err != nil {
		panic("principals: no randomness: " + err.Error()) // crypto/rand never fails
	}
	return access.AccountID(fmt.Sprintf("%012d", n.Int64()+100_000_000_000))
}
