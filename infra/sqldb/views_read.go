package sqldb

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/school"
	"lenlop/services/viewership"
)

var (
	_ viewership.Reader = (*Views)(nil)
	_ viewership.Keeps  = (*Views)(nil)
)

// groupOf is the SQL that makes a group's key from a day's row (x) and its
// lesson (l).
func groupOf(by string) (string, error) {
	switch by {
	case "":
		return "''", nil
	case viewership.ByLesson:
		return "x.lesson_id", nil
	case viewership.ByDay:
		return "x.day", nil
	case viewership.BySubject:
		return "l.subject", nil
	case viewership.ByGrade:
		return "CAST(l.grade AS TEXT)", nil
	case viewership.BySchool:
		return "l.school_id", nil
	}
	return "", fault.New(fault.Invalid, "viewership.unknown_group")
}

// schoolsIn selects the schools of an area and of all areas below it.
const schoolsIn = `WITH RECURSIVE below (id) AS (SELECT a.id FROM areas AS a WHERE a.id = ?
	UNION SELECT a.id FROM areas AS a JOIN below AS b ON a.parent = b.id)
	SELECT s.id FROM schools AS s JOIN below AS b ON s.area_id = b.id`

// within narrows rows x of lessons l to a scope.
func within(q *bun.SelectQuery, s viewership.Scope) *bun.SelectQuery {
	for _, c := range []struct{ where, value string }{
		{"x.day >= ?", s.From}, {"x.day < ?", s.To}, {"x.lesson_id = ?", s.Lesson},
		{"l.subject = ?", s.Subject}, {"l.school_id = ?", s.School},
	} {
		if c.value != "" {
			q = q.Where(c.where, c.value)
		}
	}
	if s.Grade != 0 {
		q = q.Where("l.grade = ?", s.Grade)
	}
	if s.Area != "" {
		q = q.Where("l.school_id IN ("+schoolsIn+")", s.Area)
	}
	return q
}

type sumRow struct {
	Key            string
	Views          int64
	OfflineViews   int64
	UnmatchedViews int64
	Completions    int64
	WatchMs        int64
}

type countRow struct {
	Key string
	N   int64
}

// Grouped sums a scope by one of the groups.
func (s *Views) Grouped(ctx context.Context, by string, scope viewership.Scope) ([]viewership.Sums, error) {
	if by == viewership.ByArea {
		return s.byArea(ctx, scope)
	}
	key, err := groupOf(by)
	if err != nil {
		return nil, err
	}
	sums, err := s.sums(ctx, key, scope)
	if err != nil {
		return nil, err
	}
	seen := newCounts()
	if err := s.groups(ctx, key, scope, seen.add); err != nil {
		return nil, err
	}
	persons, err := s.named(ctx, scope, seen)
	if err != nil {
		return nil, err
	}
	list := make([]viewership.Sums, len(sums))
	for i, r := range sums {
		list[i] = r.sums(seen.of[r.Key], seen.named(r.Key, persons))
	}
	return list, nil
}

func (r sumRow) sums(viewers int64, named bool) viewership.Sums {
	return viewership.Sums{Key: r.Key, Viewers: viewers, Named: named, Total: viewership.Total{
		Views: r.Views, OfflineViews: r.OfflineViews, UnmatchedViews: r.UnmatchedViews,
		Completions: r.Completions, Watch: r.WatchMs,
	}}
}

// sums adds a scope's totals up by a key.
func (s *Views) sums(ctx context.Context, key string, scope viewership.Scope) ([]sumRow, error) {
	var sums []sumRow
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_totals AS x").Join("LEFT JOIN lessons AS l ON l.id = x.lesson_id").
		ColumnExpr(key + " AS key")
	for _, c := range []string{"views", "offline_views", "unmatched_views", "completions", "watch_ms"} {
		q = q.ColumnExpr("CAST(COALESCE(SUM(x." + c + "), 0) AS BIGINT) AS " + c)
	}
	if err := grouped(within(q, scope), key).Scan(ctx, &sums); err != nil {
		return nil, wrap(err, "view totals")
	}
	return sums, nil
}

// grouped groups by a key unless it is the same for all.
func grouped(q *bun.SelectQuery, key string) *bun.SelectQuery {
	if key == "''" {
		return q
	}
	return q.GroupExpr(key).OrderExpr(key)
}

