package fts

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// Put adds entries or replaces those of the same lessons.
func (x *Index) Put(ctx context.Context, es ...catalog.Entry) error {
	if len(es) == 0 {
		return nil
	}
	return unavailable(x.write(ctx, func(ctx context.Context, tx bun.IDB) error {
		for _, e := range es {
			if err := put(ctx, tx, e); err != nil {
				return fmt.Errorf("index lesson %s: %w", e.LessonID, err)
			}
		}
		return changed(ctx, tx)
	}))
}

// Delete takes lessons out; those not indexed are left as they are.
func (x *Index) Delete(ctx context.Context, lessonIDs ...string) error {
	if len(lessonIDs) == 0 {
		return nil
	}
	return unavailable(x.write(ctx, func(ctx context.Context, tx bun.IDB) error {
		for _, id := range lessonIDs {
			if _, err := remove(ctx, tx, id); err != nil {
				return fmt.Errorf("index lesson %s: %w", id, err)
			}
		}
		return changed(ctx, tx)
	}))
}

func put(ctx context.Context, tx bun.IDB, e catalog.Entry) error {
	key, err := remove(ctx, tx, e.LessonID)
	if err != nil {
		return err
	}
	if key == 0 {
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(key), 0) + 1 FROM catalog_entry`).Scan(&key); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_entry (key, `+columns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		key, e.LessonID, e.PackageID, e.Title, e.Description, e.Subject, e.SubjectName, e.Grade, e.Week, e.Language,
		e.TeacherID, e.Teacher, e.SchoolID, e.School, e.Duration, e.Bytes, e.PublishedAt.UnixMilli())
	if err != nil {
		return err
	}
	d := e.Document()
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_fts (rowid, title, tags, subject, teacher, school, description) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		key, d.Title, d.Tags, d.Subject, d.Teacher, d.School, d.Description)
	if err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, `INSERT INTO catalog_tones (rowid, words) VALUES (?, ?)`, key, d.Tones); err != nil {
		return err
	}
	if err := putPassages(ctx, tx, key, e); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_word (word, entries) SELECT value, 1 FROM json_each(?) WHERE true
		ON CONFLICT (word) DO UPDATE SET entries = entries + 1`, jsonList(e.AllWords()))
	return err
}

// remove takes a lesson out with all its words, and gives the key it had, or 0.
func remove(ctx context.Context, tx bun.IDB, lessonID string) (int64, error) {
	var key int64
	rows, err := tx.QueryContext(ctx, `SELECT key, `+columns+` FROM catalog_entry WHERE lesson_id = ?`, lessonID)
	if err != nil {
		return 0, err
	}
	es, keys, err := scan(rows)
	if err != nil || len(es) == 0 {
		return 0, err
	}
	key = keys[0]
	if err := removePassages(ctx, tx, key, &es[0]); err != nil {
		return 0, err
	}
	for _, t := range []string{"catalog_entry WHERE key", "catalog_fts WHERE rowid", "catalog_tones WHERE rowid"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+t+` = ?`, key); err != nil {
			return 0, err
		}
	}
	words := jsonList(es[0].AllWords())
	if _, err := tx.ExecContext(ctx, `UPDATE catalog_word SET entries = entries - 1 WHERE word IN (SELECT value FROM json_each(?))`, words); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM catalog_word WHERE entries <= 0 AND word IN (SELECT value FROM json_each(?))`, words)
	return key, err
}

// IDs lists the lessons indexed.
func (x *Index) IDs(ctx context.Context) ([]string, error) {
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT lesson_id FROM catalog_entry ORDER BY lesson_id`)
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
		WHERE lesson_id IN (SELECT value FROM json_each(?))`, jsonList(lessonIDs))
	if err != nil {
		return nil, unavailable(err)
	}
	es, keys, err := scan(rows)
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
