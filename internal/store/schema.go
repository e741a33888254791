package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"latchkey/internal/store/migrations"
)

// migrate brings the schema up to date. On PostgreSQL a session lock keeps nodes that start together from migrating
// twice. It refuses a schema that this program does not know, because it would misread the rows.
func migrate(ctx context.Context, handle *sql.DB, pg bool) error {
	dialect, files := goose.DialectSQLite3, migrations.SQLite()
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if pg {
		dialect, files = goose.DialectPostgres, fs.FS(migrations.PostgreSQL())
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60), lock.WithUnlockTimeout(1, 10))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, handle, files, options...)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if has > knows {
		return fmt.Errorf("the database has schema version %d and this program knows versions up to %d: "+
			"run the newer latchkey that made it", has, knows)
	}
	_, err = handle.ExecContext(ctx, `INSERT INTO meta (id, rev, seq, horizon, cluster) VALUES (1, 0, 0, 0, $1)
		ON CONFLICT DO NOTHING`, rand.Text())
	return err
}
