// Package fts is the catalogue's index on FTS5 in the same SQLite file, so that
// index and data change in one transaction. It holds SQL; what words mean and
// in which order hits come is said by services/catalog.
package fts

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

// DB is the SQLite database: its reading and its writing side, or the
// transaction in ctx for both.
type DB interface {
	Reader(ctx context.Context) bun.IDB
	// Snapshot runs fn on one moment of the database: a search asks several
	// times, and a lesson that changes between must not count twice.
	Snapshot(ctx context.Context, fn func(ctx context.Context) error) error
	Writer(ctx context.Context) bun.IDB
}

// Index is a catalog.Index on FTS5.
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
//
// catalog_fts holds folded words, catalog_tones all words with their tones
// (only which entries hold which word), catalog_spoken folded words of what is
// said, passage by passage. None keeps a text of its own.
var schema = []string{
	`CREATE TABLE catalog_entry (
		key INTEGER PRIMARY KEY, lesson_id TEXT NOT NULL UNIQUE, package_id TEXT NOT NULL,
		title TEXT NOT NULL, description TEXT NOT NULL, subject TEXT NOT NULL, subject_name TEXT NOT NULL,
		grade INTEGER NOT NULL, week INTEGER NOT NULL, language TEXT NOT NULL,
		teacher_id TEXT NOT NULL, teacher TEXT NOT NULL, school_id TEXT NOT NULL, school TEXT NOT NULL,
		duration REAL NOT NULL, bytes INTEGER NOT NULL, published INTEGER NOT NULL)`,
	`CREATE INDEX catalog_entry_shelf ON catalog_entry (grade, subject, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_subject ON catalog_entry (subject, grade, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_week ON catalog_entry (week, grade, subject, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_language ON catalog_entry (language, grade, subject, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_school ON catalog_entry (school_id, grade, subject, week, published DESC, key DESC, language)`,
	`CREATE TABLE catalog_word (word TEXT PRIMARY KEY, entries INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE VIRTUAL TABLE catalog_fts USING fts5 (title, tags, subject, teacher, school, description,
		content='', contentless_delete=1, prefix='1 2 3', tokenize='unicode61 remove_diacritics 0')`,
	`CREATE VIRTUAL TABLE catalog_tones USING fts5 (words,
		content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 0')`,
	// The number of a passage is its entry's key and its place among that entry's.
	`CREATE TABLE catalog_passage (number INTEGER PRIMARY KEY, said TEXT NOT NULL)`,
	`CREATE VIRTUAL TABLE catalog_spoken USING fts5 (words,
		content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 0')`,
}

var tables = []string{"catalog_entry", "catalog_word", "catalog_fts", "catalog_tones", "catalog_passage", "catalog_spoken"}

const schemaVersion = "fts/3 " + catalog.RulesVersion

// Open makes the index's tables where they are missing or of another version;
// then the index is empty, and catalog.Service.Rebuild fills it.
func Open(ctx context.Context, db DB) (*Index, error) {
	x := &Index{db: db}
	err := x.write(ctx, func(ctx context.Context, tx bun.IDB) error {
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
		return nil, fmt.Errorf("index fts: %w", err)
	}
	return x, nil
}

func create(ctx context.Context, tx bun.IDB) error {
	for _, t := range tables {
		if _, err := tx.ExecContext(ctx, `DROP TABLE IF EXISTS `+t); err != nil {
			return fmt.Errorf("drop %s: %w", t, err)
		}
	}
	for _, q := range schema {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("create: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO catalog_meta (name, value) VALUES ('version', ?), ('state', ?)`, schemaVersion, rand.Text())
	return err
}

// write runs fn in the transaction of ctx, or in one of its own.
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

// changed gives the index a new state. A random name and not a counter: what
// was read in a transaction that was rolled back is never mistaken for a later
// state with the same number.
func changed(ctx context.Context, tx bun.IDB) error {
	_, err := tx.ExecContext(ctx, `UPDATE catalog_meta SET value = ? WHERE name = 'state'`, rand.Text())
	return err
}

func (x *Index) state(ctx context.Context) (string, error) {
	var s string
	err := x.db.Reader(ctx).QueryRowContext(ctx, `SELECT value FROM catalog_meta WHERE name = 'state'`).Scan(&s)
	return s, err
}
