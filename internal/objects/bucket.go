package objects

import (
	"context"

	"latchkey/internal/fault"
)

// CreateBucket makes an empty bucket. Whether a name is allowed, and whose the bucket is, is decided
// before; here a bucket that exists is AlreadyExists.
func (s *Store) CreateBucket(ctx context.Context, name string) error {
	if name == "" {
		return fault.New(fault.Invalid, fault.BucketName, "The specified bucket is not valid.")
	}
	return s.update(ctx, func(t *tx) error {
		res, err := t.exec(`INSERT INTO buckets (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING`, name, t.now())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			return fault.New(fault.AlreadyExists, fault.BucketOwned,
				"Your previous request to create the named bucket succeeded and you already own it.").With("BucketName", name)
		}
		return err
	})
}

// DeleteBucket removes a bucket that has neither objects nor unfinished uploads.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	return s.update(ctx, func(t *tx) error {
		id, err := t.bucket(name)
		if err != nil {
			return err
		}
		var used bool
		err = t.row(`SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ?1) OR EXISTS (SELECT 1 FROM uploads WHERE bucket = ?1)`, id).Scan(&used)
		if err != nil {
			return err
		}
		if used {
			return fault.New(fault.InUse, fault.Bucket, "The bucket you tried to delete is not empty").With("BucketName", name)
		}
		_, err = t.exec(`DELETE FROM buckets WHERE id = ?`, id)
		return err
	})
}

// HeadBucket fails with NotFound if there is no such bucket.
func (s *Store) HeadBucket(ctx context.Context, name string) error {
	_, err := s.bucketID(ctx, name)
	return err
}
