package sqldb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"lenlop/services/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateLock is the advisory lock that keeps two processes from migrating one
// PostgreSQL at a time ("lenlop" in hexadecimal).
const migrateLock = 0x6c656e6c6f70

// Migrate brings the database up to this program's version, from empty or
// from any older one; each migration commits alone, so a kill midway is
// continued next time. fault.Conflict "database.newer" (args "data",
// "program": versions) when the data was written by a newer program: nothing
// is touched then.
func (d *DB) Migrate(ctx context.Context) error {
	if d.Postgres() {
		conn, err := d.write.Conn(ctx)
		if err != nil {
			return wrap(err, "migrate")
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(?)", migrateLock); err != nil {
			return wrap(err, "migrate: lock")
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(?)", migrateLock)
	}
	p, err := d.migrations()
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil && !errors.Is(err, database.ErrVersionNotFound) {
		return wrap(err, "migrate: version")
	}
	if have > want {
		return fault.New(fault.Conflict, "database.newer", "data", have, "program", want)
	}
	if _, err := p.Up(ctx); err != nil {
		return wrap(err, "migrate")
	}
	return nil
}

func (d *DB) migrations() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	engine := goose.DialectSQLite3
	if d.Postgres() {
		engine = goose.DialectPostgres
	}
	p, err := goose.NewProvider(engine, d.write.DB, dir, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return p, nil
}
