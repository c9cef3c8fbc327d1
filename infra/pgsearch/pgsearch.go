// Package pgsearch is the catalogue's index in PostgreSQL, for those who run no
// Meilisearch and while it is away: index and data change in one transaction.
// It holds SQL; what words mean and in which order hits come is said by
// services/catalog. No extension is needed: mistyped words are mended from the
// vocabulary. pg_trgm at its usual threshold held the right word for 51 % of
// single slips in words of four to seven letters; one edit away in the
// vocabulary it was among the six nearest for 99.5 %.
package pgsearch

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
	"lenlop/services/fault"
)

// DB is the PostgreSQL database: its reading and its writing side, or the
// transaction in ctx for both.
type DB interface {
	Reader(ctx context.Context) bun.IDB
	Writer(ctx context.Context) bun.IDB
}

// Index is a catalog.Index in PostgreSQL.
type Index struct {
	db     DB
	memory catalog.Memory
}

var (
	_ catalog.Index  = (*Index)(nil)
	_ catalog.Engine = (*Index)(nil)
)

// schema is the adapter's own and not a shared migration: the tables are
// derived, and thrown away whenever schemaVersion or the text rules change.
// The texts' order is that of bytes (COLLATE "C"), as on SQLite. The word
// indexes are written at once (fastupdate off): searches are many and changes
// few, and a list of pending changes is read through by every search.
var schema = []string{
	`CREATE TABLE catalog_entry (
		key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lesson_id TEXT NOT NULL UNIQUE, package_id TEXT NOT NULL,
		title TEXT NOT NULL, description TEXT NOT NULL, subject TEXT COLLATE "C" NOT NULL, subject_name TEXT NOT NULL,
		grade INTEGER NOT NULL, week INTEGER NOT NULL, language TEXT NOT NULL,
		teacher_id TEXT NOT NULL, teacher TEXT NOT NULL, school_id TEXT NOT NULL, school TEXT NOT NULL,
		duration DOUBLE PRECISION NOT NULL, bytes BIGINT NOT NULL, published BIGINT NOT NULL,
		words TSVECTOR NOT NULL, tones TSVECTOR NOT NULL)`,
	`CREATE INDEX catalog_entry_shelf ON catalog_entry (grade, subject, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_subject ON catalog_entry (subject, grade, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_week ON catalog_entry (week, grade, subject, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_language ON catalog_entry (language, grade, subject, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_school ON catalog_entry (school_id, grade, subject, week, published DESC, key DESC, language)`,
	`CREATE INDEX catalog_entry_words ON catalog_entry USING gin (words) WITH (fastupdate = off)`,
	`CREATE INDEX catalog_entry_tones ON catalog_entry USING gin (tones) WITH (fastupdate = off)`,
	`CREATE TABLE catalog_word (word TEXT PRIMARY KEY, entries INTEGER NOT NULL)`,
	`CREATE TABLE catalog_passage (
		number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key BIGINT NOT NULL, said TEXT NOT NULL, words TSVECTOR NOT NULL)`,
	`CREATE INDEX catalog_passage_entry ON catalog_passage (key, number)`,
	`CREATE INDEX catalog_passage_words ON catalog_passage USING gin (words) WITH (fastupdate = off)`,
}

const schemaVersion = "pgsearch/3 " + catalog.RulesVersion

// openLock is the advisory lock under which one of several starting processes
// makes the tables; the number is only this index's name.
const openLock = 0x6c6e6c6f70 // "lnlop"

// Open makes the index's tables where they are missing or of another version;
// then the index is empty, and catalog.Service.Rebuild fills it.
func Open(ctx context.Context, db DB) (*Index, error) {
	x := &Index{db: db}
	err := x.write(ctx, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(?)`, openLock); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS catalog_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)`); err != nil {
			return err
		}
		var version string
		err := tx.QueryRowContext(ctx, `SELECT value FROM catalog_meta WHERE name = 'version'`).Scan(&version)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if version == schemaVersion {
			return nil
		}
		return create(ctx, tx)
	})
	if err != nil {
		return nil, fmt.Errorf("index pgsearch: %w", err)
	}
	return x, nil
}

func create(ctx context.Context, tx bun.IDB) error {
	if _, err := tx.ExecContext(ctx, `DROP TABLE IF EXISTS catalog_entry, catalog_word, catalog_passage`); err != nil {
		return fmt.Errorf("drop: %w", err)
	}
	for _, q := range schema {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("create: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO catalog_meta (name, value) VALUES ('version', ?), ('state', ?)
		ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value`, schemaVersion, rand.Text())
	return err
}

// change runs fn in the transaction of ctx, or in one of its own, and gives
// the index a new state first: writers wait here for one another, so that
// their words' rows, taken in any order, never lock crosswise. A state is a
// random name: catalog.Memory says why.
func (x *Index) change(ctx context.Context, fn func(ctx context.Context, tx bun.IDB) error) error {
	return unavailable(x.write(ctx, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.ExecContext(ctx, `UPDATE catalog_meta SET value = ? WHERE name = 'state'`, rand.Text()); err != nil {
			return err
		}
		return fn(ctx, tx)
	}))
}

func (x *Index) write(ctx context.Context, fn func(ctx context.Context, tx bun.IDB) error) error {
	w := x.db.Writer(ctx)
	if tx, ok := w.(bun.Tx); ok {
		return fn(ctx, tx)
	}
	return w.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return fn(ctx, tx) })
}

// unavailable marks an error of the database as the index's.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Unavailable, "catalog.unavailable")
}

func (x *Index) state(ctx context.Context) (string, error) {
	var s string
	err := x.db.Reader(ctx).QueryRowContext(ctx, `SELECT value FROM catalog_meta WHERE name = 'state'`).Scan(&s)
	return s, err
}
