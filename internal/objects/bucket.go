package objects

import (
	"context"
	"database/sql"
	"time"

	"latchkey/internal/fault"
)

// CreateBucket makes an empty bucket without a nonce. The caller has decided whether the name is allowed and who owns
// the bucket. A bucket that exists is AlreadyExists.
func (s *Store) CreateBucket(ctx context.Context, name string) error {
	return s.MakeBucket(ctx, name, "")
}

// MakeBucket makes an empty bucket and keeps the nonce with the bucket for as long as the bucket lives. A bucket that
// exists is AlreadyExists, unless it was made with this very nonce. That is a success, because the caller only repeats
// a creation whose answer was lost. An empty nonce never equals another one.
func (s *Store) MakeBucket(ctx context.Context, name, nonce string) error {
	if name == "" {
		return fault.New(fault.Invalid, fault.BucketName, "The specified bucket is not valid.")
	}
	return s.update(ctx, func(t *tx) error {
		res, err := t.exec(`INSERT INTO buckets (name, created, nonce) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, name,
			t.now(), nonce)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		var made string
		if err := t.row(`SELECT nonce FROM buckets WHERE name = ?`, name).Scan(&made); err != nil {
			return err
		}
		if nonce == "" || made != nonce {
			return fault.New(fault.AlreadyExists, fault.BucketOwned,
				"Your previous request to create the named bucket succeeded and you already own it.").With("BucketName", name)
		}
		return nil
	})
}

// DeleteBucket removes a bucket that has neither objects nor unfinished uploads, whatever its nonce.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	return s.RemoveBucket(ctx, name, "")
}

// RemoveBucket is DeleteBucket for the bucket that was made with this nonce. If the name's bucket was made with another
// nonce, RemoveBucket deletes nothing and returns NotFound. An empty nonce stands for any bucket of the name.
func (s *Store) RemoveBucket(ctx context.Context, name, nonce string) error {
	return s.update(ctx, func(t *tx) error {
		var id int64
		if err := t.row(selectBucket, name, nonce).Scan(&id); err != nil {
			return orNone(err, noBucket(name))
		}
		var used bool
		err := t.row(`SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ?1) OR EXISTS (SELECT 1 FROM `+
			`uploads WHERE bucket = ?1)`, id).Scan(&used)
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

// selectBucket finds a bucket by its name and, unless that is empty, its nonce.
const selectBucket = `SELECT id FROM buckets WHERE name = ?1 AND (?2 = '' OR nonce = ?2)`

// HeadBucket fails with NotFound if there is no such bucket.
func (s *Store) HeadBucket(ctx context.Context, name string) error {
	return s.FindBucket(ctx, name, "")
}

// FindBucket fails with NotFound if there is no such bucket, or if it was made with another nonce. An empty nonce
// stands for any bucket of the name.
func (s *Store) FindBucket(ctx context.Context, name, nonce string) error {
	st, err := s.read(ctx, selectBucket)
	if err != nil {
		return err
	}
	var id int64
	return orNone(st.QueryRowContext(ctx, name, nonce).Scan(&id), noBucket(name))
}

// Bucket is a bucket in a list.
type Bucket struct {
	Name    string
	Created time.Time
}

// ListBuckets is a request for a page of the store's buckets.
type ListBuckets struct {
	Prefix string
	After  string // only names that sort behind it
	Max    int    // at least 1
}

// Buckets returns a page of the store's buckets in the order of their names, and whether there are more.
func (s *Store) Buckets(ctx context.Context, in ListBuckets) (page []Bucket, more bool, err error) {
	st, err := s.read(ctx,
		`SELECT name, created FROM buckets WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3`)
	if err != nil {
		return nil, false, err
	}
	rows, err := st.QueryContext(ctx, in.After, in.Prefix, in.Max+1)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var b Bucket
		if b, err = scanBucket(rows); err != nil {
			return nil, false, err
		}
		page = append(page, b)
	}
	if len(page) > in.Max {
		page, more = page[:in.Max], true
	}
	return page, more, rows.Err()
}

func scanBucket(rows *sql.Rows) (b Bucket, err error) {
	var created int64
	err = rows.Scan(&b.Name, &created)
	b.Created = time.Unix(created, 0).UTC()
	return b, err
}