// LeftOut sums the sessions left out, by reason.
func (s *Views) LeftOut(ctx context.Context, scope viewership.Scope) (map[string]int64, error) {
	var rows []countRow
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_left_out AS x").Join("LEFT JOIN lessons AS l ON l.id = x.lesson_id").
		ColumnExpr("x.reason AS key").ColumnExpr("CAST(SUM(x.sessions) AS BIGINT) AS n").GroupExpr("x.reason")
	if err := within(q, scope).Scan(ctx, &rows); err != nil {
		return nil, wrap(err, "sessions left out")
	}
	m := map[string]int64{}
	for _, r := range rows {
		if r.N != 0 {
			m[r.Key] = r.N
		}
	}
	return m, nil
}

// Coverage calls fn for each viewer's credit of a package.
func (s *Views) Coverage(ctx context.Context, packageID string, fn func(viewership.Credit) error) error {
	rows, err := s.db.Reader(ctx).QueryContext(ctx,
		"SELECT viewer, day, lesson_id, duration_ms, coverage, watch_ms, viewed, offline, unmatched, heat FROM view_credits WHERE package_id = ? ORDER BY viewer", packageID)
	if err != nil {
		return wrap(err, "viewing of package", packageID)
	}
	defer rows.Close()
	for rows.Next() {
		r := creditRow{PackageID: packageID}
		if err := rows.Scan(&r.Viewer, &r.Day, &r.LessonID, &r.DurationMs, &r.Coverage, &r.WatchMs, &r.Viewed, &r.Offline, &r.Unmatched, &r.Heat); err != nil {
			return wrap(err, "viewing of package", packageID)
		}
		c, err := r.credit()
		if err != nil {
			return err
		}
		if err := fn(c); err != nil {
			return err
		}
	}
	return wrap(rows.Err(), "viewing of package", packageID)
}

type factsRow struct {
	ID          string
	Title       string
	Subject     string
	SubjectName string
	SchoolID    string
	SchoolName  string
	Area        string
	Grade       int
}

// Facts gives what groups and labels need to know of lessons.
func (s *Views) Facts(ctx context.Context, ids []string, scope viewership.Scope) (map[string]viewership.LessonFacts, error) {
	m := map[string]viewership.LessonFacts{}
	if ids == nil {
		return m, s.facts(ctx, m, nil, scope)
	}
	for part := range slices.Chunk(ids, 500) {
		if err := s.facts(ctx, m, part, scope); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (s *Views) facts(ctx context.Context, m map[string]viewership.LessonFacts, ids []string, scope viewership.Scope) error {
	var rows []factsRow
	q := s.db.Reader(ctx).NewSelect().TableExpr("lessons AS l").
		Join("LEFT JOIN subjects AS b ON b.code = l.subject").Join("LEFT JOIN schools AS c ON c.id = l.school_id").
		ColumnExpr("l.id, l.title, l.subject, COALESCE(b.name, l.subject) AS subject_name, l.school_id, COALESCE(c.name, '') AS school_name, COALESCE(c.area_id, '') AS area, l.grade")
	if ids != nil {
		q = q.Where("l.id IN (?)", bun.List(ids))
	}
	if scope.Lesson != "" {
		q = q.Where("l.id = ?", scope.Lesson)
	}
	scope.From, scope.To, scope.Lesson = "", "", "" // facts have no day
	if err := within(q, scope).Scan(ctx, &rows); err != nil {
		return wrap(err, "lessons")
	}
	for _, r := range rows {
		m[r.ID] = viewership.LessonFacts{
			ID: r.ID, Title: r.Title, Subject: r.Subject, SubjectName: r.SubjectName,
			School: r.SchoolID, SchoolName: r.SchoolName, Area: r.Area, Grade: r.Grade,
		}
	}
	return nil
}

// Persons gives the signed-in persons with a view in a scope: of one lesson, or
// among a few persons, from the credits' indexes; else from the days' sets.
func (s *Views) Persons(ctx context.Context, scope viewership.Scope) (map[string]bool, error) {
	if scope.Lesson == "" && scope.Among == nil {
		return s.personsOf(ctx, scope)
	}
	var viewers []string
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_credits AS x").Join("LEFT JOIN lessons AS l ON l.id = x.lesson_id").
		ColumnExpr("DISTINCT x.viewer").Where("x.viewed AND x.viewer LIKE 'p:%'")
	if scope.Among != nil {
		marked := make([]string, len(scope.Among))
		for i, p := range scope.Among {
			marked[i] = "p:" + p
		}
		q = q.Where("x.viewer IN (?)", bun.List(marked))
	}
	if err := within(q, scope).Scan(ctx, &viewers); err != nil {
		return nil, wrap(err, "persons reached")
	}
	return persons(viewers), nil
}

func (s *Views) personsOf(ctx context.Context, scope viewership.Scope) (map[string]bool, error) {
	var seen bitset
	if err := s.groups(ctx, "''", scope, func(_ string, set bitset) { seen = slices.Clone(set) }); err != nil {
		return nil, err
	}
	m := map[string]bool{}
	if len(seen) == 0 {
		return m, nil
	}
	rows, err := s.db.Reader(ctx).QueryContext(ctx, "SELECT number, id FROM viewers WHERE id >= 'p:' AND id < 'p;' AND number > 0")
	if err != nil {
		return nil, wrap(err, "persons reached")
	}
	defer rows.Close()
	for rows.Next() {
		var n uint64
		var id string
		if err := rows.Scan(&n, &id); err != nil {
			return nil, wrap(err, "persons reached")
		}
		if seen.has(n) {
			m[strings.TrimPrefix(id, "p:")] = true
		}
	}
	return m, wrap(rows.Err(), "persons reached")
}

// persons are viewers without their mark.
func persons(viewers []string) map[string]bool {
	m := make(map[string]bool, len(viewers))
	for _, v := range viewers {
		m[strings.TrimPrefix(v, "p:")] = true
	}
	return m
}

type keepRow struct {
	bun.BaseModel `bun:"table:view_keeps,alias:x"`

	LessonID string `bun:",pk"`
	Viewer   string `bun:",pk"`
	Day      string
}

// Keep writes down that a viewer took a lesson home; again changes nothing.
func (s *Views) Keep(ctx context.Context, lessonID, viewer, day string) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&keepRow{LessonID: lessonID, Viewer: viewer, Day: day}).
		On("CONFLICT (lesson_id, viewer) DO NOTHING").Exec(ctx)
	return wrap(err, "kept lesson", lessonID)
}

