package objects

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// read is a prepared statement on the readers' side.
func (s *Store) read(ctx context.Context, q string) (*sql.Stmt, error) {
	if st, ok := s.reads.Load(q); ok {
		return st.(*sql.Stmt), nil
	}
	st, err := s.readers.PrepareContext(ctx, q)
	if err != nil {
		return nil, err
	}
	if other, loaded := s.reads.LoadOrStore(q, st); loaded {
		st.Close()
		return other.(*sql.Stmt), nil
	}
	return st, nil
}

func isNone(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// orNone replaces sql.ErrNoRows by none.
func orNone(err, none error) error {
	if isNone(err) {
		return none
	}
	return err
}

// bucketID finds a bucket's number.
func (s *Store) bucketID(ctx context.Context, name string) (id int64, err error) {
	st, err := s.read(ctx, `SELECT id FROM buckets WHERE name = ?`)
	if err != nil {
		return 0, err
	}
	err = st.QueryRowContext(ctx, name).Scan(&id)
	return id, orNone(err, noBucket(name))
}

const selectObject = `SELECT o.content, o.size, o.etag, o.modified, o.parts, o.sum_algo, o.sum_type, o.sum, o.headers`

// lookup reads an object's row.
func (s *Store) lookup(ctx context.Context, bucket, key string) (o Object, err error) {
	st, err := s.read(ctx, selectObject+` FROM buckets b JOIN objects o ON o.bucket = b.id WHERE b.name = ? AND o.key = ?`)
	if err != nil {
		return Object{}, err
	}
	var row objectRow
	err = st.QueryRowContext(ctx, bucket, []byte(key)).Scan(row.into()...)
	return s.finishLookup(ctx, bucket, key, &row, err)
}

// lookupContent reads an object's row and, if the object came in one piece, that piece.
func (s *Store) lookupContent(ctx context.Context, bucket, key string) (o Object, p piece, err error) {
	st, err := s.read(ctx, selectObject+`, p.blob, p.data FROM buckets b JOIN objects o ON o.bucket = b.id
		LEFT JOIN pieces p ON p.content = o.content AND p.number = 1 AND o.parts = 0 WHERE b.name = ? AND o.key = ?`)
	if err != nil {
		return Object{}, piece{}, err
	}
	var row objectRow
	var blob sql.NullString
	err = st.QueryRowContext(ctx, bucket, []byte(key)).Scan(append(row.into(), &blob, &p.data)...)
	p.blob = blob.String
	o, err = s.finishLookup(ctx, bucket, key, &row, err)
	p.size = o.Size
	return o, p, err
}

// finishLookup makes the object of the row, or the error if there is no row.
func (s *Store) finishLookup(ctx context.Context, bucket, key string, row *objectRow, err error) (Object, error) {
	if isNone(err) {
		if _, err := s.bucketID(ctx, bucket); err != nil {
			return Object{}, err
		}
		return Object{}, noKey(key)
	}
	if err != nil {
		return Object{}, err
	}
	return row.object(key)
}

// objectRow receives the columns of selectObject.
type objectRow struct {
	Object
	modified int64
	headers  string
}

func (r *objectRow) into() []any {
	return []any{&r.content, &r.Size, &r.ETag, &r.modified, &r.Parts,
		&r.Checksum.Algorithm, &r.Checksum.Type, &r.Checksum.Value, &r.headers}
}

func (r *objectRow) object(key string) (o Object, err error) {
	o = r.Object
	o.Key, o.Modified = key, time.Unix(r.modified, 0).UTC()
	o.Headers, err = decodeHeaders(r.headers)
	return o, err
}
