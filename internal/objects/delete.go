package objects

import (
	"context"

	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// MaxDeletes is how many keys one DeleteObjects may name.
const MaxDeletes = 1000

// Delete names a key to delete. IfMatch, if not empty, is the entity tag that the object must have.
type Delete struct {
	Key     string
	IfMatch string
}

// Delete removes an object. Deleting an object that does not exist succeeds, as in S3, unless there is a condition.
func (s *Store) Delete(ctx context.Context, bucket string, d Delete) error {
	errs, err := s.DeleteMany(ctx, bucket, []Delete{d})
	if err != nil {
		return err
	}
	return errs[0]
}

// DeleteMany removes objects in one transaction. The first result has one error for each key, nil for a key that was
// deleted. The second result is a failure of the whole.
func (s *Store) DeleteMany(ctx context.Context, bucket string, keys []Delete) ([]error, error) {
	if len(keys) > MaxDeletes {
		return nil, fault.New(fault.Malformed, fault.XML,
			"The XML you provided was not well-formed or did not validate against our published schema")
	}
	errs := make([]error, len(keys))
	err := s.update(ctx, func(t *tx) error {
		id, err := t.bucket(bucket)
		if err != nil {
			return err
		}
		for i, d := range keys {
			if errs[i] = upstream.CheckKey(d.Key); errs[i] != nil {
				continue
			}
			errs[i], err = t.delete(id, d)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return errs, err
}

// delete removes one object. refused is about this key, err about the transaction.
func (t *tx) delete(bucket int64, d Delete) (refused, err error) {
	old, exists, err := t.current(bucket, d.Key)
	if err != nil {
		return nil, err
	}
	if refused := (Conditions{IfMatch: d.IfMatch}).checkWrite(old, exists, d.Key); refused != nil {
		return refused, nil
	}
	if !exists {
		return nil, nil
	}
	if err := t.drop(old.content); err != nil {
		return nil, err
	}
	_, err = t.exec(`DELETE FROM objects WHERE bucket = ? AND key = ?`, bucket, []byte(d.Key))
	return nil, err
}
