package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// Key is what the store must know of an entity to find it and to keep it unique.
type Key struct {
	ID      string // unique in its table
	Account string // whose it is; names are unique within it. Empty: names are unique in the whole store
	Name    string // empty: it has no name, or need not be found by it
	Parent  string // what it belongs to besides its account
}

// Table is one kind of small entity. All kinds share one physical table, so a new kind needs no migration, only a Table
// value. A body is JSON. Secrets must be sealed before they come here.
type Table[T any] struct {
	Kind       Kind                    // in the change list
	Entity     fault.Entity            // in faults
	Key        func(*T) Key            // of a valid entity
	UniqueKeys func(*T) []string       // further keys, unique within the account; nil: none
	OnDelete   func(*Tx, string) error // removes what goes with the entity of an id when it is deleted; nil: nothing
	FoldCase   bool                    // names that differ only in case are the same name
	// stores the row's number, which orders the table by creation, in the entity; nil: it is not kept
	Seq    func(*T, int64)
	Encode func(*T) any           // what is stored as JSON in place of *T; nil: *T itself
	Decode func([]byte, *T) error // the reverse of Pack; nil: JSON straight into *T

	// Cuts are the grounds that a change of the row cuts: what sessions may hang on, and what the row no longer says. The
	// new row is nil when the row is deleted. Nil: no change of a row cuts anything. The rule is here, and not where rows
	// are changed, so that no writer can forget it.
	Cuts func(old, now *T) []credential.Ground

	// Obsolete is the time from which a row has no more use. Nil: rows stay until somebody deletes them.
	Obsolete func(*T) time.Time
}

// Insert adds an entity. It fails with AlreadyExists, caused by a DuplicateError, when another entity has its id, or
// has its name or another of its keys in the same account.
func (b *Table[T]) Insert(tx *Tx, v *T) error {
	body, err := b.encode(v)
	if err != nil {
		return err
	}
	if err := b.checkKeys(tx, v); err != nil {
		return err
	}
	k, seq := b.Key(v), tx.nextSeq()
	n, err := tx.exec(`INSERT INTO nouns (seq, kind, id, account, name, parent, body, rev)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		seq, string(b.Kind), k.ID, k.Account, b.indexedName(k.Name), k.Parent, body, int64(tx.rev))
	if err != nil {
		return err
	}
	if n == 0 {
		return b.duplicate(k.Name)
	}
	if err := b.addKeys(tx, v); err != nil {
		return err
	}
	if b.Seq != nil {
		b.Seq(v, seq)
	}
	tx.changed(b.Kind, k.ID, Inserted)
	return nil
}

// Update replaces the entity with the same id. It fails with NotFound when there is none, and with AlreadyExists when
// another entity has its new name or another of its keys.
func (b *Table[T]) Update(tx *Tx, v *T) error {
	body, err := b.encode(v)
	if err != nil {
		return err
	}
	k := b.Key(v)
	if k.Name != "" {
		var other string
		found, err := queryOne(tx.ctx, tx, `SELECT id FROM nouns WHERE kind = $1 AND account = $2 AND name = $3`,
			[]any{string(b.Kind), k.Account, b.indexedName(k.Name)}, &other)
		if err != nil {
			return err
		}
		if found && other != k.ID {
			return b.duplicate(k.Name)
		}
	}
	if err := b.checkKeys(tx, v); err != nil {
		return err
	}
	cut, err := b.cuts(tx, k.ID, v)
	if err != nil {
		return err
	}
	n, err := tx.exec(`UPDATE nouns SET account = $1, name = $2, parent = $3, body = $4, `+
		`rev = $5 WHERE kind = $6 AND id = $7`,
		k.Account, b.indexedName(k.Name), k.Parent, body, int64(tx.rev), string(b.Kind), k.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, b.Entity, "")
	}
	if b.UniqueKeys != nil {
		if err := b.dropKeys(tx, k.ID); err != nil {
			return err
		}
		if err := b.addKeys(tx, v); err != nil {
			return err
		}
	}
	tx.changed(b.Kind, k.ID, Updated)
	return tx.Cut("changed", cut...)
}

// Delete removes an entity, and whatever OnDelete removes with it. It fails with NotFound when there is none.
func (b *Table[T]) Delete(tx *Tx, id string) error {
	cut, err := b.cuts(tx, id, nil)
	if err != nil {
		return err
	}
	n, err := tx.exec(`DELETE FROM nouns WHERE kind = $1 AND id = $2`, string(b.Kind), id)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, b.Entity, "")
	}
	tx.changed(b.Kind, id, Deleted)
	if err := tx.Cut("deleted", cut...); err != nil {
		return err
	}
	if b.UniqueKeys != nil {
		if err := b.dropKeys(tx, id); err != nil {
			return err
		}
	}
	if b.OnDelete != nil {
		return b.OnDelete(tx, id)
	}
	return nil
}

// cuts returns what the row with this id stands for and the new row does not. A row that does not exist cuts nothing.
func (b *Table[T]) cuts(tx *Tx, id string, now *T) ([]credential.Ground, error) {
	if b.Cuts == nil {
		return nil, nil
	}
	old, err := b.Get(tx.ctx, tx, id)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil, nil
		}
		return nil, err
	}
	return b.Cuts(old, now), nil
}

// Get finds an entity by its id. It fails with NotFound when there is none.
func (b *Table[T]) Get(ctx context.Context, q Querier, id string) (*T, error) {
	return b.first(ctx, q, `SELECT seq, body FROM nouns WHERE kind = $1 AND id = $2`, string(b.Kind), id)
}

const nounsAmong = `SELECT seq, body FROM nouns WHERE kind = $1 AND id IN `

// Among finds the entities with these ids, in no particular order. No id may be named twice. Ids that do not exist are
// left out.
func (b *Table[T]) Among(ctx context.Context, q Querier, ids []string) ([]*T, error) {
	rows, err := queryIn(ctx, q, b.scan, inQuery{nounsAmong, []any{string(b.Kind)}}, ids)
	if err != nil {
		return nil, unavailable("read "+string(b.Kind), err)
	}
	return values(rows), nil
}

// ByName finds an entity by its name in an account. It fails with NotFound when there is none.
func (b *Table[T]) ByName(ctx context.Context, q Querier, account, name string) (*T, error) {
	return b.first(ctx, q, `SELECT seq, body FROM nouns WHERE kind = $1 AND account = $2 AND name = $3`,
		string(b.Kind), account, b.indexedName(name))
}

// Children returns the entities of a parent, oldest first.
func (b *Table[T]) Children(ctx context.Context, q Querier, parent string) ([]*T, error) {
	rows, err := b.query(ctx, q, `SELECT seq, body FROM nouns WHERE kind = $1 AND parent = $2 ORDER BY seq`,
		string(b.Kind),
		parent)
	return values(rows), err
}

// InAccount returns the entities of an account, oldest first.
func (b *Table[T]) InAccount(ctx context.Context, q Querier, account string) ([]*T, error) {
	rows, err := b.query(ctx, q, `SELECT seq, body FROM nouns WHERE kind = $1 AND account = $2 ORDER BY seq`,
		string(b.Kind), account)
	return values(rows), err
}

// Page returns the entities of an account whose number is above after, oldest first, at most limit. The number of an
// entity is the one that Seq stores.
func (b *Table[T]) Page(ctx context.Context, q Querier, account string, after int64, limit int) ([]*T, error) {
	rows, err := b.query(ctx, q,
		`SELECT seq, body FROM nouns WHERE kind = $1 AND account = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
		string(b.Kind), account, after, limit)
	return values(rows), err
}

