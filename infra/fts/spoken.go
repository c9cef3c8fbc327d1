package fts

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// A passage's number is its entry's key, and its place in the low bits.
const placeBits = 12

// putPassages keeps what is said in a lesson, and the words to find it by.
func putPassages(ctx context.Context, tx bun.IDB, key int64, e catalog.Entry) error {
	for i, words := range e.PassageWords() {
		number := key<<placeBits + int64(i)
		if _, err := tx.ExecContext(ctx, `INSERT INTO catalog_passage (number, said) VALUES (?, ?)`, number, e.Spoken[i].Write()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO catalog_spoken (rowid, words) VALUES (?, ?)`, number, strings.Join(words, " ")); err != nil {
			return err
		}
	}
	return nil
}

// readPassages completes an entry with what is said in it.
func readPassages(ctx context.Context, db bun.IDB, key int64, e *catalog.Entry) error {
	rows, err := db.QueryContext(ctx, `SELECT said FROM catalog_passage WHERE number >= ? AND number < ? ORDER BY number`,
		key<<placeBits, (key+1)<<placeBits)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var said string
		if err := rows.Scan(&said); err != nil {
			return err
		}
		e.Spoken = append(e.Spoken, catalog.ReadPassage(said))
	}
	return rows.Err()
}

// removePassages takes out what is said in a lesson; e tells it afterwards.
func removePassages(ctx context.Context, tx bun.IDB, key int64, e *catalog.Entry) error {
	if err := readPassages(ctx, tx, key, e); err != nil || len(e.Spoken) == 0 {
		return err
	}
	for _, t := range []string{"catalog_spoken WHERE rowid", "catalog_passage WHERE number"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+t+` BETWEEN ? AND ?`, key<<placeBits, (key+1)<<placeBits-1); err != nil {
			return err
		}
	}
	return nil
}

// Spoken matches the words of passages, the newest entries' first.
func (x *Index) Spoken(ctx context.Context, m catalog.Meaning, f catalog.Query, limit int) ([]catalog.Candidate, error) {
	where, args := filters(f)
	args = append([]any{spokenMatch(m), limit}, args...)
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `
		WITH said AS (SELECT rowid AS number FROM catalog_spoken WHERE catalog_spoken MATCH ? ORDER BY rowid DESC LIMIT ?)
		SELECT e.key, COUNT(*), e.subject, e.grade, e.week, e.language, e.school_id, e.published, e.lesson_id, MIN(said.number)
		FROM said JOIN catalog_entry AS e ON e.key = said.number >> 12 WHERE true`+where+` GROUP BY e.key ORDER BY e.key DESC`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []catalog.Candidate
	for rows.Next() {
		var c catalog.Candidate
		if err := rows.Scan(&c.Key, &c.Score, &c.Subject, &c.Grade, &c.Week, &c.Language, &c.School, &c.Newest, &c.LessonID, &c.Passage); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// spokenMatch asks for single words only: catalog_spoken knows which passages
// hold a word, not where.
func spokenMatch(m catalog.Meaning) string {
	var terms []string
	for _, t := range m.Terms {
		var ways []string
		for _, w := range t.Ways {
			words := make([]string, len(w.Words))
			for i, word := range w.Words {
				words[i] = quote(word)
			}
			way := strings.Join(words, " AND ")
			if w.Prefix {
				way += " *"
			}
			ways = append(ways, "("+way+")")
		}
		terms = append(terms, "("+strings.Join(ways, " OR ")+")")
	}
	return strings.Join(terms, " AND ")
}

// Passages gives passages by number.
func (x *Index) Passages(ctx context.Context, numbers []int64) (map[int64]catalog.Passage, error) {
	list, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT number, said FROM catalog_passage WHERE number IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[int64]catalog.Passage{}
	for rows.Next() {
		var n int64
		var said string
		if err := rows.Scan(&n, &said); err != nil {
			return nil, err
		}
		out[n] = catalog.ReadPassage(said)
	}
	return out, rows.Err()
}
