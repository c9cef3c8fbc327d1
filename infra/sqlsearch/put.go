package sqlsearch

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

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
			if err := x.put(ctx, tx, e); err != nil {
				return fmt.Errorf("index lesson %s: %w", e.LessonID, err)
			}
		}
		return nil
	})
}

// Delete removes lessons; those not indexed are skipped.
func (x *Index) Delete(ctx context.Context, lessonIDs ...string) error {
	if len(lessonIDs) == 0 {
		return nil
	}
	return x.change(ctx, func(ctx context.Context, tx bun.IDB) error {
		for _, id := range lessonIDs {
			if _, err := x.remove(ctx, tx, id); err != nil {
				return fmt.Errorf("index lesson %s: %w", id, err)
			}
		}
		return nil
	})
}

func (x *Index) put(ctx context.Context, tx bun.IDB, e catalog.Entry) error {
	was, err := x.remove(ctx, tx, e.LessonID)
	if err != nil {
		return err
	}
	key, err := x.sql.insertEntry(ctx, tx, was, e)
	if err != nil {
		return err
	}
	if err := x.sql.insertPassages(ctx, tx, key, e); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_fingerprint (lesson_id, fingerprint) VALUES (?, ?)`,
		e.LessonID, e.Fingerprint())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO catalog_word (word, entries)
		SELECT value, 1 FROM `+x.sql.layout().list+` WHERE true
		ON CONFLICT (word) DO UPDATE SET entries = catalog_word.entries + 1`, jsonList(e.AllWords()))
	return err
}

// remove deletes a lesson with all its words and returns the key it had, or 0.
func (x *Index) remove(ctx context.Context, tx bun.IDB, lessonID string) (int64, error) {
	found, err := query(ctx, tx, scanKeyed, `SELECT key, `+columns+` FROM catalog_entry WHERE lesson_id = ?`, lessonID)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	e, key := found[0].Entry, found[0].key
	if e.Spoken, err = x.passages(ctx, tx, key); err != nil {
		return 0, err
	}
	if err := x.sql.deleteEntry(ctx, tx, key); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM catalog_fingerprint WHERE lesson_id = ?`, lessonID); err != nil {
		return 0, err
	}
	words, among := jsonList(e.AllWords()), `word IN (SELECT value FROM `+x.sql.layout().list+`)`
	if _, err := tx.ExecContext(ctx, `UPDATE catalog_word SET entries = entries - 1 WHERE `+among, words); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM catalog_word WHERE entries <= 0 AND `+among, words)
	return key, err
}

// IDs lists the indexed lessons.
func (x *Index) IDs(ctx context.Context) ([]string, error) {
	ids, err := query(ctx, x.db.Reader(ctx), scanValue[string], `SELECT lesson_id FROM catalog_entry`)
	slices.Sort(ids)
	return ids, unavailable(err)
}

// Fingerprints returns those of all indexed lessons.
func (x *Index) Fingerprints(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	_, err := query(ctx, x.db.Reader(ctx), func(rows *sql.Rows) (id string, err error) {
		var fingerprint string
		err = rows.Scan(&id, &fingerprint)
		out[id] = fingerprint
		return id, err
	}, `SELECT e.lesson_id, COALESCE(f.fingerprint, '') FROM catalog_entry AS e
		LEFT JOIN catalog_fingerprint AS f ON f.lesson_id = e.lesson_id`)
	return out, unavailable(err)
}

// Entries returns the entries of the lessons; those not indexed are left out.
func (x *Index) Entries(ctx context.Context, lessonIDs ...string) ([]catalog.Entry, error) {
	found, err := query(ctx, x.db.Reader(ctx), scanKeyed, `SELECT key, `+columns+` FROM catalog_entry
		WHERE lesson_id IN (SELECT value FROM `+x.sql.layout().list+`)`, jsonList(lessonIDs))
	return entries(found), unavailable(err)
}
