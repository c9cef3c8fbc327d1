package sqlsearch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// fts5 is the dialect of SQLite. catalog_fts holds folded words, catalog_tones
// all words with their tones (only which entries hold which word),
// catalog_spoken the folded words of what is said, passage by passage. None of
// them stores a text of its own.
type fts5 struct{}

func (fts5) layout() layout {
	const plain = `content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 0'`
	return layout{
		name:    "fts",
		version: "fts/3",
		tables: []string{
			"catalog_entry", "catalog_word", "catalog_fts", "catalog_tones", "catalog_passage", "catalog_spoken",
		},
		create: slices.Concat([]string{`CREATE TABLE catalog_entry (
			key INTEGER PRIMARY KEY, lesson_id TEXT NOT NULL UNIQUE, package_id TEXT NOT NULL,
			title TEXT NOT NULL, description TEXT NOT NULL, subject TEXT NOT NULL, subject_name TEXT NOT NULL,
			grade INTEGER NOT NULL, week INTEGER NOT NULL, language TEXT NOT NULL,
			teacher_id TEXT NOT NULL, teacher TEXT NOT NULL, school_id TEXT NOT NULL, school TEXT NOT NULL,
			duration REAL NOT NULL, bytes INTEGER NOT NULL, published INTEGER NOT NULL)`,
		}, entryIndexes, []string{
			`CREATE TABLE catalog_word (word TEXT PRIMARY KEY, entries INTEGER NOT NULL) WITHOUT ROWID`,
			`CREATE VIRTUAL TABLE catalog_fts USING fts5 (title, tags, subject, teacher, school, description,
				content='', contentless_delete=1, prefix='1 2 3', tokenize='unicode61 remove_diacritics 0')`,
			`CREATE VIRTUAL TABLE catalog_tones USING fts5 (words, ` + plain + `)`,
			`CREATE TABLE catalog_passage (number INTEGER PRIMARY KEY, said TEXT NOT NULL)`,
			`CREATE VIRTUAL TABLE catalog_spoken USING fts5 (words, ` + plain + `)`,
		}),
		list:       "json_each(?)",
		passagesOf: "number >= ?0 << 12 AND number < (?0 + 1) << 12",
		snapshot:   true,
	}
}

// placeBits: a passage's number is its entry's key followed by its place among
// the entry's passages, in 12 bits.
const placeBits = 12

func (fts5) syntax() syntax {
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	return syntax{
		and: " AND ", or: " OR ", prefix: " *", quote: quote,
		phrase: func(words []string) string { return quote(strings.Join(words, " ")) },
	}
}

func (fts5) insertEntry(ctx context.Context, tx bun.IDB, was int64, e catalog.Entry) (int64, error) {
	key := was // a lesson keeps its place among the newest
	if key == 0 {
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(key), 0) + 1 FROM catalog_entry`).Scan(&key)
		if err != nil {
			return 0, err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO catalog_entry (key, `+columns+`) VALUES (?, ?)`, key, values(e))
	if err != nil {
		return 0, err
	}
	d := e.Document()
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_fts (rowid, title, tags, subject, teacher, school, description)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, key, d.Title, d.Tags, d.Subject, d.Teacher, d.School, d.Description)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_tones (rowid, words) VALUES (?, ?)`, key, d.Tones)
	return key, err
}

func (fts5) insertPassages(ctx context.Context, tx bun.IDB, key int64, e catalog.Entry) error {
	for i, words := range e.PassageWords() {
		number := key<<placeBits + int64(i)
		_, err := tx.ExecContext(ctx, `INSERT INTO catalog_passage (number, said) VALUES (?, ?)`,
			number, e.Spoken[i].Encode())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO catalog_spoken (rowid, words) VALUES (?, ?)`,
			number, strings.Join(words, " "))
		if err != nil {
			return err
		}
	}
	return nil
}

func (fts5) deleteEntry(ctx context.Context, tx bun.IDB, key int64) error {
	for _, t := range []string{"catalog_entry WHERE key", "catalog_fts WHERE rowid", "catalog_tones WHERE rowid"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+t+` = ?`, key); err != nil {
			return err
		}
	}
	for _, t := range []string{"catalog_spoken WHERE rowid", "catalog_passage WHERE number"} {
		_, err := tx.ExecContext(ctx, `DELETE FROM `+t+` BETWEEN ? AND ?`, key<<placeBits, (key+1)<<placeBits-1)
		if err != nil {
			return err
		}
	}
	return nil
}

func (fts5) candidates(match, where string, args []any, limit int) (string, []any) {
	query := fmt.Sprintf(`SELECT e.key, -bm25(catalog_fts, %d, %d, %d, %d, %d, %d), `+facts+`
		FROM catalog_fts JOIN catalog_entry AS e ON e.key = catalog_fts.rowid
		WHERE catalog_fts MATCH ?%s ORDER BY catalog_fts.rowid DESC LIMIT ?`,
		catalog.WeightTitle, catalog.WeightTags, catalog.WeightSubject, catalog.WeightTeacher, catalog.WeightSchool,
		catalog.WeightDescription, where)
	return query, slices.Concat([]any{match}, args, []any{limit})
}

func (fts5) exact(match, where string, args []any, limit int) (string, []any) {
	query := `SELECT catalog_tones.rowid FROM catalog_tones`
	if where != "" {
		query += ` JOIN catalog_entry AS e ON e.key = catalog_tones.rowid`
	}
	query += ` WHERE catalog_tones MATCH ?` + where + ` ORDER BY catalog_tones.rowid DESC LIMIT ?`
	return query, slices.Concat([]any{match}, args, []any{limit})
}

func (fts5) spoken(match, where string, args []any, limit int) (string, []any) {
	query := `WITH passages AS (
			SELECT rowid AS number FROM catalog_spoken WHERE catalog_spoken MATCH ? ORDER BY rowid DESC LIMIT ?)
		SELECT e.key, COUNT(*), ` + facts + `, e.lesson_id, MIN(passages.number)
		FROM passages JOIN catalog_entry AS e ON e.key = passages.number >> 12
		WHERE true` + where + ` GROUP BY e.key ORDER BY e.key DESC`
	return query, slices.Concat([]any{match, limit}, args)
}
