package sqldb

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"lenlop/services/viewership"
)

// Served keeps how much media went out: a viewership.ServedStore.
type Served struct{ db *DB }

// Served is the store of media that went out.
func (d *DB) Served() *Served { return &Served{d} }

var _ viewership.ServedStore = (*Served)(nil)

type servedRow struct {
	bun.BaseModel `bun:"table:view_served,alias:t"`

	LessonID string `bun:",pk"`
	Day      string `bun:",pk"`
	Source   string `bun:",pk"`
	MediaMs  int64
	Bytes    int64
}

// AddServed adds to what is there.
func (s *Served) AddServed(ctx context.Context, list []viewership.Served) error {
	type key struct{ lesson, day, source string }
	sums := map[key]*servedRow{} // one statement may not touch a row twice
	for _, x := range list {
		k := key{x.LessonID, x.Day, x.Source}
		if sums[k] == nil {
			sums[k] = &servedRow{LessonID: x.LessonID, Day: x.Day, Source: x.Source}
		}
		sums[k].MediaMs += x.Seconds
		sums[k].Bytes += x.Bytes
	}
	rows := make([]servedRow, 0, len(sums))
	for _, r := range sums {
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, func(a, b servedRow) int {
		return cmp.Or(cmp.Compare(a.LessonID, b.LessonID), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Source, b.Source))
	})
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		for part := range slices.Chunk(rows, 500) {
			_, err := s.db.Writer(ctx).NewInsert().Model(&part).On("CONFLICT (lesson_id, day, source) DO UPDATE").
				Set("media_ms = t.media_ms + EXCLUDED.media_ms").Set("bytes = t.bytes + EXCLUDED.bytes").Exec(ctx)
			if err != nil {
				return wrap(err, "media served")
			}
		}
		return nil
	})
}

type servedSumRow struct {
	Key     string
	MediaMs int64
	Bytes   int64
}

// ServedBy sums a scope by lesson or day.
func (s *Served) ServedBy(ctx context.Context, by string, scope viewership.Scope) (map[string]viewership.Served, error) {
	key, err := groupOf(by)
	if err != nil {
		return nil, err
	}
	var rows []servedSumRow
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_served AS x").Join("LEFT JOIN lessons AS l ON l.id = x.lesson_id").
		ColumnExpr(key + " AS key").ColumnExpr("CAST(SUM(x.media_ms) AS BIGINT) AS media_ms").ColumnExpr("CAST(SUM(x.bytes) AS BIGINT) AS bytes")
	if err := grouped(within(q, scope), key).Scan(ctx, &rows); err != nil {
		return nil, wrap(err, "media served")
	}
	m := make(map[string]viewership.Served, len(rows))
	for _, r := range rows {
		m[r.Key] = viewership.Served{Seconds: r.MediaMs, Bytes: r.Bytes}
	}
	return m, nil
}
