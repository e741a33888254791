package store

import (
	"context"
	"database/sql"
	"slices"

	"latchkey/internal/fault"
)

// DuplicateError is the private cause of a table's AlreadyExists: which key another entity of the account has. For a
// taken id it is the entity's own name.
type DuplicateError struct{ Key string }

// Error is the text for logs.
func (t *DuplicateError) Error() string { return "taken: " + t.Key }

func (b *Table[T]) duplicate(key string) error {
	return fault.New(fault.AlreadyExists, b.Entity, "").Because(&DuplicateError{key})
}

// ByKey finds an entity by one of the keys that Table.Also gives it. It fails with NotFound when there is none.
func (b *Table[T]) ByKey(ctx context.Context, q Querier, account, key string) (*T, error) {
	id, err := b.holder(ctx, q, account, key)
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, fault.New(fault.NotFound, b.Entity, "")
	}
	return b.Get(ctx, q, id)
}

// holder is the id of the entity that has a key; empty for none.
func (b *Table[T]) holder(ctx context.Context, q Querier, account, key string) (id string, err error) {
	if _, err := one(ctx, q, `SELECT id FROM noun_keys WHERE kind = $1 AND account = $2 AND key = $3`,
		[]any{string(b.Kind), account, b.name(key)}, &id); err != nil {
		return "", unavailable("read "+string(b.Kind), err)
	}
	return id, nil
}

// checkKeys refuses an entity one of whose further keys is another's. Writers queue, so what is free stays free until
// the transaction ends.
func (b *Table[T]) checkKeys(tx *Tx, v *T) error {
	if b.Also == nil {
		return nil
	}
	k, keys := b.Key(v), b.Also(v)
	if len(keys) == 0 {
		return nil
	}
	args := []any{string(b.Kind), k.Account, k.ID}
	for _, key := range keys {
		args = append(args, b.name(key))
	}
	others, err := collect(tx.ctx, tx, scanKey, othersKeys+list(4, len(keys)), args...)
	if err != nil {
		return unavailable("read "+string(b.Kind), err)
	}
	for _, key := range keys {
		if slices.Contains(others, b.name(key)) {
			return b.duplicate(key)
		}
	}
	return nil
}

func scanKey(rows *sql.Rows) (any, error) {
	var key string
	err := rows.Scan(&key)
	return key, err
}

const (
	othersKeys    = `SELECT key FROM noun_keys WHERE kind = $1 AND account = $2 AND id <> $3 AND key IN `
	insertNounKey = `INSERT INTO noun_keys (kind, account, key, id) VALUES `
)

func (b *Table[T]) addKeys(tx *Tx, v *T) error {
	if b.Also == nil {
		return nil
	}
	k := b.Key(v)
	var rows [][]any
	for _, key := range b.Also(v) {
		rows = append(rows, []any{string(b.Kind), k.Account, b.name(key), k.ID})
	}
	_, err := tx.insertMany(insertNounKey, ` ON CONFLICT DO NOTHING`, rows)
	return err
}

func (b *Table[T]) dropKeys(tx *Tx, id string) error {
	_, err := tx.exec(`DELETE FROM noun_keys WHERE kind = $1 AND id = $2`, string(b.Kind), id)
	return err
}
