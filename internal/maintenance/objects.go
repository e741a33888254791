package maintenance

import (
	"context"
	"time"

	"latchkey/internal/objects"
)

// Blobs removes blob files of this node's object store that no object and no upload has. A start after a crash does so
// as well; what this task finds could not be unlinked when it should.
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

// MinUploadRetention is the shortest time for which an upload to which nothing is added may be kept.
const MinUploadRetention = 24 * time.Hour

// uploadsBatch is how many uploads one commit ends at most: each may have 10,000 parts.
const uploadsBatch = 10

// Uploads ends multipart uploads of this node's object store that began, and had their newest part, longer ago than
// keep.
func Uploads(s *objects.Store, keep time.Duration) Task {
	return Task{
		Name: "object-uploads", Interval: time.Hour, Local: true,
		Batch: func(ctx context.Context, step Step) (Progress, error) {
			n, err := s.AbortAbandoned(ctx, step.Now.Add(-max(keep, MinUploadRetention)), uploadsBatch)
			return Progress{Removed: int64(n), More: n == uploadsBatch}, err
		},
	}
}
