// Package viewstore keeps the stores of viewing figures: the web's sessions and
// totals, television's figures, served media and reports.
package viewstore

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/viewership/playback"
)

// Views keeps playback sessions and what they add up to: a playback.Store
// and a viewership.Reader.
type Views struct{ db *sqldb.DB }

// NewViews makes the store of playback sessions.
func NewViews(db *sqldb.DB) *Views { return &Views{db} }

var _ playback.Store = (*Views)(nil)

// LockViewers takes the viewers' rows, making those that are new, so that on
// PostgreSQL a second batch waits for this one to end. SQLite has one writer.
func (s *Views) LockViewers(ctx context.Context, viewers []string) error {
	rows := make([]viewerRow, len(viewers))
	for i, v := range viewers {
		rows[i].ID = v
	}
	_, err := s.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").Set("id = EXCLUDED.id").Exec(ctx)
	return sqldb.WrapError(err, "viewers")
}

// SessionStarts gives the id, day and beginning of those that exist.
func (s *Views) SessionStarts(ctx context.Context, ids []string) ([]playback.Session, error) {
	var rows []sessionViewRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Column("id", "day", "issued_ms").Where("id IN (?)",
		bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, sqldb.WrapError(err, "playback sessions")
	}
	list := make([]playback.Session, len(rows))
	for i, r := range rows {
		list[i] = playback.Session{ID: r.ID, Day: r.Day, Issued: r.IssuedMs}
	}
	return list, nil
}

