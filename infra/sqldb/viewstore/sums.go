package viewstore

import (
	"context"
	"maps"
	"slices"

	"lenlop/infra/sqldb"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
)

type sumRow struct {
	Key            string
	Views          int64
	OfflineViews   int64
	UnmatchedViews int64
	Completions    int64
	WatchMs        int64
}

// Grouped sums a scope by one of the groups, and the whole of it. Totals and
// sets are each read once, in the order they lie in.
func (s *Views) Grouped(ctx context.Context, by string, scope playback.Scope) ([]playback.Sums, playback.Sums, error) {
	if by == viewership.ByArea {
		return s.byArea(ctx, scope)
	}
	g, err := s.gather(ctx, by, scope, nil)
	if err != nil {
		return nil, playback.Sums{}, err
	}
	persons, err := s.named(ctx, scope, g.seen, g.all)
	if err != nil {
		return nil, playback.Sums{}, err
	}
	whole := g.whole(persons)
	if by == "" {
		return []playback.Sums{whole}, whole, nil
	}
	return g.list(persons), whole, nil
}

// gathered is what was counted of a scope, by group and together.
type gathered struct {
	sums map[string]*playback.Total
	seen counts
	all  counts // of everything, at ""
}

// list gives the groups by their keys.
func (g gathered) list(persons map[uint64]bool) []playback.Sums {
	list := make([]playback.Sums, 0, len(g.sums))
	for _, k := range slices.Sorted(maps.Keys(g.sums)) {
		list = append(list, playback.Sums{Key: k, Viewers: g.seen.of[k], HasPersons: g.seen.named(k, persons),
			Total: *g.sums[k]})
	}
	return list
}

func (g gathered) whole(persons map[uint64]bool) playback.Sums {
	w := playback.Sums{Viewers: g.all.of[""], HasPersons: g.all.named("", persons)}
	for _, t := range g.sums {
		w.Add(*t)
	}
	return w
}

// gather reads totals and sets. each is called with every group's viewers, when
// it is not nil.
func (s *Views) gather(ctx context.Context, by string, scope playback.Scope,
	each func(group string, set bitset)) (gathered, error) {
	g := gathered{sums: map[string]*playback.Total{}, seen: newCounts(), all: newCounts()}
	groups, err := s.keysOf(ctx, by, scope)
	if err != nil {
		return g, err
	}
	key := func(lesson, day []byte) string {
		switch by {
		case "":
			return ""
		case viewership.ByLesson:
			return string(lesson)
		case viewership.ByDay:
			return string(day)
		}
		return groups[string(lesson)]
	}
	if err := s.sums(ctx, by, scope, key, g.sums); err != nil {
		return g, err
	}
	sets, err := s.sets(ctx, scope, key)
	if err != nil {
		return g, err
	}
	var everybody bitset
	err = sets.each(func(group string, set bitset) {
		g.seen.add(group, set)
		everybody.join(set)
		if each != nil {
			each(group, set)
		}
	})
	g.all.add("", everybody)
	return g, err
}

// sums adds a scope's totals up by a key of their lessons or days.
func (s *Views) sums(ctx context.Context, by string, scope playback.Scope, key func(lesson, day []byte) string,
	to map[string]*playback.Total) error {
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_totals AS x")
	if narrowed(scope) {
		q = q.Join("JOIN lessons AS l ON l.id = x.lesson_id")
	}
	column := "x.lesson_id"
	if by == viewership.ByDay {
		column = "x.day"
	}
	q = q.ColumnExpr(column + " AS key").GroupExpr(column)
	for _, c := range []string{"views", "offline_views", "unmatched_views", "completions", "watch_ms"} {
		q = q.ColumnExpr("CAST(COALESCE(SUM(x." + c + "), 0) AS BIGINT) AS " + c)
	}
	var rows []sumRow
	if err := within(q, scope).Scan(ctx, &rows); err != nil {
		return sqldb.WrapError(err, "view totals")
	}
	for _, r := range rows {
		k := key([]byte(r.Key), []byte(r.Key))
		if to[k] == nil {
			to[k] = &playback.Total{}
		}
		to[k].Add(playback.Total{
			Views: r.Views, OfflineViews: r.OfflineViews, UnmatchedViews: r.UnmatchedViews, Completions: r.Completions,
			Watch: r.WatchMs,
		})
	}
	return nil
}
