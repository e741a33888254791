package server

import (
	"context"
	"fmt"
	"log/slog"

	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// resealSignIns is reseal for the client secrets of sign-ins. An account has at most one.
func (s *Server) resealSignIns(ctx context.Context, ring, newest *credential.Ring) error {
	var stale []string
	for in, err := range store.SignIns.All(ctx, s.db) {
		if err != nil {
			return fmt.Errorf("seal client secrets anew: %w", err)
		}
		purpose := sso.SignInPurpose(in.Account)
		if _, err := newest.Unseal(purpose, in.Sealed); err == nil || len(in.Sealed) == 0 {
			continue
		}
		if _, err := ring.Unseal(purpose, in.Sealed); err != nil {
			s.Config.Log.Warn("no sealing key opens the client secret of a sign-in", slog.String("account", string(in.Account)))
			continue
		}
		stale = append(stale, string(in.Account))
	}
	for _, id := range stale {
		err := s.engine.Update(ctx, func(tx *store.Tx) error {
			in, err := store.SignIns.Get(ctx, tx, id)
			if fault.Is(err, fault.NotFound, fault.SignIn) {
				return nil
			}
			if err != nil {
				return err
			}
			secret, err := ring.Unseal(sso.SignInPurpose(in.Account), in.Sealed)
			if err != nil {
				return nil // it changed meanwhile, sealed with the newest key
			}
			in.Sealed = ring.Seal(sso.SignInPurpose(in.Account), secret)
			return store.SignIns.Update(tx, in)
		})
		if err != nil {
			return fmt.Errorf("seal client secrets anew: %w", err)
		}
	}
	return nil
}