// Sessions gives every session of the viewers' days.
func (s *Views) Sessions(ctx context.Context, days []playback.ViewerDay) ([]playback.Session, error) {
	var rows []sessionViewRow
	if err := ofDays(s.db.Reader(ctx).NewSelect().Model(&rows), days).Scan(ctx); err != nil {
		return nil, sqldb.WrapError(err, "playback sessions")
	}
	wanted := setOf(days)
	list := make([]playback.Session, 0, len(rows))
	for i := range rows {
		if !wanted[playback.ViewerDay{Viewer: rows[i].Viewer, Day: rows[i].Day}] {
			continue
		}
		x, err := rows[i].session()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// Flags gives the flags of the viewers' days.
func (s *Views) Flags(ctx context.Context, days []playback.ViewerDay) ([]playback.Flag, error) {
	var rows []flagRow
	if err := ofDays(s.db.Reader(ctx).NewSelect().Model(&rows), days).Scan(ctx); err != nil {
		return nil, sqldb.WrapError(err, "flags")
	}
	wanted := setOf(days)
	var list []playback.Flag
	for i := range rows {
		if f := rows[i].flag(); wanted[playback.ViewerDay{Viewer: f.Viewer, Day: f.Day}] {
			list = append(list, f)
		}
	}
	return list, nil
}

// ofDays selects all the viewers on all the days: two short lists use the index
// better than a long list of pairs, and nearly every batch has one day.
func ofDays(q *bun.SelectQuery, days []playback.ViewerDay) *bun.SelectQuery {
	viewers, dates := map[string]bool{}, map[string]bool{}
	for _, d := range days {
		viewers[d.Viewer], dates[d.Day] = true, true
	}
	return q.Where("viewer IN (?) AND day IN (?)", bun.List(keys(viewers)), bun.List(keys(dates)))
}

func setOf(days []playback.ViewerDay) map[playback.ViewerDay]bool {
	m := make(map[playback.ViewerDay]bool, len(days))
	for _, d := range days {
		m[d] = true
	}
	return m
}

func keys(m map[string]bool) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	return list
}

// Credits gives the viewers' credits for their packages, on all days. Pairs,
// not two lists: a thousand viewers times forty packages would be forty
// thousand looks into the index.
func (s *Views) Credits(ctx context.Context, of []playback.ViewerPackage) ([]playback.Credit, error) {
	var rows []creditRow
	pairs := make([]any, len(of))
	for i, p := range of {
		pairs[i] = bun.Tuple([]string{p.Package, p.Viewer})
	}
	err := s.db.Reader(ctx).NewRaw(`WITH wanted (package_id, viewer) AS (VALUES ?)
		SELECT c.* FROM wanted AS w JOIN view_credits AS c ON c.package_id = w.package_id AND c.viewer = w.viewer`,
		bun.List(pairs)).Scan(ctx, &rows)
	if err != nil {
		return nil, sqldb.WrapError(err, "viewing")
	}
	list := make([]playback.Credit, len(rows))
	for i := range rows {
		if list[i], err = rows[i].credit(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Put writes what a batch of heartbeats changes.
func (s *Views) Put(ctx context.Context, c playback.Changes) error {
	w := s.db.Writer(ctx)
	numbers, err := s.numbersOf(ctx, c.Seen)
	if err != nil {
		return err
	}
	if rows := sessionRows(c.Sessions); len(rows) > 0 {
		if _, err := w.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").Exec(ctx); err != nil {
			return sqldb.WrapError(err, "playback sessions")
		}
	}
	if rows := creditRows(c.Credits); len(rows) > 0 {
		if _, err := w.NewInsert().Model(&rows).On("CONFLICT (viewer, day, lesson_id, package_id) DO UPDATE").Exec(
			ctx); err != nil {
			return sqldb.WrapError(err, "viewing")
		}
	}
	if rows := flagRows(c.Flags); len(rows) > 0 {
		if _, err := w.NewInsert().Model(&rows).On("CONFLICT (viewer, day) DO UPDATE").Exec(ctx); err != nil {
			return sqldb.WrapError(err, "flags")
		}
	}
	if err := s.add(ctx, c); err != nil {
		return err
	}
	return s.updateSets(ctx, c.Seen, numbers)
}

// add adds to the totals.
func (s *Views) add(ctx context.Context, c playback.Changes) error {
	totals := make([]totalRow, len(c.Totals))
	for i, t := range c.Totals {
		totals[i] = totalRow{
			LessonID: t.LessonID, Day: t.Day, Views: t.Views, OfflineViews: t.OfflineViews,
			UnmatchedViews: t.UnmatchedViews, Completions: t.Completions, WatchMs: t.Watch,
		}
	}
	if len(totals) > 0 {
		_, err := s.db.Writer(ctx).NewInsert().Model(&totals).On("CONFLICT (lesson_id, day) DO UPDATE").
			Set("views = t.views + EXCLUDED.views").
			Set("offline_views = t.offline_views + EXCLUDED.offline_views").
			Set("unmatched_views = t.unmatched_views + EXCLUDED.unmatched_views").
			Set("completions = t.completions + EXCLUDED.completions").
			Set("watch_ms = t.watch_ms + EXCLUDED.watch_ms").Exec(ctx)
		if err != nil {
			return sqldb.WrapError(err, "view totals")
		}
	}
	left := make([]leftOutRow, len(c.Exclusions))
	for i, l := range c.Exclusions {
		left[i] = leftOutRow{LessonID: l.LessonID, Day: l.Day, Reason: l.Reason, Sessions: l.Sessions}
	}
	if len(left) > 0 {
		_, err := s.db.Writer(ctx).NewInsert().Model(&left).On("CONFLICT (lesson_id, day, reason) DO UPDATE").
			Set("sessions = t.sessions + EXCLUDED.sessions").Exec(ctx)
		return sqldb.WrapError(err, "sessions left out")
	}
	return nil
}

// Fold removes session rows of days before the given one, at most limit.
func (s *Views) Fold(ctx context.Context, before string, limit int) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw(
		"DELETE FROM view_sessions WHERE id IN (SELECT id FROM view_sessions WHERE day < ? ORDER BY day LIMIT ?)",
		before, limit).Exec(ctx)
	if err != nil {
		return 0, sqldb.WrapError(err, "playback sessions")
	}
	n, err := res.RowsAffected()
	return int(n), sqldb.WrapError(err, "playback sessions")
}

// Purge removes credits of days before the given one and, when there are none
// left, flags and sets of viewers; at most limit of each.
func (s *Views) Purge(ctx context.Context, before string, limit int) (int, error) {
	var n int64
	err := s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		var gone []string
		err := w.NewRaw(`DELETE FROM view_credits WHERE (viewer, day, lesson_id, package_id) IN (
			SELECT viewer, day, lesson_id, package_id FROM view_credits WHERE day < ? LIMIT ?) RETURNING viewer`,
			before, limit).Scan(ctx, &gone)
		if err != nil {
			return err
		}
		if n = int64(len(gone)); n == 0 {
			for table, key := range map[string]string{"view_flags": "viewer, day", "view_sets": "lesson_id, day"} {
				res,
					err := w.NewRaw(
					"DELETE FROM ?0 WHERE (?1) IN (SELECT ?1 FROM ?0 WHERE day < ?2 ORDER BY day LIMIT ?3)",
					bun.Ident(table), bun.Safe(key), before, limit).Exec(ctx)
				if err != nil {
					return err
				}
				gone, err := res.RowsAffected()
				if err != nil {
					return err
				}
				n += gone
			}
			return nil
		}
		_,
			err = w.NewRaw(
			`DELETE FROM viewers WHERE id IN (?) AND NOT EXISTS (SELECT 1 FROM view_credits AS c WHERE c.viewer = viewers.id)
			AND NOT EXISTS (SELECT 1 FROM view_sessions AS s WHERE s.viewer = viewers.id)`, bun.List(gone)).Exec(ctx)
		return err
	})
	return int(n), sqldb.WrapError(err, "viewing")
}
