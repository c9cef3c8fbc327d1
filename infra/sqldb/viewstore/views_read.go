package viewstore

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
)

var (
	_ viewership.Reader         = (*Views)(nil)
	_ playback.OfflineDownloads = (*Views)(nil)
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

// keysOf gives the group of each lesson in a scope; a lesson without one has "".
func (s *Views) keysOf(ctx context.Context, by string, scope playback.Scope) (map[string]string, error) {
	column, err := groupOf(by)
	if err != nil || !strings.Contains(column, "l.") { // of a lesson
		return nil, err
	}
	scope.From, scope.To = "", "" // a lesson has no day
	q := s.db.Reader(ctx).NewSelect().TableExpr("lessons AS l").ColumnExpr("l.id, COALESCE(" + column + ", '') AS key")
	if scope.Lesson != "" {
		q, scope.Lesson = q.Where("l.id = ?", scope.Lesson), ""
	}
	rows, err := within(q, scope).Rows(ctx)
	if err != nil {
		return nil, sqldb.WrapError(err, "lessons")
	}
	defer rows.Close()
	m := map[string]string{}
	for rows.Next() {
		var id, key string
		if err := rows.Scan(&id, &key); err != nil {
			return nil, sqldb.WrapError(err, "lessons")
		}
		m[id] = key
	}
	return m, sqldb.WrapError(rows.Err(), "lessons")
}

// narrowed reports whether a scope has conditions on lessons.
func narrowed(s playback.Scope) bool {
	return s.Subject != "" || s.School != "" || s.Area != "" || s.Grade != 0 || s.Teacher != ""
}

// schoolsIn selects the schools of an area and of all areas below it.
const schoolsIn = `WITH RECURSIVE below (id) AS (SELECT a.id FROM areas AS a WHERE a.id = ?
	UNION SELECT a.id FROM areas AS a JOIN below AS b ON a.parent = b.id)
	SELECT s.id FROM schools AS s JOIN below AS b ON s.area_id = b.id`

// within narrows rows x of lessons l to a scope.
func within(q *bun.SelectQuery, s playback.Scope) *bun.SelectQuery {
	for _, c := range []struct{ where, value string }{
		{"x.day >= ?", s.From}, {"x.day < ?", s.To}, {"x.lesson_id = ?", s.Lesson},
		{"l.subject = ?", s.Subject}, {"l.school_id = ?", s.School}, {"l.teacher_id = ?", s.Teacher},
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

// Exclusions sums the excluded sessions, by lesson and reason.
func (s *Views) Exclusions(ctx context.Context, scope playback.Scope) ([]playback.ExclusionTotal, error) {
	var rows []struct {
		LessonID string
		Reason   string
		Sessions int64
	}
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_left_out AS x").Join(
		"LEFT JOIN lessons AS l ON l.id = x.lesson_id").
		ColumnExpr("x.lesson_id, x.reason, CAST(SUM(x.sessions) AS BIGINT) AS sessions").
		GroupExpr("x.lesson_id, x.reason").Having("SUM(x.sessions) <> 0").OrderExpr("x.lesson_id, x.reason")
	if err := within(q, scope).Scan(ctx, &rows); err != nil {
		return nil, sqldb.WrapError(err, "sessions left out")
	}
	list := make([]playback.ExclusionTotal, len(rows))
	for i, r := range rows {
		list[i] = playback.ExclusionTotal{LessonID: r.LessonID, Reason: r.Reason, Sessions: r.Sessions}
	}
	return list, nil
}

// Coverage calls fn for each viewer's credit of a package.
func (s *Views) Coverage(ctx context.Context, packageID string, fn func(playback.Credit) error) error {
	rows, err := s.db.Reader(ctx).QueryContext(ctx,
		"SELECT viewer, day, lesson_id, duration_ms, coverage, watch_ms, viewed, offline, unmatched, heat FROM view_credits WHERE package_id = ? ORDER BY viewer", packageID)
	if err != nil {
		return sqldb.WrapError(err, "viewing of package", packageID)
	}
	defer rows.Close()
	for rows.Next() {
		r := creditRow{PackageID: packageID}
		if err := rows.Scan(&r.Viewer, &r.Day, &r.LessonID, &r.DurationMs, &r.Coverage, &r.WatchMs, &r.Viewed,
			&r.Offline, &r.Unmatched, &r.Heat); err != nil {
			return sqldb.WrapError(err, "viewing of package", packageID)
		}
		c, err := r.credit()
		if err != nil {
			return err
		}
		if err := fn(c); err != nil {
			return err
		}
	}
	return sqldb.WrapError(rows.Err(), "viewing of package", packageID)
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
func (s *Views) Facts(ctx context.Context, ids []string,
	scope playback.Scope) (map[string]playback.LessonFacts, error) {
	m := map[string]playback.LessonFacts{}
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

func (s *Views) facts(ctx context.Context, m map[string]playback.LessonFacts, ids []string,
	scope playback.Scope) error {
	var rows []factsRow
	q := s.db.Reader(ctx).NewSelect().TableExpr("lessons AS l").
		Join("LEFT JOIN subjects AS b ON b.code = l.subject").Join("LEFT JOIN schools AS c ON c.id = l.school_id").
		ColumnExpr(
			"l.id, l.title, l.subject, COALESCE(b.name, l.subject) AS subject_name, l.school_id, COALESCE(c.name, '') AS school_name, COALESCE(c.area_id, '') AS area, l.grade")
	if ids != nil {
		q = q.Where("l.id IN (?)", bun.List(ids))
	}
	if scope.Lesson != "" {
		q = q.Where("l.id = ?", scope.Lesson)
	}
	scope.From, scope.To, scope.Lesson = "", "", "" // facts have no day
	if err := within(q, scope).Scan(ctx, &rows); err != nil {
		return sqldb.WrapError(err, "lessons")
	}
	for _, r := range rows {
		m[r.ID] = playback.LessonFacts{
			ID: r.ID, Title: r.Title, Subject: r.Subject, SubjectName: r.SubjectName,
			School: r.SchoolID, SchoolName: r.SchoolName, Area: r.Area, Grade: r.Grade,
		}
	}
	return nil
}

// Audience gives the signed-in persons with a view in a scope: of one lesson, or
// among a few persons, from the credits' indexes; else from the days' sets.
func (s *Views) Audience(ctx context.Context, scope playback.Scope) (viewership.Audience, error) {
	if scope.Lesson == "" && scope.Among == nil {
		return s.audience(ctx, scope)
	}
	var viewers []string
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_credits AS x").Join(
		"LEFT JOIN lessons AS l ON l.id = x.lesson_id").
		ColumnExpr("DISTINCT x.viewer").Where("x.viewed AND x.viewer LIKE 'p:%'")
	if scope.Among != nil {
		marked := make([]string, len(scope.Among))
		for i, p := range scope.Among {
			marked[i] = "p:" + p
		}
		q = q.Where("x.viewer IN (?)", bun.List(marked))
	}
	if err := within(q, scope).Scan(ctx, &viewers); err != nil {
		return viewership.Audience{}, sqldb.WrapError(err, "persons reached")
	}
	return viewership.Audience{Persons: persons(viewers)}, nil
}

func (s *Views) audience(ctx context.Context, scope playback.Scope) (viewership.Audience, error) {
	a := viewership.Audience{Persons: map[string]bool{}}
	sets, err := s.sets(ctx, scope, func(_, _ []byte) string { return "" })
	if err != nil {
		return a, err
	}
	var seen bitset
	if err := sets.each(func(_ string, set bitset) { seen.join(set) }); err != nil || len(seen) == 0 {
		return a, err
	}
	a.Viewers = seen.len()
	rows, err := s.db.Reader(ctx).QueryContext(ctx,
		"SELECT number, id FROM viewers WHERE id >= 'p:' AND id < 'p;' AND number > 0")
	if err != nil {
		return a, sqldb.WrapError(err, "persons reached")
	}
	defer rows.Close()
	for rows.Next() {
		var n uint64
		var id string
		if err := rows.Scan(&n, &id); err != nil {
			return a, sqldb.WrapError(err, "persons reached")
		}
		if seen.has(n) {
			a.Persons[strings.TrimPrefix(id, "p:")] = true
		}
	}
	return a, sqldb.WrapError(rows.Err(), "persons reached")
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

// AddDownload records that a viewer downloaded a lesson; repeating it changes nothing.
func (s *Views) AddDownload(ctx context.Context, lessonID, viewer, day string) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&keepRow{LessonID: lessonID, Viewer: viewer, Day: day}).
		On("CONFLICT (lesson_id, viewer) DO NOTHING").Exec(ctx)
	return sqldb.WrapError(err, "download of lesson", lessonID)
}

// CountDownloads counts the viewers that downloaded a scope's lessons.
func (s *Views) CountDownloads(ctx context.Context, scope playback.Scope) (int64, error) {
	var n int64
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_keeps AS x").Join(
		"LEFT JOIN lessons AS l ON l.id = x.lesson_id").ColumnExpr("COUNT(*)")
	err := within(q, scope).Scan(ctx, &n)
	return n, sqldb.WrapError(err, "downloads")
}

// FlaggedDays lists flags, newest first.
func (s *Views) FlaggedDays(ctx context.Context, from, to string, limit int) ([]playback.Flag, error) {
	var rows []flagRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).Where("reason <> ''").Order("day DESC", "viewer").Limit(int64(limit))
	if from != "" {
		q = q.Where("day >= ?", from)
	}
	if to != "" {
		q = q.Where("day < ?", to)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, sqldb.WrapError(err, "flags")
	}
	list := make([]playback.Flag, len(rows))
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
