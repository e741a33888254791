package server

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// resealBatch is how many secrets one commit reseals. Other writers need not wait long for it.
const resealBatch = 200

// reseal seals the secrets at rest with the newest key if an older key of the ring sealed them. The older key can be
// dropped once the sessions that it sealed are over. By then every node opens the first key: see `latchkey keys`.
// reseal leaves a secret that no key opens as it is, and logs it.
func (s *Server) reseal(ctx context.Context, ring *credential.Ring) error {
	keys := ring.Keys()
	if len(keys) == 1 {
		return nil // there is no older key
	}
	newest, err := credential.NewRing(keys[0])
	if err != nil {
		return err
	}
	var stale []string
	for k, err := range store.AccessKeys.All(ctx, s.db) {
		if err != nil {
			return fmt.Errorf("seal secrets anew: %w", err)
		}
		if _, err := newest.Unseal(caller.KeyPurpose(k.ID), k.Sealed); err == nil {
			continue
		}
		if _, err := ring.Unseal(caller.KeyPurpose(k.ID), k.Sealed); err != nil {
			s.Config.Log.Warn("no sealing key opens the secret of an access key", slog.String("accessKey", k.ID))
			continue
		}
		stale = append(stale, k.ID)
	}
	for ids := range slices.Chunk(stale, resealBatch) {
		err := s.engine.Update(ctx, func(tx *store.Tx) error {
			for _, id := range ids {
				if err := resealKey(ctx, tx, ring, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("seal secrets anew: %w", err)
		}
	}
	return s.resealSignIns(ctx, ring, newest)
}

// resealKey reads the key again, because the key may have changed or been deleted since it was found.
func resealKey(ctx context.Context, tx *store.Tx, ring *credential.Ring, id string) error {
	k, err := store.AccessKeys.Get(ctx, tx, id)
	if fault.Is(err, fault.NotFound, fault.AccessKey) {
		return nil
	}
	if err != nil {
		return err
	}
	secret, err := ring.Unseal(caller.KeyPurpose(k.ID), k.Sealed)
	if err != nil {
		return nil // another node, with another ring, has sealed it meanwhile
	}
	k.Sealed = ring.Seal(caller.KeyPurpose(k.ID), secret)
	return store.AccessKeys.Update(tx, k)
}
