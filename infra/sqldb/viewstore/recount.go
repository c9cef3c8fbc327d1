package viewstore

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/viewership/playback"
)

var _ playback.RecountStore = (*Views)(nil)

// Viewers lists ids after one, in order.
func (s *Views) Viewers(ctx context.Context, after string, limit int) ([]string, error) {
	var ids []string
	err := s.db.Reader(ctx).NewRaw("SELECT id FROM viewers WHERE id > ? ORDER BY id LIMIT ?", after,
		limit).Scan(ctx, &ids)
	return ids, sqldb.WrapError(err, "viewers")
}

// AllOf gives all that is kept of viewers.
func (s *Views) AllOf(ctx context.Context, viewers []string) ([]playback.Session, []playback.Credit,
	[]playback.Flag, error) {
	r, of := s.db.Reader(ctx), bun.List(viewers)
	var ss []sessionViewRow
	if err := r.NewSelect().Model(&ss).Where("viewer IN (?)", of).Scan(ctx); err != nil {
		return nil, nil, nil, sqldb.WrapError(err, "playback sessions")
	}
	var cs []creditRow
	if err := r.NewSelect().Model(&cs).Where("viewer IN (?)", of).Scan(ctx); err != nil {
		return nil, nil, nil, sqldb.WrapError(err, "viewing")
	}
	var fs []flagRow
	if err := r.NewSelect().Model(&fs).Where("viewer IN (?)", of).Scan(ctx); err != nil {
		return nil, nil, nil, sqldb.WrapError(err, "flags")
	}
	sessions, credits, flags := make([]playback.Session, len(ss)), make([]playback.Credit, len(cs)),
		make([]playback.Flag, len(fs))
	var err error
	for i := range ss {
		if sessions[i], err = ss[i].session(); err != nil {
			return nil, nil, nil, err
		}
	}
	for i := range cs {
		if credits[i], err = cs[i].credit(); err != nil {
			return nil, nil, nil, err
		}
	}
	for i := range fs {
		flags[i] = fs[i].flag()
	}
	return sessions, credits, flags, nil
}

// Totals gives the totals and left-out sessions kept from a day on.
func (s *Views) Totals(ctx context.Context, from string) ([]playback.Total, []playback.ExclusionTotal, error) {
	r := s.db.Reader(ctx)
	var ts []totalRow
	if err := r.NewSelect().Model(&ts).Where("day >= ?", from).Scan(ctx); err != nil {
		return nil, nil, sqldb.WrapError(err, "view totals")
	}
	var ls []leftOutRow
	if err := r.NewSelect().Model(&ls).Where("day >= ?", from).Scan(ctx); err != nil {
		return nil, nil, sqldb.WrapError(err, "sessions left out")
	}
	totals, left := make([]playback.Total, len(ts)), make([]playback.ExclusionTotal, len(ls))
	for i, t := range ts {
		totals[i] = playback.Total{LessonID: t.LessonID, Day: t.Day, Views: t.Views, OfflineViews: t.OfflineViews,
			UnmatchedViews: t.UnmatchedViews, Completions: t.Completions, Watch: t.WatchMs}
	}
	for i, l := range ls {
		left[i] = playback.ExclusionTotal{LessonID: l.LessonID, Day: l.Day, Reason: l.Reason, Sessions: l.Sessions}
	}
	return totals, left, nil
}