// Kept counts the viewers that took a scope's lessons home.
func (s *Views) Kept(ctx context.Context, scope viewership.Scope) (int64, error) {
	var n int64
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_keeps AS x").Join("LEFT JOIN lessons AS l ON l.id = x.lesson_id").ColumnExpr("COUNT(*)")
	err := within(q, scope).Scan(ctx, &n)
	return n, wrap(err, "kept lessons")
}

// FlaggedDays lists flags, newest first.
func (s *Views) FlaggedDays(ctx context.Context, from, to string, limit int) ([]viewership.Flag, error) {
	var rows []flagRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).Where("reason <> ''").Order("day DESC", "viewer").Limit(int64(limit))
	if from != "" {
		q = q.Where("day >= ?", from)
	}
	if to != "" {
		q = q.Where("day < ?", to)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap(err, "flags")
	}
	list := make([]viewership.Flag, len(rows))
	for i := range rows {
		list[i] = rows[i].flag()
	}
	return list, nil
}

// Places gives the areas and schools there are.
func (s *Views) Places(ctx context.Context) (viewership.Places, error) {
	organisation := s.db.Schools()
	areas, err := organisation.Areas(ctx)
	if err != nil {
		return viewership.Places{}, err
	}
	schools, err := organisation.Schools(ctx)
	return viewership.Places{Areas: areas, Schools: schools}, err
}

// OnRosters counts those of the persons who are on the rosters of a scope.
func (s *Views) OnRosters(ctx context.Context, o school.Scope, television, web map[string]bool) (viewership.Identified, error) {
	var found viewership.Identified
	ids := keys(web)
	for p := range television {
		if !web[p] {
			ids = append(ids, p)
		}
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, 500) {
		q := s.db.Reader(ctx).NewSelect().TableExpr("seen_enrolments AS e").Join("JOIN classes AS c ON c.id = e.class_id").
			ColumnExpr("DISTINCT e.person_id").Where("e.person_id IN (?)", bun.List(part)).Where(onDay, o.Day, o.Day)
		if o.Grade != 0 {
			q = q.Where("c.grade = ?", o.Grade)
		}
		if o.School != "" {
			q = q.Where("c.school_id = ?", o.School)
		}
		if o.Area != "" {
			q = q.Where("c.school_id IN ("+schoolsIn+")", o.Area)
		}
		var here []string
		if err := q.Scan(ctx, &here); err != nil {
			return found, wrap(err, "persons on rosters")
		}
		for _, p := range here {
			switch {
			case television[p] && web[p]:
				found.Both++
			case television[p]:
				found.TelevisionOnly++
			default:
				found.WebOnly++
			}
		}
	}
	return found, nil
}
