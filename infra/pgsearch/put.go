package pgsearch

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// Put adds entries or replaces those of the same lessons.
func (x *Index) Put(ctx context.Context, es ...catalog.Entry) error {
	if len(es) == 0 {
		return nil
	}
	return x.change(ctx, func(ctx context.Context, tx bun.IDB) error {
		for _, e := range es {
			if err := put(ctx, tx, e); err != nil {
				return fmt.Errorf("index lesson %s: %w", e.LessonID, err)
			}
		}
		return nil
	})
}

// Delete takes lessons out; those not indexed are left as they are.
func (x *Index) Delete(ctx context.Context, lessonIDs ...string) error {
	if len(lessonIDs) == 0 {
		return nil
	}
	return x.change(ctx, func(ctx context.Context, tx bun.IDB) error {
		for _, id := range lessonIDs {
			if err := remove(ctx, tx, id); err != nil {
				return fmt.Errorf("index lesson %s: %w", id, err)
			}
		}
		return nil
	})
}

func put(ctx context.Context, tx bun.IDB, e catalog.Entry) error {
	if err := remove(ctx, tx, e.LessonID); err != nil {
		return err
	}
	d := e.Document()
	var key int64
	err := tx.QueryRowContext(ctx, `INSERT INTO catalog_entry (`+columns+`, words, tones)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::tsvector, ?::tsvector) RETURNING key`,
		e.LessonID, e.PackageID, e.Title, e.Description, e.Subject, e.SubjectName, e.Grade, e.Week, e.Language,
		e.TeacherID, e.Teacher, e.SchoolID, e.School, e.Duration, e.Bytes, e.PublishedAt.UnixMilli(), wordsVector(d), tonesVector(d)).Scan(&key)
	if err != nil {
		return err
	}
	if err := putPassages(ctx, tx, key, e); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_word (word, entries) SELECT value, 1 FROM json_array_elements_text(?::json) AS value
		ON CONFLICT (word) DO UPDATE SET entries = catalog_word.entries + 1`, jsonList(e.AllWords()))
	return err
}

// remove takes a lesson out with all its words.
func remove(ctx context.Context, tx bun.IDB, lessonID string) error {
	rows, err := tx.QueryContext(ctx, `DELETE FROM catalog_entry WHERE lesson_id = ? RETURNING key, `+columns, lessonID)
	if err != nil {
		return err
	}
	es, keys, err := scanKeyed(rows)
	if err != nil || len(es) == 0 {
		return err
	}
	if err := readPassages(ctx, tx, keys[0], &es[0]); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM catalog_passage WHERE key = ?`, keys[0]); err != nil {
		return err
	}
	words := jsonList(es[0].AllWords())
	if _, err := tx.ExecContext(ctx, `UPDATE catalog_word SET entries = entries - 1
		WHERE word IN (SELECT json_array_elements_text(?::json))`, words); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM catalog_word WHERE entries <= 0 AND word IN (SELECT json_array_elements_text(?::json))`, words)
	return err
}

// Longest position that a tsvector holds.
const maxPosition = 16383

// wordsVector writes a document as PostgreSQL writes a tsvector: each word with
// its places and their weight (A title, B grade and subject, C teacher, D the
// rest). It needs no parser of PostgreSQL's, which would cut words its own way.
func wordsVector(d catalog.Document) string {
	places := map[string][]string{}
	var order []string
	at := 0
	for _, part := range []struct{ text, weight string }{
		{d.Title, "A"}, {d.Tags, "B"}, {d.Subject, "B"}, {d.Teacher, "C"}, {d.School, "D"}, {d.Description, "D"},
	} {
		at++ // a gap, so that no two parts' words stand next to each other
		for w := range strings.FieldsSeq(part.text) {
			at = min(at+1, maxPosition)
			if places[w] == nil {
				order = append(order, w)
			}
			places[w] = append(places[w], strconv.Itoa(at)+part.weight)
		}
	}
	var b strings.Builder
	for _, w := range order {
		b.WriteString(lexeme(w) + ":" + strings.Join(places[w], ",") + " ")
	}
	return b.String()
}

func tonesVector(d catalog.Document) string {
	var b strings.Builder
	for w := range strings.FieldsSeq(d.Tones) {
		b.WriteString(lexeme(w) + " ")
	}
	return b.String()
}

// lexeme quotes a word for a tsvector or tsquery.
func lexeme(w string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(w) + "'"
}

// IDs lists the lessons indexed.
func (x *Index) IDs(ctx context.Context) ([]string, error) {
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT lesson_id FROM catalog_entry ORDER BY lesson_id COLLATE "C"`)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, unavailable(err)
		}
		ids = append(ids, id)
	}
	return ids, unavailable(rows.Err())
}

// Entries gives what is kept of the lessons.
func (x *Index) Entries(ctx context.Context, lessonIDs ...string) ([]catalog.Entry, error) {
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT key, `+columns+` FROM catalog_entry
		WHERE lesson_id IN (SELECT json_array_elements_text(?::json))`, jsonList(lessonIDs))
	if err != nil {
		return nil, unavailable(err)
	}
	es, keys, err := scanKeyed(rows)
	if err != nil {
		return nil, unavailable(err)
	}
	for i := range es {
		if err := readPassages(ctx, x.db.Reader(ctx), keys[i], &es[i]); err != nil {
			return nil, unavailable(err)
		}
	}
	return es, nil
}
