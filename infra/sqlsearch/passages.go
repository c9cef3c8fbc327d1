package sqlsearch

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// passages of the entry with the key, in order.
func (x *Index) passages(ctx context.Context, db bun.IDB, key int64) ([]catalog.Passage, error) {
	return query(ctx, db, func(rows *sql.Rows) (catalog.Passage, error) {
		text, err := scanValue[string](rows)
		return catalog.DecodePassage(text), err
	}, `SELECT said FROM catalog_passage WHERE `+x.sql.layout().passagesOf+` ORDER BY number`, key)
}

// Spoken matches the words of passages, those of the newest entries first.
func (x *Index) Spoken(
	ctx context.Context, m catalog.ParsedQuery, f catalog.Query, limit int,
) ([]catalog.Candidate, error) {
	where, args := filters(f)
	q, args := x.sql.spoken(x.sql.syntax().matchSpoken(m), where, args, limit)
	return query(ctx, x.db.Reader(ctx), func(rows *sql.Rows) (c catalog.Candidate, err error) {
		err = scanCandidate(rows, &c, &c.LessonID, &c.Passage)
		return c, err
	}, q, args...)
}

// Passages returns passages by their numbers; missing ones are left out.
func (x *Index) Passages(ctx context.Context, numbers []int64) (map[int64]catalog.Passage, error) {
	out := map[int64]catalog.Passage{}
	_, err := query(ctx, x.db.Reader(ctx), func(rows *sql.Rows) (n int64, err error) {
		var text string
		err = rows.Scan(&n, &text)
		out[n] = catalog.DecodePassage(text)
		return n, err
	}, `SELECT number, said FROM catalog_passage
		WHERE number IN (SELECT CAST(value AS BIGINT) FROM `+x.sql.layout().list+`)`, jsonList(numbers))
	return out, err
}
