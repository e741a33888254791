package principals

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Key is an access key with its secret, which is returned once and never again.
type Key struct {
	iam.AccessKey
	UserName string // empty: the account's root
	Secret   credential.Secret
}

// owner is the principal whose keys an operation is about: a user, or the account's root user.
type owner struct {
	id   string // the user's, or the account's
	name string
	arn  string
	user *iam.User // nil: the root
}

// owner finds out whose keys are meant, and checks the action on that principal. Without a name, it is the caller.
func (p *Principals) owner(call *control.Call, action, name string) (owner, error) {
	if name == "" && call.IsRoot() {
		o := owner{id: string(call.Account), arn: iam.RootARN(call.Account)}
		return o, may(call, action, o.arn, policy.Values{})
	}
	e, err := callerOr(call, name)
	if err != nil {
		return owner{}, err
	}
	h, err := p.find(call, action, e, policy.Values{})
	if err != nil {
		return owner{}, err
	}
	return owner{id: h.id, name: h.Name, arn: h.arn, user: h.user}, nil
}

func (o owner) userID() string {
	if o.user == nil {
		return ""
	}
	return o.user.ID
}

// CreateAccessKey creates an access key for a user, or for the root user when the root user calls without a name. A
// user has at most two.
func (p *Principals) CreateAccessKey(ctx context.Context, call *control.Call, userName string) (*Key, error) {
	o, err := p.owner(call, "iam:CreateAccessKey", userName)
	if err != nil {
		return nil, err
	}
	k := &Key{UserName: o.name, Secret: credential.NewSecret(iam.NewSecret())}
	k.AccessKey = p.newKey(iam.NewAccessKeyID(), call.Account, o.userID(), k.Secret)
	err = p.Control.Update(ctx, call, func(tx *store.Tx) error {
		if o.user != nil { // still there?
			if _, err := store.Users.Get(ctx, tx, o.id); err != nil {
				return orNoSuch(err, UserNamed(o.name))
			}
		}
		keys, err := store.AccessKeys.Children(ctx, tx, o.id)
		if err != nil {
			return err
		}
		if len(keys) >= p.Control.Quotas.AccessKeys {
			return quota(fault.AccessKey, "AccessKeysPerUser", p.Control.Quotas.AccessKeys)
		}
		k.Created = tx.Now()
		call.Event.ResponseElements = map[string]any{"accessKey": map[string]any{
			"accessKeyId": k.ID, "userName": o.name, "status": string(k.Status), "createDate": k.Created.Format(time.RFC3339),
		}}
		return store.AccessKeys.Insert(tx, &k.AccessKey)
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// newKey makes an active key. Its secret is sealed for this row only.
func (p *Principals) newKey(
	id string, account access.AccountID, userID string, secret credential.Secret,
) iam.AccessKey {
	return iam.AccessKey{
		ID: id, Account: account, UserID: userID, Status: iam.Active,
		Sealed: p.Control.Ring.Seal(caller.KeyPurpose(id), []byte(secret.Reveal())),
	}
}

// ListAccessKeys lists the keys of a user, oldest first, without their secrets. The second value is the user's name,
// empty for the root user.
func (p *Principals) ListAccessKeys(
	call *control.Call, userName string, ask Ask,
) (Page[*iam.AccessKey], string, error) {
	o, err := p.owner(call, "iam:ListAccessKeys", userName)
	if err != nil {
		return Page[*iam.AccessKey]{}, "", err
	}
	page, err := turn(pager{p.Control, call, ask}, call.Snapshot.KeysOf(o.id), func(k *iam.AccessKey) string {
		return k.Created.UTC().Format("20060102T150405.000000") + k.ID
	}, "keys", o.id)
	return page, o.name, err
}

// UpdateAccessKey makes a key active or inactive. Sessions made with an inactive key do not work.
func (p *Principals) UpdateAccessKey(
	ctx context.Context, call *control.Call, userName, id string, status iam.KeyStatus,
) error {
	if status != iam.Active && status != iam.Inactive {
		return constraint(string(status), "status", "Member must satisfy enum value set: [Active, Inactive]")
	}
	o, err := p.owner(call, "iam:UpdateAccessKey", userName)
	if err != nil {
		return err
	}
	return p.Control.Update(ctx, call, func(tx *store.Tx) error {
		k, err := ownKey(ctx, tx, o, id)
		if err != nil {
			return err
		}
		k.Status = status
		return store.AccessKeys.Update(tx, k)
	})
}

// DeleteAccessKey deletes a key. Every session made with it ends at once.
func (p *Principals) DeleteAccessKey(ctx context.Context, call *control.Call, userName, id string) error {
	o, err := p.owner(call, "iam:DeleteAccessKey", userName)
	if err != nil {
		return err
	}
	return p.Control.Update(ctx, call, func(tx *store.Tx) error {
		if _, err := ownKey(ctx, tx, o, id); err != nil {
			return err
		}
		return store.AccessKeys.Delete(tx, id)
	})
}

// ownKey returns a key of an owner. It does not find keys of others.
func ownKey(ctx context.Context, tx *store.Tx, o owner, id string) (*iam.AccessKey, error) {
	keys, err := store.AccessKeys.Children(ctx, tx, o.id)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.ID == id {
			return k, nil
		}
	}
	return nil, noSuchKey(id)
}

// AccessKeyUser returns the name of the user whose key this is, empty for the root user's key. GetAccessKeyLastUsed
// returns it. The audit log, not this package, knows when a key was last used.
func (p *Principals) AccessKeyUser(call *control.Call, id string) (string, error) {
	may := func(resource string, values policy.Values) error {
		return maySaying(call, "iam:GetAccessKeyLastUsed", resource, "access key "+id, values) // AWS's words, too
	}
	k := call.Snapshot.AccessKey(id)
	if k == nil || k.Account != call.Account {
		if err := may("*", policy.Values{}); err != nil {
			return "", err
		}
		return "", noSuchKey(id)
	}
	if k.UserID == "" {
		return "", may(iam.RootARN(call.Account), policy.Values{})
	}
	u := call.Snapshot.User(k.UserID)
	if u == nil {
		return "", noSuchKey(id)
	}
	if err := may(u.ARN(), withResource(policy.Values{}, u.Tags, u.Boundary)); err != nil {
		return "", err
	}
	return u.Name, nil
}
