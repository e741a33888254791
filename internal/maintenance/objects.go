package maintenance

import (
	"context"
	"time"

	"latchkey/internal/objects"
)

// Blobs removes blob files of this node's object store that belong to no object and no upload. The store does the same
// when it starts after a crash. This task finds files that could not be deleted in time.
func Blobs(s *objects.Store) Task {
	return Task{
		Name: "object-blobs", Interval: 24 * time.Hour, Local: true,
		Batch: func(ctx context.Context, step Step) (Progress, error) {
			n, err := s.SweepOrphans(ctx, int(step.Cursor))
			next := step.Cursor + 1
			if next >= objects.Shards {
				next = 0
			}
			return Progress{Removed: int64(n), Cursor: next, More: next != 0}, err
		},
	}
}

// MinUploadRetention is the shortest retention that is accepted for an upload to which no part is added.
const MinUploadRetention = 24 * time.Hour

// uploadsBatch is how many uploads one commit removes at most. Each may have 10,000 parts.
const uploadsBatch = 10

// Uploads aborts multipart uploads of this node's object store that were created, and got their newest part, longer ago
// than keep.
func Uploads(s *objects.Store, keep time.Duration) Task {
	return Task{
		Name: "object-uploads", Interval: time.Hour, Local: true,
		Batch: func(ctx context.Context, step Step) (Progress, error) {
			n, err := s.AbortAbandoned(ctx, step.Now.Add(-max(keep, MinUploadRetention)), uploadsBatch)
			return Progress{Removed: int64(n), More: n == uploadsBatch}, err
		},
	}
}