const selectEntitiesAfter = `SELECT seq, body FROM nouns WHERE kind = $1 AND seq > $2 ORDER BY seq LIMIT $3`

// All goes through every entity of the table, oldest first. Over a *Reader or a *Tx, all entities are of one revision.
// Over a *DB they are read page by page, each page at the revision of its moment.
func (b *Table[T]) All(ctx context.Context, q Querier) iter.Seq2[*T, error] {
	const page = 1000
	return func(yield func(*T, error) bool) {
		for after := int64(0); ; {
			rows, err := b.query(ctx, q, selectEntitiesAfter, string(b.Kind), after, page)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range rows {
				if !yield(r.value, nil) {
					return
				}
				after = r.seq
			}
			if len(rows) < page {
				return
			}
		}
	}
}

// Count is how many entities an account has in this table.
func (b *Table[T]) Count(ctx context.Context, q Querier, account string) (n int, err error) {
	_, err = queryOne(ctx, q, `SELECT COUNT(*) FROM nouns WHERE kind = $1 AND account = $2`,
		[]any{string(b.Kind), account}, &n)
	if err != nil {
		return 0, unavailable("count "+string(b.Kind), err)
	}
	return n, nil
}

// entityRow is a stored entity with its number, which orders a table by creation.
type entityRow[T any] struct {
	seq   int64
	value *T
}

func values[T any](rows []entityRow[T]) []*T {
	all := make([]*T, len(rows))
	for i, r := range rows {
		all[i] = r.value
	}
	return all
}

func (b *Table[T]) query(ctx context.Context, q Querier, text string, args ...any) ([]entityRow[T], error) {
	rows, err := collect(ctx, q, b.scan, text, args...)
	if err != nil {
		return nil, unavailable("read "+string(b.Kind), err)
	}
	return rows, nil
}

func (b *Table[T]) first(ctx context.Context, q Querier, text string, args ...any) (*T, error) {
	rows, err := b.query(ctx, q, text, args...)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.New(fault.NotFound, b.Entity, "")
	}
	return rows[0].value, nil
}

func (b *Table[T]) scan(rows *sql.Rows) (r entityRow[T], err error) {
	var body []byte
	if err := rows.Scan(&r.seq, &body); err != nil {
		return r, err
	}
	r.value = new(T)
	if b.Decode != nil {
		err = b.Decode(body, r.value)
	} else {
		err = json.Unmarshal(body, r.value)
	}
	if err != nil {
		return r, fmt.Errorf("decode %s %d: %w", b.Kind, r.seq, err)
	}
	if b.Seq != nil {
		b.Seq(r.value, r.seq)
	}
	return r, nil
}

func (b *Table[T]) encode(v *T) (string, error) {
	var stored any = v
	if b.Encode != nil {
		stored = b.Encode(v)
	}
	body, err := json.Marshal(stored)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", b.Kind, err)
	}
	return string(body), nil
}

// indexedName is the name as the unique index holds it. PostgreSQL cannot index long texts, so their digest replaces
// them.
func (b *Table[T]) indexedName(s string) any {
	if s == "" {
		return nil
	}
	if b.FoldCase {
		s = strings.ToLower(s)
	}
	if len(s) > 512 {
		sum := sha256.Sum256([]byte(s))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	return s
}
