package oauth

import (
	"context"

	"latchkey/internal/store"
)

// makeRoom deletes device requests until a new one has room: the oldest of the same network when the network has as
// many as it may have, and those of the network with the most when the account has. A request that a person has decided
// goes last, because a person waits for it.
func makeRoom(ctx context.Context, tx *store.Tx, row *store.DeviceRequest) error {
	own, err := store.DeviceRequests.Children(ctx, tx, store.DeviceRequestsFrom(row.Account, row.Network))
	if err != nil {
		return err
	}
	for len(own) >= MaxPendingOfSource {
		if own, err = dropOne(tx, own, row); err != nil {
			return err
		}
	}
	n, err := store.DeviceRequests.Count(ctx, tx, string(row.Account))
	if err != nil || n < MaxPending {
		return err
	}
	return thin(ctx, tx, row)
}

// thin makes room among all requests of an account: expired ones go first, then those of the network with the most.
func thin(ctx context.Context, tx *store.Tx, row *store.DeviceRequest) error {
	all, err := store.DeviceRequests.InAccount(ctx, tx, string(row.Account))
	if err != nil {
		return err
	}
	byNetwork, most := map[string][]*store.DeviceRequest{}, ""
	left := len(all)
	for _, r := range all {
		if !row.Asked.Before(r.Expires) {
			if err := store.DeviceRequests.Delete(tx, r.ID); err != nil {
				return err
			}
			left--
			continue
		}
		byNetwork[r.Network] = append(byNetwork[r.Network], r)
		if len(byNetwork[r.Network]) > len(byNetwork[most]) {
			most = r.Network
		}
	}
	for ; left >= MaxPending; left-- {
		if byNetwork[most], err = dropOne(tx, byNetwork[most], row); err != nil {
			return err
		}
	}
	return nil
}

// dropOne deletes one of some requests, which are in the order of their age, and returns the others.
func dropOne(tx *store.Tx, from []*store.DeviceRequest, row *store.DeviceRequest) ([]*store.DeviceRequest, error) {
	i := 0
	for j, r := range from {
		if checkUndecided(r, row.Asked) == nil || !row.Asked.Before(r.Expires) || r.Denied {
			i = j
			break
		}
	}
	id := from[i].ID
	rest := append(append([]*store.DeviceRequest{}, from[:i]...), from[i+1:]...)
	return rest, store.DeviceRequests.Delete(tx, id)
}
