package sqldb

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"

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
	if err := d.refuseNewer(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return wrap(err, "migrate")
	}
	return nil
}

// refuseNewer fails when the data has been through a migration that this
// program does not know, whatever its number: rooms take numbers of their own.
func (d *DB) refuseNewer(ctx context.Context, p *goose.Provider) error {
	// This also makes the table of versions where there is none.
	_, program, err := p.GetVersions(ctx)
	if err != nil {
		return wrap(err, "migrate: version")
	}
	var done []int64
	if err := d.write.NewRaw("SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY version_id").Scan(ctx, &done); err != nil {
		return wrap(err, "migrate: version")
	}
	known := make(map[int64]bool)
	for _, s := range p.ListSources() {
		known[s.Version] = true
	}
	for _, v := range slices.Backward(done) {
		if !known[v] {
			return fault.New(fault.Conflict, "database.newer", "data", v, "program", program)
		}
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
	// Out of order: a room's migration may be released after one of another
	// room that has a higher number.
	p, err := goose.NewProvider(engine, d.write.DB, dir, goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true),
		goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return p, nil
}
