// Package sqldb keeps every Store in one SQL for SQLite and PostgreSQL.
package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the "sqlite" driver
)

// DB is the database. On SQLite it holds one writing connection and a pool of
// readers; on PostgreSQL both are the same pool.
type DB struct {
	write, read *bun.DB
	now         func() time.Time
}

// txKey is where Atomically keeps its transaction in a context.
type txKey struct{}

// Open opens dsn: "postgres://..." or the path of a SQLite file. It does not
// migrate; call Migrate.
func Open(ctx context.Context, dsn string, now func() time.Time) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		sdb, err := sql.Open("pgx", dsn)
		if err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		sdb.SetMaxOpenConns(20)
		sdb.SetMaxIdleConns(5)
		b := bun.NewDB(sdb, pgdialect.New())
		return &DB{write: b, read: b, now: now}, pingOrClose(ctx, sdb)
	}
	// synchronous=FULL: NORMAL lost every acknowledged commit in a power cut.
	const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=cache_size(-16000)&_pragma=temp_store(MEMORY)"
	w, err := sql.Open("sqlite", "file:"+dsn+pragmas+"&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", dsn, err)
	}
	w.SetMaxOpenConns(1)
	if err := pingOrClose(ctx, w); err != nil {
		return nil, fmt.Errorf("database %s: %w", dsn, err)
	}
	r, err := sql.Open("sqlite", "file:"+dsn+pragmas+"&_pragma=query_only(ON)")
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("database %s: %w", dsn, err)
	}
	r.SetMaxOpenConns(8)
	r.SetMaxIdleConns(8)
	return &DB{write: bun.NewDB(w, sqlitedialect.New()), read: bun.NewDB(r, sqlitedialect.New()), now: now}, nil
}

func pingOrClose(ctx context.Context, db *sql.DB) error {
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

// Close closes both pools.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.read != d.write {
		if e := d.read.Close(); err == nil {
			err = e
		}
	}
	return err
}

// Postgres reports whether the engine is PostgreSQL.
func (d *DB) Postgres() bool { return d.write.Dialect().Name() == dialect.PG }

// Atomically runs fn in one transaction; nested calls join the outer one.
func (d *DB) Atomically(ctx context.Context, fn func(ctx context.Context) error) error {
	if _, ok := ctx.Value(txKey{}).(bun.Tx); ok {
		return fn(ctx)
	}
	return d.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return fn(context.WithValue(ctx, txKey{}, tx))
	})
}

// Reader is the transaction in ctx, or the reading pool.
func (d *DB) Reader(ctx context.Context) bun.IDB {
	if tx, ok := ctx.Value(txKey{}).(bun.Tx); ok {
		return tx
	}
	return d.read
}

// Writer is the transaction in ctx, or the writing pool.
func (d *DB) Writer(ctx context.Context) bun.IDB {
	if tx, ok := ctx.Value(txKey{}).(bun.Tx); ok {
		return tx
	}
	return d.write
}
