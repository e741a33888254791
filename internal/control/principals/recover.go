package principals

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// Recovery says how a root key is recovered.
type Recovery struct {
	Alone bool   // the account's other root keys become inactive, and all sessions that were made with them end
	By    string // who does it, for the record
}

// RecoverRoot gives the root user of an account a further key. It is the way back for an operator who has locked
// everybody out, on the machine itself: it checks no caller's permission.
func (p *Principals) RecoverRoot(ctx context.Context, id access.AccountID, key RootKey, how Recovery) error {
	return p.Control.Engine.Update(ctx, func(tx *store.Tx) error {
		if _, err := store.Accounts.Get(ctx, tx, string(id)); err != nil {
			if fault.Is(err, fault.NotFound, fault.Account) {
				return fault.New(fault.NotFound, fault.Account, "there is no account %s", id)
			}
			return err
		}
		keys, err := store.AccessKeys.Children(ctx, tx, string(id))
		if err != nil {
			return err
		}
		e := control.OperatorEvent(id, tx.Now(), how.By)
		e.EventSource, e.EventName = Source, "RecoverRootKey"
		e.RequestParameters = map[string]any{"accessKeyId": key.AccessKeyID, "deactivateOthers": how.Alone}
		if err := tx.Record(e); err != nil {
			return err
		}
		for _, k := range keys {
			if !how.Alone || k.Status != iam.Active {
				continue
			}
			k.Status = iam.Inactive
			if err := store.AccessKeys.Update(tx, k); err != nil {
				return err
			}
			parameters := map[string]any{"accessKeyId": k.ID, "status": string(iam.Inactive)}
			if err := tx.Record(ownEvent(tx, id, "UpdateAccessKey", parameters)); err != nil {
				return err
			}
		}
		return p.insertRootKey(tx, id, key)
	})
}
