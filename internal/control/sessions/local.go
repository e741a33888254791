package sessions

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/store"
)

// Source is the source of the records of this service, see the API's.
const Source = "latchkey.local"

// Operator is who has the machine itself and needs no permission.
type Operator struct {
	Account access.AccountID // in whose name
	By      string           // the user of the operating system, for the record
}

// EndLocally is End by an operator, without a server. Addresses are known to servers only. A session is ended
// whether or not it is known that the account has it.
func (s *Sessions) EndLocally(ctx context.Context, who Operator, which Which) (*Ended, error) {
	snap, err := s.Control.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	t, err := which.find(snap, who.Account)
	if err != nil {
		return nil, err
	}
	if t.from.IsValid() {
		return nil, wrong("Only a server that runs knows from which addresses sessions are used")
	}
	var ended *Ended
	err = s.Control.Engine.Update(ctx, func(tx *store.Tx) (err error) {
		if ended, err = t.end(ctx, tx, nil); err != nil {
			return err
		}
		e := control.OperatorEvent(who.Account, tx.Now(), who.By)
		e.EventSource, e.EventName = Source, "EndSessions"
		e.RequestParameters = map[string]any{"kind": t.ground.Kind.String(), "id": t.ground.ID}
		e.ResponseElements = map[string]any{"ended": ended.Count}
		return tx.Record(e)
	})
	return ended, err
}
