package store

import "context"

// CountChildren is the number of entities of this table that belong to a parent.
func (b *Table[T]) CountChildren(ctx context.Context, q Querier, parent string) (n int, err error) {
	_, err = queryOne(ctx, q, `SELECT COUNT(*) FROM nouns WHERE kind = $1 AND parent = $2`, []any{string(b.Kind), parent},
		&n)
	if err != nil {
		return 0, unavailable("count "+string(b.Kind), err)
	}
	return n, nil
}
