package viewstore

import (
	"context"

	"lenlop/infra/sqldb"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
)

var _ viewership.ParticipationReader = (*Views)(nil)

// SchoolViews adds up the views of schools' own lessons.
func (s *Views) SchoolViews(ctx context.Context, scope playback.Scope) (map[string]viewership.SchoolViews, error) {
	var rows []struct {
		School  string
		Lessons int64
		Views   int64
	}
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_totals AS x").Join("JOIN lessons AS l ON l.id = x.lesson_id").
		ColumnExpr(
			"l.school_id AS school, COUNT(DISTINCT x.lesson_id) AS lessons, CAST(SUM(x.views) AS BIGINT) AS views").
		Where("x.views > 0").GroupExpr("l.school_id")
	if err := within(q, scope).Scan(ctx, &rows); err != nil {
		return nil, sqldb.WrapError(err, "views of schools")
	}
	m := make(map[string]viewership.SchoolViews, len(rows))
	for _, r := range rows {
		m[r.School] = viewership.SchoolViews{Lessons: r.Lessons, Views: r.Views}
	}
	return m, nil
}

// SchoolStudents counts the students of schools and those reached.
func (s *Views) SchoolStudents(ctx context.Context, day string, grade int,
	reached map[string]bool) (map[string]viewership.SchoolStudents, error) {
	q := s.db.Reader(ctx).NewSelect().TableExpr("seen_enrolments AS e").Join("JOIN classes AS c ON c.id = e.class_id").
		ColumnExpr("DISTINCT c.school_id, e.person_id").Where(sqldb.EnrolledOnDay, day, day)
	if grade != 0 {
		q = q.Where("c.grade = ?", grade)
	}
	rows, err := q.Rows(ctx)
	if err != nil {
		return nil, sqldb.WrapError(err, "students of schools")
	}
	defer rows.Close()
	m := map[string]viewership.SchoolStudents{}
	for rows.Next() {
		var id, person string
		if err := rows.Scan(&id, &person); err != nil {
			return nil, sqldb.WrapError(err, "students of schools")
		}
		x := m[id]
		if x.Students++; reached[person] {
			x.Reached++
		}
		m[id] = x
	}
	return m, sqldb.WrapError(rows.Err(), "students of schools")
}
