package store

import (
	"context"
	"database/sql"
	"slices"

	"latchkey/internal/fault"
)

// DuplicateError is the private cause of a table's AlreadyExists. It names the key that another entity of the account
// has. If the id exists already, the key is the entity's own name.
type DuplicateError struct{ Key string }

// Error is the text for logs.
func (t *DuplicateError) Error() string { return "taken: " + t.Key }

func (b *Table[T]) duplicate(key string) error {
	return fault.New(fault.AlreadyExists, b.Entity, "").Because(&DuplicateError{key})
}

// ByKey finds an entity by one of the keys that Table.Also gives it. It fails with NotFound when there is none.
func (b *Table[T]) ByKey(ctx context.Context, q Querier, account, key string) (*T, error) {
	id, err := b.idByKey(ctx, q, account, key)
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, fault.New(fault.NotFound, b.Entity, "")
	}
	return b.Get(ctx, q, id)
}

// idByKey is the id of the entity that has a key. It is empty when no entity has it.
func (b *Table[T]) idByKey(ctx context.Context, q Querier, account, key string) (id string, err error) {
	if _, err := queryOne(ctx, q, `SELECT id FROM noun_keys WHERE kind = $1 AND account = $2 AND key = $3`,
		[]any{string(b.Kind), account, b.indexedName(key)}, &id); err != nil {
		return "", unavailable("read "+string(b.Kind), err)
	}
	return id, nil
}

// checkKeys refuses an entity if another entity has one of its further keys. Writers run one after the other, so a key
// that is free stays free until the transaction ends.
func (b *Table[T]) checkKeys(tx *Tx, v *T) error {
	if b.UniqueKeys == nil {
		return nil
	}
	k, keys := b.Key(v), b.UniqueKeys(v)
	if len(keys) == 0 {
		return nil
	}
	args := []any{string(b.Kind), k.Account, k.ID}
	for _, key := range keys {
		args = append(args, b.indexedName(key))
	}
	others, err := collect(tx.ctx, tx, scanKey, selectOthersKeys+placeholderList(4, len(keys)), args...)
	if err != nil {
		return unavailable("read "+string(b.Kind), err)
	}
	for _, key := range keys {
		if slices.Contains(others, b.indexedName(key)) {
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
	selectOthersKeys = `SELECT key FROM noun_keys WHERE kind = $1 AND account = $2 AND id <> $3 AND key IN `
	insertEntityKey  = `INSERT INTO noun_keys (kind, account, key, id) VALUES `
)

func (b *Table[T]) addKeys(tx *Tx, v *T) error {
	if b.UniqueKeys == nil {
		return nil
	}
	k := b.Key(v)
	var rows [][]any
	for _, key := range b.UniqueKeys(v) {
		rows = append(rows, []any{string(b.Kind), k.Account, b.indexedName(key), k.ID})
	}
	_, err := tx.insertMany(insertEntityKey, ` ON CONFLICT DO NOTHING`, rows)
	return err
}

func (b *Table[T]) dropKeys(tx *Tx, id string) error {
	_, err := tx.exec(`DELETE FROM noun_keys WHERE kind = $1 AND id = $2`, string(b.Kind), id)
	return err
}
