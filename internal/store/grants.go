package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

const (
	insertGrant = `INSERT INTO grants (seq, id, account, region, location_id, sub_prefix, scope, grantee_type,
		grantee_id, principal, permission, application_arn, object, created_at, tags, same, scope_hash) VALUES `
	grantColumns = 17
	selectGrant  = `SELECT seq, id, account, region, location_id, sub_prefix, scope, grantee_type,
		grantee_id, principal, permission, application_arn, object, created_at FROM grants`
)

// InsertGrant adds a grant and gives it its Seq. It fails with AlreadyExists when its id is taken, or when
// the instance has a grant with the same scope, grantee, permission and application (access.GrantKey).
func InsertGrant(tx *Tx, g *access.Grant, tags ...access.Tag) error {
	g.Seq = tx.nextSeq()
	row, err := grantRow(g, tags)
	if err != nil {
		return err
	}
	n, err := tx.exec(insertGrant+placeholders(1, grantColumns)+` ON CONFLICT DO NOTHING`, row...)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.AlreadyExists, fault.Grant, "")
	}
	tx.count(g, 1)
	tx.changed(KindGrant, g.ID.String(), Inserted)
	return nil
}

// DeleteGrant removes a grant. It fails with NotFound when there is none.
func DeleteGrant(tx *Tx, id access.GrantID) error {
	g, err := GrantByID(tx.ctx, tx, id)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM grants WHERE seq = $1`, g.Seq); err != nil {
		return err
	}
	tx.count(&g, -1)
	tx.changed(KindGrant, id.String(), Deleted)
	return nil
}

// GrantByID finds a grant. It fails with NotFound when there is none.
func GrantByID(ctx context.Context, q Querier, id access.GrantID) (access.Grant, error) {
	all, err := collect(ctx, q, grantScan(), selectGrant+` WHERE id = $1`, id.String())
	if err != nil {
		return access.Grant{}, unavailable("read grant", err)
	}
	if len(all) == 0 {
		return access.Grant{}, fault.New(fault.NotFound, fault.Grant, "")
	}
	return all[0], nil
}

// GrantTags returns a grant's tags in their order. It fails with NotFound when there is no such grant.
func GrantTags(ctx context.Context, q Querier, id access.GrantID) ([]access.Tag, error) {
	var text []byte
	found, err := queryOne(ctx, q, `SELECT tags FROM grants WHERE id = $1`, []any{id.String()}, &text)
	if err != nil {
		return nil, unavailable("read grant tags", err)
	}
	if !found {
		return nil, fault.New(fault.NotFound, fault.Grant, "")
	}
	var tags []access.Tag
	if len(text) > 0 {
		err = json.Unmarshal(text, &tags)
	}
	return tags, err
}

// SetGrantTags replaces a grant's tags. It fails with NotFound when there is no such grant.
func SetGrantTags(tx *Tx, id access.GrantID, tags []access.Tag) error {
	text, err := tagText(tags)
	if err != nil {
		return err
	}
	n, err := tx.exec(`UPDATE grants SET tags = $1 WHERE id = $2`, text, id.String())
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, fault.Grant, "")
	}
	tx.changed(KindGrantTags, id.String(), Updated)
	return nil
}

func tagText(tags []access.Tag) (string, error) {
	if len(tags) == 0 {
		return "", nil
	}
	b, err := json.Marshal(tags)
	return string(b), err
}

func grantRow(g *access.Grant, tags []access.Tag) ([]any, error) {
	text, err := tagText(tags)
	if err != nil {
		return nil, err
	}
	k := g.Key()
	return []any{g.Seq, g.ID.String(), string(g.Account), g.Region, string(g.LocationID), g.SubPrefix, k.Scope,
		g.Grantee.Type.String(), g.Grantee.ID, g.Principal, g.Permission.String(), g.ApplicationARN, g.Object,
		g.CreatedAt.UnixMicro(), text, digest(string(k.Account), k.Region, k.Scope, k.Identity.Type.String(),
			k.Identity.Principal, k.Permission.String(), k.ApplicationARN), scopeHash(k.Scope)}, nil
}

// digest is a hash of parts. Two digests are equal only if all parts are equal.
func digest(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return sum[:16]
}

// scopeHash is the indexed hash of a scope. Several scopes may share one, so queries compare the scope too.
func scopeHash(scope string) int64 { return int64(binary.BigEndian.Uint64(digest(scope))) }

// grantScan returns the scanner of one query. Consecutive rows share many values: the scanner reuses the text of the
// row before instead of allocating an equal one.
func grantScan() func(*sql.Rows) (access.Grant, error) {
	var last access.Grant
	return func(rows *sql.Rows) (access.Grant, error) {
		g, err := scanGrant(rows, &last)
		last = g
		return g, err
	}
}

func scanGrant(rows *sql.Rows, last *access.Grant) (g access.Grant, err error) {
	var id, account, region, location, scope, granteeType, grantee, principal, permission, app sql.RawBytes
	var created int64
	if err := rows.Scan(&g.Seq, &id, &account, &region, &location, &g.SubPrefix, &scope, &granteeType,
		&grantee, &principal, &permission, &app, &g.Object, &created); err != nil {
		return g, err
	}
	g.Account, g.LocationID = intern(account, last.Account), intern(location, last.LocationID)
	g.Region, g.ApplicationARN = intern(region, last.Region), intern(app, last.ApplicationARN)
	g.Grantee.ID = intern(grantee, last.Grantee.ID)
	g.Principal = intern(principal, g.Grantee.ID) // a directory id is its own principal
	g.CreatedAt = time.UnixMicro(created).UTC()
	if g.ID, err = access.ParseGrantID(string(id)); err == nil {
		if g.Scope, err = access.ParseScope(string(scope)); err == nil {
			if g.Grantee.Type, err = access.ParseGranteeType(string(granteeType)); err == nil {
				g.Permission, err = access.ParsePermission(string(permission))
			}
		}
	}
	if err != nil {
		return g, fmt.Errorf("grant %s: %w", id, err)
	}
	return g, nil
}

// intern returns b as a text. It returns known, without allocating, if the two are equal.
func intern[S ~string](b []byte, known S) S {
	if string(b) == string(known) {
		return known
	}
	return S(b)
}
