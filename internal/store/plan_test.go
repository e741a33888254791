package store

import (
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/access"
)

// TestQueriesUseTheirIndexes asks SQLite how it would run each query. A query that reads the whole table would let one
// client slow down all others.
func TestQueriesUseTheirIndexes(t *testing.T) {
	db, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	base := GrantFilter{Account: "111122223333", Region: "us-east-1"}
	for _, c := range []struct {
		name, index string
		set         func(*GrantFilter)
	}{
		{"an instance", "grants_list", func(*GrantFilter) {}},
		{"a permission", "grants_list", func(f *GrantFilter) { f.Permission = access.Read }},
		{"a kind of grantee", "grants_list", func(f *GrantFilter) { f.GranteeType = access.IAM }},
		{"a grantee", "grants_grantee", func(f *GrantFilter) { f.GranteeID = "u" }},
		{"a grantee of a kind", "grants_grantee", func(f *GrantFilter) { f.GranteeID, f.GranteeType = "u", access.IAM }},
		{"a scope", "grants_scope", func(f *GrantFilter) { f.Scope = "s3://b/*" }},
		{"an application", "grants_application", func(f *GrantFilter) { f.ApplicationARN = "arn" }},
	} {
		f := base
		c.set(&f)
		text, args := f.sql(0, 10)
		wantPlan(t, db, c.name, c.index, text, args)
	}
	wantPlan(t, db, "a grant by its id", "grants_id", selectGrant+` WHERE id = $1`, []any{"x"})
	wantPlan(t, db, "all grants", "INTEGER PRIMARY KEY", selectGrant+` WHERE seq > $1 ORDER BY seq LIMIT $2`, []any{0, 1})
	wantPlan(t, db, "an entity by its id", "nouns_id", `SELECT seq, body FROM nouns WHERE kind = $1 AND id = $2`,
		[]any{"u", "x"})
	wantPlan(t, db, "entities by their ids", "nouns_id", nounsAmong+`($2, $3)`, []any{"u", "x", "y"})
	wantPlan(t, db, "an entity by its name", "nouns_name",
		`SELECT seq, body FROM nouns WHERE kind = $1 AND account = $2 AND name = $3`, []any{"u", "a", "x"})
	wantPlan(t, db, "entities of a parent", "nouns_parent",
		`SELECT seq, body FROM nouns WHERE kind = $1 AND parent = $2 ORDER BY seq`, []any{"u", "x"})
	wantPlan(t, db, "a table of entities", "nouns_kind",
		`SELECT seq, body FROM nouns WHERE kind = $1 AND seq > $2 ORDER BY seq LIMIT $3`, []any{"u", 0, 1})
	wantPlan(t, db, "a page of entities", "nouns_account",
		`SELECT seq, body FROM nouns WHERE kind = $1 AND account = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
		[]any{"u", "a", 0, 1})
	wantPlan(t, db, "an entity by another key", "sqlite_autoindex_noun_keys",
		`SELECT id FROM noun_keys WHERE kind = $1 AND account = $2 AND key = $3`, []any{"u", "a", "x"})
	wantPlan(t, db, "which keys are another's", "sqlite_autoindex_noun_keys", selectOthersKeys+`($4, $5)`,
		[]any{"u", "a", "i", "x", "y"})
	wantPlan(t, db, "the keys of an entity", "noun_keys_id", `DELETE FROM noun_keys WHERE kind = $1 AND id = $2`,
		[]any{"u", "x"})
	wantPlan(t, db, "a group's memberships", "memberships_group", membershipsOfGroup, []any{"g", 0, 1})
	wantPlan(t, db, "a user's memberships", "memberships_user", membershipsOfUser, []any{"u", 0, 1})
	wantPlan(t, db, "a membership", "memberships_pair", selectMembership+` WHERE group_id = $1 AND user_id = $2`,
		[]any{"g", "u"})
	wantPlan(t, db, "which users exist", "nouns_id", usersAmong+`($3, $4)`, []any{"u", "a", "x", "y"})
	wantPlan(t, db, "which users are in a group", "memberships_pair", membersAmong+`($2, $3)`, []any{"g", "x", "y"})
	wantPlan(t, db, "a page of a table", "nouns_kind", selectEntitiesAfter, []any{"u", 0, 1})
	wantPlan(t, db, "the oldest audit records", "INTEGER PRIMARY KEY", auditAfter, []any{0, 9, 1})
	wantPlan(t, db, "the oldest changes", "sqlite_autoindex_changes_1", oldestChanges, []any{9, 1})
	for column, index := range map[string]string{
		"account":       "audit_account",
		"principal_arn": "audit_principal",
		"access_key":    "audit_access_key",
		"grant_id":      "audit_grant",
	} {
		wantPlan(t, db, "audit by "+column, index,
			`SELECT id, event FROM audit WHERE `+column+` = $1 AND id > $2 ORDER BY id LIMIT $3`, []any{"x", 0, 1})
	}
	for column, index := range map[string]string{"reason": "audit_reason", "person": "audit_person"} {
		wantPlan(t, db, "audit of an account by "+column, index,
			`SELECT id, event FROM audit WHERE account = $1 AND `+column+` = $2 AND id > $3 ORDER BY id LIMIT $4`,
			[]any{"a", "x", 0, 1})
	}
}

func wantPlan(t *testing.T, db *DB, name, index, text string, args []any) {
	t.Helper()
	rows, err := db.read.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+text, args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	all := strings.Join(plan, "; ")
	if rows.Err() != nil || !strings.Contains(all, index) || strings.Contains(all, "SCAN") ||
		strings.Contains(all, "TEMP B-TREE") {
		t.Errorf("%s: %s, want a search of %s (%v)", name, all, index, rows.Err())
	}
}
