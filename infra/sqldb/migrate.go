package sqldb

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5/stdlib"
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
	pool := d.write.DB
	if d.Postgres() {
		// Connections of its own: a migration may take longer than any statement
		// of the site, and so may waiting for another process's.
		pool = stdlib.OpenDB(*d.server)
		defer pool.Close()
		conn, err := pool.Conn(ctx)
		if err != nil {
			return wrap(err, "migrate")
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrateLock)); err != nil {
			return wrap(err, "migrate: lock")
		}
		defer func() { // closing the connection would end the lock too
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrateLock))
		}()
	}
	p, err := d.migrations(pool)
	if err != nil {
		return err
	}
	if err := d.refuseNewer(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return wrap(err, "migrate")
	}
	if err := d.People().foldOld(ctx); err != nil {
		return err
	}
	return d.Audit().sealOld(ctx)
}

// refuseNewer fails when a migration that this program does not know was applied to the data, whatever its number,
// unless that migration only added to the schema. Numbers are no order: each package takes its own range.
func (d *DB) refuseNewer(ctx context.Context, p *goose.Provider) error {
	// This also creates the table of versions when it does not exist.
	if _, _, err := p.GetVersions(ctx); err != nil {
		return wrap(err, "migrate: version")
	}
	_, err := d.newer(ctx, p)
	return err
}

// newer counts the applied migrations of this program. It returns fault.Conflict "database.newer" when a migration was
// applied that is unknown here and not marked as only adding.
func (d *DB) newer(ctx context.Context, p *goose.Provider) (int, error) {
	var done []int64
	if err := d.write.NewRaw("SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY version_id").Scan(
		ctx, &done); err != nil {
		return 0, wrap(err, "migrate: version")
	}
	known, program := make(map[int64]bool), int64(0)
	for _, s := range p.ListSources() {
		known[s.Version] = true
		program = max(program, s.Version)
	}
	ours := 0
	for _, v := range slices.Backward(done) {
		if known[v] {
			ours++
			continue
		}
		mark, err := d.Setting(ctx, ExpandsSetting(v))
		if err != nil {
			return 0, err
		}
		if mark != expands {
			return 0, fault.New(fault.Conflict, "database.newer", "data", v, "program", program)
		}
	}
	return ours, nil
}

// expands is the mark that a migration stores about itself, in its own transaction, when it only adds (tables, columns
// with defaults, indexes): programs of the previous release, which do not know it, keep running and can start.
//
//	INSERT INTO settings (name, value) VALUES ('migration 161', 'expands');
//
// What a release still writes may only be removed by the release after the next, whose migration has no mark. So a
// program works on the data of the next release, and of no later one.
const expands = "expands"

// ExpandsSetting is the name of the setting that holds the mark of a migration.
func ExpandsSetting(version int64) string { return fmt.Sprintf("migration %d", version) }

// MigrationTexts returns the texts of the migrations by file name.
func MigrationTexts() (map[string]string, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	all := make(map[string]string, len(names))
	for _, name := range names {
		raw, err := migrations.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("migrations: %w", err)
		}
		all[name] = string(raw)
	}
	return all, nil
}

func (d *DB) migrations(pool *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	engine := goose.DialectSQLite3
	if d.Postgres() {
		engine = goose.DialectPostgres
	}
	// Out of order: a migration of one package may be released after one of another package that has a higher number.
	p, err := goose.NewProvider(engine, pool, dir, goose.WithDisableGlobalRegistry(true),
		goose.WithAllowOutofOrder(true),
		goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return p, nil
}

// Schema compares the data with this program: it returns how many migrations are not applied yet, or fault.Conflict
// "database.newer". It changes nothing.
func (d *DB) Schema(ctx context.Context) (pending int, err error) {
	p, err := d.migrations(d.write.DB)
	if err != nil {
		return 0, err
	}
	var made int
	query := "SELECT COUNT(*) FROM sqlite_master WHERE name = 'goose_db_version'"
	if d.Postgres() {
		query = "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'goose_db_version' AND schemaname = current_schema()"
	}
	if err := d.read.NewRaw(query).Scan(ctx, &made); err != nil {
		return 0, wrap(err, "schema")
	}
	if made == 0 {
		return len(p.ListSources()), nil
	}
	done, err := d.newer(ctx, p)
	return len(p.ListSources()) - done, err
}

// Writable reports whether the database takes changes: one that is a read-only
// copy of another, or on a full disk, answers and keeps nothing. The change is
// undone.
func (d *DB) Writable(ctx context.Context) error {
	undo := errors.New("undo")
	err := d.Atomically(ctx, func(ctx context.Context) error {
		if _, err := d.Writer(ctx).ExecContext(ctx, "CREATE TABLE lenlop_writable (one INTEGER)"); err != nil {
			return err
		}
		return undo
	})
	if errors.Is(err, undo) {
		return nil
	}
	return err
}
