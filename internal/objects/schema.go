package objects

import (
	"context"
	"database/sql"
)

// schema is the whole database. An object or an unfinished upload has a content, which consists of pieces in the order
// of their numbers. Each piece is in a blob file or, when small, in its row. Completing an upload gives the upload's
// content to the object, so no byte is copied. Times are seconds since 1970. Keys are bytes, so that the order of the
// index is the order of S3's listings.
const schema = `
CREATE TABLE IF NOT EXISTS state (
	id        INTEGER PRIMARY KEY,
	clean     INTEGER NOT NULL,
	token_key BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS buckets (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	name    TEXT NOT NULL UNIQUE,
	created INTEGER NOT NULL,
	nonce   TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS objects (
	bucket   INTEGER NOT NULL,
	key      BLOB NOT NULL,
	content  INTEGER NOT NULL,
	size     INTEGER NOT NULL,
	etag     TEXT NOT NULL,
	modified INTEGER NOT NULL,
	parts    INTEGER NOT NULL,
	sum_algo TEXT NOT NULL,
	sum_type TEXT NOT NULL,
	sum      TEXT NOT NULL,
	upload   TEXT NOT NULL,
	headers  TEXT NOT NULL,
	PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
	bucket    INTEGER NOT NULL,
	key       BLOB NOT NULL,
	id        TEXT NOT NULL,
	content   INTEGER NOT NULL,
	initiated INTEGER NOT NULL,
	sum_algo  TEXT NOT NULL,
	sum_type  TEXT NOT NULL,
	headers   TEXT NOT NULL,
	PRIMARY KEY (bucket, key, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploads_initiated ON uploads (initiated);
CREATE TABLE IF NOT EXISTS pieces (
	content  INTEGER NOT NULL,
	number   INTEGER NOT NULL,
	size     INTEGER NOT NULL,
	md5      BLOB NOT NULL,
	sum      BLOB NOT NULL,
	modified INTEGER NOT NULL,
	blob     TEXT,
	data     BLOB,
	PRIMARY KEY (content, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pieces_blob ON pieces (blob) WHERE blob IS NOT NULL;
`

// addNonce updates a folder of an older version, whose buckets have no nonce.
const (
	hasNonce = `SELECT EXISTS (SELECT 1 FROM pragma_table_info('buckets') WHERE name = 'nonce')`
	addNonce = `ALTER TABLE buckets ADD COLUMN nonce TEXT NOT NULL DEFAULT ''`
)

// prepare makes the tables that the database does not have yet.
func prepare(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return err
	}
	var has bool
	if err := db.QueryRowContext(ctx, hasNonce).Scan(&has); err != nil || has {
		return err
	}
	_, err := db.ExecContext(ctx, addNonce)
	return err
}
