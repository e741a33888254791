package server

import (
	"context"
	"log/slog"
	gosync "sync"
	"time"

	"latchkey/internal/control/buckets"
)

// maintain ends what requests left unfinished, again and again until ctx ends or stop is called, which waits for it.
func (s *Server) maintain(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running gosync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(buckets.RecoverEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				s.recoverBuckets(ctx)
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// recoverBuckets ends the creations of buckets whose requests did not. A failure is told and tried again later: what is
// not recovered stays refused.
func (s *Server) recoverBuckets(ctx context.Context) {
	if err := s.Buckets.Recover(ctx); err != nil && ctx.Err() == nil {
		s.Config.Log.Error("creations of buckets could not be recovered", slog.Any("error", err))
	}
}
