package viewstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/viewership/delivery"
	"lenlop/services/viewership/playback"
)

// Served keeps how much media went out: a delivery.Store.
type Served struct{ db *sqldb.DB }

// NewServed makes the store of media that went out.
func NewServed(db *sqldb.DB) *Served { return &Served{db} }

var _ delivery.Store = (*Served)(nil)

type servedRow struct {
	bun.BaseModel `bun:"table:view_served,alias:t"`

	LessonID string `bun:",pk"`
	Day      string `bun:",pk"`
	Source   string `bun:",pk"`
	MediaMs  int64
	Bytes    int64
}

// AddServed adds to what is there.
func (s *Served) AddServed(ctx context.Context, list []delivery.Served) error {
	type key struct{ lesson, day, source string }
	sums := map[key]*servedRow{} // one statement may not touch a row twice
	for _, x := range list {
		k := key{x.LessonID, x.Day, x.Source}
		if sums[k] == nil {
			sums[k] = &servedRow{LessonID: x.LessonID, Day: x.Day, Source: x.Source}
		}
		sums[k].MediaMs += x.Millis
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
				return sqldb.WrapError(err, "media served")
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
func (s *Served) ServedBy(ctx context.Context, by string, scope playback.Scope) (map[string]delivery.Served, error) {
	key, err := groupOf(by)
	if err != nil {
		return nil, err
	}
	days := s.db.Reader(ctx).NewSelect().TableExpr("view_served AS v").Join(
		"LEFT JOIN served_imports AS i ON i.id = v.source").
		ColumnExpr("v.lesson_id, v.day").
		ColumnExpr("SUM(CASE WHEN v.source = ? THEN v.media_ms ELSE 0 END) AS own_ms", delivery.OwnCounter).
		ColumnExpr("SUM(CASE WHEN v.source = ? THEN 0 ELSE v.media_ms END) AS log_ms", delivery.OwnCounter).
		ColumnExpr("SUM(CASE WHEN v.source = ? THEN v.bytes ELSE 0 END) AS own_bytes", delivery.OwnCounter).
		ColumnExpr("SUM(CASE WHEN v.source = ? THEN 0 ELSE v.bytes END) AS log_bytes", delivery.OwnCounter).
		Where("v.source = ? OR i.committed_at IS NOT NULL", delivery.OwnCounter).GroupExpr("v.lesson_id, v.day")
	if scope.From != "" {
		days = days.Where("v.day >= ?", scope.From)
	}
	if scope.To != "" {
		days = days.Where("v.day < ?", scope.To)
	}
	var rows []servedSumRow
	q := s.db.Reader(ctx).NewSelect().TableExpr("(?) AS x",
		days).Join("LEFT JOIN lessons AS l ON l.id = x.lesson_id").ColumnExpr(key + " AS key").
		ColumnExpr("CAST(SUM(CASE WHEN x.own_ms > x.log_ms THEN x.own_ms ELSE x.log_ms END) AS BIGINT) AS media_ms").
		ColumnExpr(
			"CAST(SUM(CASE WHEN x.own_bytes > x.log_bytes THEN x.own_bytes ELSE x.log_bytes END) AS BIGINT) AS bytes")
	if err := grouped(within(q, scope), key).Scan(ctx, &rows); err != nil {
		return nil, sqldb.WrapError(err, "media served")
	}
	m := make(map[string]delivery.Served, len(rows))
	for _, r := range rows {
		m[r.Key] = delivery.Served{Millis: r.MediaMs, Bytes: r.Bytes}
	}
	return m, nil
}

type servedLogRow struct {
	bun.BaseModel `bun:"table:served_imports,alias:i"`

	ID          string `bun:",pk"`
	Hash        string
	Filename    string
	ByPerson    string
	At          sqldb.Timestamp
	CommittedAt sqldb.Timestamp
	Lines       int64
	Counted     int64
	Robots      int64
	Skipped     int64
}

func (r *servedLogRow) log() delivery.ServedLog {
	return delivery.ServedLog{ID: r.ID, Hash: r.Hash, Filename: r.Filename, By: r.ByPerson, At: r.At.Time(),
		Committed: r.CommittedAt.Time(),
		Lines:     r.Lines, Counted: r.Counted, Robots: r.Robots, Skipped: r.Skipped}
}

// SaveServedLog adds or replaces a log.
func (s *Served) SaveServedLog(ctx context.Context, x delivery.ServedLog) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(
		&servedLogRow{ID: x.ID, Hash: x.Hash, Filename: x.Filename, ByPerson: x.By, At: sqldb.Timestamp(x.At),
			CommittedAt: sqldb.Timestamp(x.Committed), Lines: x.Lines, Counted: x.Counted, Robots: x.Robots,
			Skipped: x.Skipped}).
		On("CONFLICT (id) DO UPDATE").Exec(ctx)
	if sqldb.IsDuplicate(err, "served_imports_hash", "served_imports.hash") {
		return fault.New(fault.Conflict, "served.already")
	}
	return sqldb.WrapError(err, "access log", x.ID)
}

// ServedLogByHash gives the committed log of the same file.
func (s *Served) ServedLogByHash(ctx context.Context, hash string) (delivery.ServedLog, bool, error) {
	var rows []servedLogRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("hash = ? AND committed_at IS NOT NULL",
		hash).Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return delivery.ServedLog{}, false, sqldb.WrapError(err, "access logs")
	}
	return rows[0].log(), true, nil
}

// ServedLogs lists the newest that are committed.
func (s *Served) ServedLogs(ctx context.Context, limit int) ([]delivery.ServedLog, error) {
	var rows []servedLogRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("committed_at IS NOT NULL").Order("committed_at DESC",
		"id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, sqldb.WrapError(err, "access logs")
	}
	list := make([]delivery.ServedLog, len(rows))
	for i := range rows {
		list[i] = rows[i].log()
	}
	return list, nil
}

// DropServed removes rows of a log that is not committed.
func (s *Served) DropServed(ctx context.Context, id string, limit int) (int, error) {
	n := 0
	err := s.db.Atomically(ctx, func(ctx context.Context) error {
		var rows []servedRow
		err := s.db.Writer(ctx).NewSelect().Model(&rows).Where(
			"source = ? AND source NOT IN (SELECT id FROM served_imports WHERE committed_at IS NOT NULL)", id).
			Limit(int64(limit)).Scan(ctx)
		if err != nil {
			return sqldb.WrapError(err, "access log", id)
		}
		for _, r := range rows {
			if _, err := s.db.Writer(ctx).NewDelete().Model(&r).WherePK().Exec(ctx); err != nil {
				return sqldb.WrapError(err, "access log", id)
			}
		}
		if n = len(rows); n < limit {
			_, err = s.db.Writer(ctx).NewDelete().Model((*servedLogRow)(nil)).Where(
				"id = ? AND committed_at IS NULL", id).Exec(ctx)
		}
		return sqldb.WrapError(err, "access log", id)
	})
	return n, err
}

// grouped groups by a key unless it is the same for all.
func grouped(q *bun.SelectQuery, key string) *bun.SelectQuery {
	if key == "''" {
		return q
	}
	return q.GroupExpr(key).OrderExpr(key)
}
