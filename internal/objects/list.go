package objects

import (
	"context"
	"database/sql"
	"time"
)

// MaxKeys is the largest page of a listing.
const MaxKeys = 1000

// List is a request for a page of a bucket's keys.
type List struct {
	Bucket    string
	Prefix    string
	Delimiter string // any string; keys that have it after the prefix are rolled up into a common prefix
	After     string // only keys and common prefixes that sort behind it
	Max       int    // of keys and common prefixes together; more than MaxKeys is MaxKeys
}

// Page is a page of a listing: its keys and its common prefixes, both in the order of their bytes.
type Page struct {
	Objects   []Object // without Headers
	Prefixes  []string
	Truncated bool
	Last      string // the last key or common prefix, behind which the next page begins
}

// List returns a page of keys as they were at one moment.
func (s *Store) List(ctx context.Context, in List) (page Page, err error) {
	err = s.snapshot(ctx, in.Bucket, func(bucket int64, query queryFunc) error {
		if in.Max <= 0 {
			return nil
		}
		r := roll{prefix: in.Prefix, delimiter: in.Delimiter, after: in.After, max: min(in.Max, MaxKeys)}
		end := r.end()
		var o Object
		found, err := r.walk(func(from []byte) (*sql.Rows, error) {
			return query(`SELECT key, size, etag, modified, sum_algo, sum_type FROM objects
				WHERE bucket = ?1 AND key >= ?2 AND (?3 IS NULL OR key < ?3) ORDER BY key LIMIT ?4`, bucket, from, end, r.max+1)
		}, func(rows *sql.Rows) (string, error) {
			var modified int64
			o = Object{}
			var key sql.RawBytes
			err := rows.Scan(&key, &o.Size, &o.ETag, &modified, &o.Checksum.Algorithm, &o.Checksum.Type)
			o.Key, o.Modified = string(key), time.Unix(modified, 0).UTC()
			return o.Key, err
		}, func() { page.Objects = append(page.Objects, o) })
		page.Prefixes, page.Last, page.Truncated = found.prefixes, found.last, found.truncated
		return err
	})
	return page, err
}

type queryFunc func(q string, args ...any) (*sql.Rows, error)

// snapshot runs fn on a bucket as it is at one moment.
func (s *Store) snapshot(ctx context.Context, bucket string, fn func(bucket int64, query queryFunc) error) error {
	id, err := s.bucketID(ctx, bucket)
	if err != nil {
		return err
	}
	tx, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(id, func(q string, args ...any) (*sql.Rows, error) {
		st, err := s.read(ctx, q)
		if err != nil {
			return nil, err
		}
		return tx.StmtContext(ctx, st).QueryContext(ctx, args...)
	})
}

// ListUploads is a request for a page of a bucket's unfinished uploads.
type ListUploads struct {
	Bucket    string
	Prefix    string
	Delimiter string
	After     string // a key
	AfterID   string // together with After: the uploads of that key behind this one, too
	Max       int
}

// UploadPage is a page of unfinished uploads, in the order of their keys and, for one key, of their beginning.
type UploadPage struct {
	Uploads   []Upload
	Prefixes  []string
	Truncated bool
	Last      string // the last key or common prefix
	LastID    string // the upload's identifier, if Last is a key
}

// ListUploads returns a page of unfinished uploads.
func (s *Store) ListUploads(ctx context.Context, in ListUploads) (page UploadPage, err error) {
	err = s.snapshot(ctx, in.Bucket, func(bucket int64, query queryFunc) error {
		if in.Max <= 0 {
			return nil
		}
		r := roll{prefix: in.Prefix, delimiter: in.Delimiter, after: in.After, max: min(in.Max, MaxKeys)}
		end := r.end()
		if in.AfterID == "" || r.common(in.After) != "" || in.After < in.Prefix {
			in.AfterID = ""
		}
		var u Upload
		found, err := r.walk(func(from []byte) (*sql.Rows, error) {
			// The rest of the marker's own key comes first, once.
			after, id := []byte(in.After), in.AfterID
			in.AfterID = ""
			return query(`SELECT key, id, initiated, sum_algo, sum_type FROM uploads WHERE bucket = ?1
				AND (key >= ?2 OR (?5 <> '' AND key = ?4 AND id > ?5)) AND (?3 IS NULL OR key < ?3) ORDER BY key, id LIMIT ?6`,
				bucket, from, end, after, id, r.max+1)
		}, func(rows *sql.Rows) (string, error) {
			var initiated int64
			u = Upload{}
			var key sql.RawBytes
			err := rows.Scan(&key, &u.ID, &initiated, &u.Algorithm, &u.Type)
			u.Key, u.Initiated = string(key), time.Unix(initiated, 0).UTC()
			return u.Key, err
		}, func() { page.Uploads = append(page.Uploads, u) })
		page.Prefixes, page.Last, page.Truncated = found.prefixes, found.last, found.truncated
		if n := len(page.Uploads); n > 0 && page.Uploads[n-1].Key == page.Last {
			page.LastID = page.Uploads[n-1].ID
		}
		return err
	})
	return page, err
}

// PartPage is a page of an upload's parts, in order.
type PartPage struct {
	Upload    Upload
	Parts     []Part
	Truncated bool
}

// ListParts is a request for a page of an unfinished upload's parts.
type ListParts struct {
	Bucket, Key, UploadID string
	After                 int // only parts with numbers above it
	Max                   int // of parts; more than MaxKeys is MaxKeys
}

// ListParts returns a page of the parts of an unfinished upload.
func (s *Store) ListParts(ctx context.Context, in ListParts) (page PartPage, err error) {
	if page.Upload, err = s.upload(ctx, in.Bucket, in.Key, in.UploadID); err != nil || in.Max <= 0 {
		return page, err
	}
	limit := min(in.Max, MaxKeys)
	st, err := s.read(ctx,
		`SELECT number, size, md5, sum, modified FROM pieces WHERE content = ? AND number > ? ORDER BY number LIMIT ?`)
	if err != nil {
		return page, err
	}
	rows, err := st.QueryContext(ctx, page.Upload.content, in.After, limit+1)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Part
		var md5, sum []byte
		var modified int64
		if err := rows.Scan(&p.Number, &p.Size, &md5, &sum, &modified); err != nil {
			return page, err
		}
		if len(page.Parts) == limit {
			page.Truncated = true
			break
		}
		p.ETag, p.Modified, p.Checksum = etagOf(md5), time.Unix(modified, 0).UTC(), page.Upload.partChecksum(sum)
		page.Parts = append(page.Parts, p)
	}
	return page, rows.Err()
}
