package pgsearch

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// putPassages keeps what is said in a lesson, and the words to find it by.
func putPassages(ctx context.Context, tx bun.IDB, key int64, e catalog.Entry) error {
	var said, vectors []string
	for i, words := range e.PassageWords() {
		for j, w := range words {
			words[j] = lexeme(w)
		}
		said, vectors = append(said, e.Spoken[i].Write()), append(vectors, strings.Join(words, " "))
	}
	if len(said) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO catalog_passage (key, said, words)
		SELECT ?::bigint, s.value, v.value::tsvector
		FROM json_array_elements_text(?::json) WITH ORDINALITY AS s (value, place)
		JOIN json_array_elements_text(?::json) WITH ORDINALITY AS v (value, place) ON v.place = s.place ORDER BY s.place`,
		key, jsonList(said), jsonList(vectors))
	return err
}

// readPassages completes an entry with what is said in it.
func readPassages(ctx context.Context, db bun.IDB, key int64, e *catalog.Entry) error {
	rows, err := db.QueryContext(ctx, `SELECT said FROM catalog_passage WHERE key = ? ORDER BY number`, key)
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

// Spoken matches the words of passages, the newest entries' first.
func (x *Index) Spoken(ctx context.Context, m catalog.Meaning, f catalog.Query, limit int) ([]catalog.Candidate, error) {
	where, args := filters(f)
	args = append([]any{spokenMatch(m), limit}, args...)
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `
		WITH said AS (SELECT key, number FROM catalog_passage WHERE words @@ ?::tsquery ORDER BY number DESC LIMIT ?),
		heard AS (SELECT key, COUNT(*) AS times, MIN(number) AS first FROM said GROUP BY key)
		SELECT e.key, heard.times, e.subject, e.grade, e.week, e.language, e.school_id, e.published, e.lesson_id, heard.first
		FROM heard JOIN catalog_entry AS e ON e.key = heard.key WHERE true`+where+` ORDER BY e.key DESC`, args...)
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

// spokenMatch asks for single words only: a passage's vector knows no places.
func spokenMatch(m catalog.Meaning) string {
	var terms []string
	for _, t := range m.Terms {
		var ways []string
		for _, w := range t.Ways {
			words := make([]string, len(w.Words))
			for i, word := range w.Words {
				words[i] = lexeme(word)
			}
			way := strings.Join(words, " & ")
			if w.Prefix {
				way += ":*"
			}
			ways = append(ways, "("+way+")")
		}
		terms = append(terms, "("+strings.Join(ways, " | ")+")")
	}
	return strings.Join(terms, " & ")
}

// Passages gives passages by number.
func (x *Index) Passages(ctx context.Context, numbers []int64) (map[int64]catalog.Passage, error) {
	list, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT number, said FROM catalog_passage
		WHERE number IN (SELECT value::bigint FROM json_array_elements_text(?::json) AS value)`, string(list))
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
