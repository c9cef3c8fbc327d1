// Package sqlsearch is the catalogue's index inside the database itself, so
// that index and data change in one transaction: on FTS5 in SQLite, on text
// search vectors in PostgreSQL. It holds SQL only; what a query means and how
// hits are ordered is decided by services/catalog.
package sqlsearch

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
	bundialect "github.com/uptrace/bun/dialect"

	"lenlop/services/catalog"
	"lenlop/services/fault"
)

// DB is the database: its reading and its writing pool, or for both the
// transaction in ctx.
type DB interface {
	Reader(ctx context.Context) bun.IDB
	Writer(ctx context.Context) bun.IDB
	// Snapshot runs fn such that all its reads see one state of the database.
	Snapshot(ctx context.Context, fn func(ctx context.Context) error) error
}

// Index is a catalog.Index in SQLite or PostgreSQL.
type Index struct {
	db    DB
	sql   dialect
	cache catalog.StateCache
}

var (
	_ catalog.Index  = (*Index)(nil)
	_ catalog.Engine = (*Index)(nil)
)

// Open creates the index's tables where they are missing or were made by
// another version; the index is then empty, and catalog.Service.Rebuild fills
// it. The tables belong to this package and not to the shared migrations: they
// are derived from other tables, and dropped whenever their layout or the text
// rules of services/catalog change.
func Open(ctx context.Context, db DB) (*Index, error) {
	x := &Index{db: db, sql: fts5{}}
	if db.Writer(ctx).Dialect().Name() == bundialect.PG {
		x.sql = postgres{}
	}
	err := x.write(ctx, x.createTables)
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", x.sql.layout().name, err)
	}
	return x, nil
}

func (x *Index) createTables(ctx context.Context, tx bun.IDB) error {
	l := x.sql.layout()
	if l.lock != "" {
		if _, err := tx.ExecContext(ctx, l.lock); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
	}
	// Fingerprints are no part of the versioned layout: an index that was filled
	// before there were any is kept.
	for _, table := range []string{
		`catalog_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)`,
		`catalog_fingerprint (lesson_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL)`,
	} {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+table); err != nil {
			return fmt.Errorf("create %s: %w", table, err)
		}
	}
	return x.recreate(ctx, tx, l)
}

// recreate drops and creates the tables unless they are of the wanted version.
func (x *Index) recreate(ctx context.Context, tx bun.IDB, l layout) error {
	wanted := l.version + " " + catalog.RulesVersion
	var version string
	err := tx.QueryRowContext(ctx, `SELECT value FROM catalog_meta WHERE name = 'version'`).Scan(&version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read version: %w", err)
	}
	if version == wanted {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM catalog_fingerprint`); err != nil {
		return fmt.Errorf("delete fingerprints: %w", err)
	}
	for _, t := range l.tables {
		if _, err := tx.ExecContext(ctx, `DROP TABLE IF EXISTS `+t); err != nil {
			return fmt.Errorf("drop %s: %w", t, err)
		}
	}
	for _, q := range l.create {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("create: %w", err)
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_meta (name, value) VALUES ('version', ?), ('state', ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, wanted, rand.Text())
	if err != nil {
		return fmt.Errorf("write version: %w", err)
	}
	return nil
}

// change runs fn in a transaction that first gives the index a new state. On
// PostgreSQL concurrent writers wait for one another at that row, so that they
// never deadlock over the rows of the words they share. A state is a random
// name and not a counter: what was cached inside a transaction that rolled back
// must not be mistaken for a later state of the same number.
func (x *Index) change(ctx context.Context, fn func(ctx context.Context, tx bun.IDB) error) error {
	return unavailable(x.write(ctx, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.ExecContext(ctx, `UPDATE catalog_meta SET value = ? WHERE name = 'state'`, rand.Text())
		if err != nil {
			return fmt.Errorf("index state: %w", err)
		}
		return fn(ctx, tx)
	}))
}

// write runs fn in the transaction of ctx, or in one of its own.
func (x *Index) write(ctx context.Context, fn func(ctx context.Context, tx bun.IDB) error) error {
	w := x.db.Writer(ctx)
	if tx, ok := w.(bun.Tx); ok {
		return fn(ctx, tx)
	}
	return w.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return fn(ctx, tx) })
}

// stateKey is where a search keeps the state that it began with.
type stateKey struct{}

// state names the index's state: that of the search in ctx, which reads it once,
// or the newest.
func (x *Index) state(ctx context.Context) (string, error) {
	s, ok := ctx.Value(stateKey{}).(*string)
	if !ok {
		s = new(string)
	}
	if *s != "" {
		return *s, nil
	}
	err := x.db.Reader(ctx).QueryRowContext(ctx, `SELECT value FROM catalog_meta WHERE name = 'state'`).Scan(s)
	return *s, err
}

// unavailable classifies a database error as an unavailable index.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Unavailable, "catalog.unavailable")
}
