package objects

import (
	"context"
	"time"
)

const selectAbandoned = `SELECT u.bucket, u.key, u.id, u.content FROM uploads u WHERE u.initiated < ?1
	AND NOT EXISTS (SELECT 1 FROM pieces p WHERE p.content = u.content AND p.modified >= ?1) ORDER BY u.initiated LIMIT ?2`

// AbortAbandoned ends uploads as AbortUpload does, and counts them. It ends the oldest uploads, at most limit, that
// began before a time and have no part that is newer. A client that continues such an upload is told that it does not
// exist.
func (s *Store) AbortAbandoned(ctx context.Context, before time.Time, limit int) (aborted int, err error) {
	err = s.update(ctx, func(t *tx) error {
		all, err := t.abandoned(before, limit)
		if err != nil {
			return err
		}
		for _, u := range all {
			if err := t.drop(u.content); err != nil {
				return err
			}
			if err := t.endUpload(u); err != nil {
				return err
			}
		}
		aborted = len(all)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return aborted, nil
}

func (t *tx) abandoned(before time.Time, limit int) (all []Upload, err error) {
	rows, err := t.query(selectAbandoned, before.Unix(), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u Upload
		var key []byte
		if err := rows.Scan(&u.bucket, &key, &u.ID, &u.content); err != nil {
			return nil, err
		}
		u.Key = string(key)
		all = append(all, u)
	}
	return all, rows.Err()
}
