package department

import (
	"context"
	"slices"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/viewership"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// ownSchool is the table of the lessons of the school that one works at, the
// one that one leads first. Its own staff see every number of it.
func (r Handler) ownSchool(c echo.Context) error {
	by := page.Who(c)
	at := by.SchoolAs(people.Head)
	if at == "" {
		at = by.SchoolAs(people.Teacher)
	}
	if at == "" || !people.May(by, people.ReadSchool, people.Object{School: at}) {
		return fault.New(fault.Forbidden, "access.denied")
	}
	s, err := r.Schools.School(c.Request().Context(), at)
	if err != nil {
		return err
	}
	return r.showTable(c, func(t *table, q *viewership.Query) {
		t.own("/school/viewership", s.Name, q)
		q.School = at
	})
}

// ownLessons is the table of a teacher's own lessons.
func (r Handler) ownLessons(c echo.Context) error {
	return r.showTable(c, func(t *table, q *viewership.Query) {
		t.own("/teacher/viewership", "", q)
		q.Teacher = page.Who(c).ID
	})
}

// own takes out of a question what does not belong to one's own lessons.
func (t *table) own(path, name string, q *viewership.Query) {
	t.Path, t.Own = path, name
	if !slices.Contains(t.cuts(), t.By) {
		t.By = viewership.ByLesson
	}
	t.School, t.Area, t.Channel = "", "", ""
	q.By, q.School, q.Area, q.Channel = t.By, "", "", ""
}

// heading says whose figures the page shows.
func heading(ctx context.Context, t table) string {
	switch {
	case t.Path == home:
		return locale.T(ctx, "department.title")
	case t.Own != "":
		return locale.T(ctx, "own.school", "name", t.Own)
	}
	return locale.T(ctx, "own.lessons")
}

// nav is the part of the site that the page belongs to.
func nav(t table) string {
	switch {
	case t.Path == home:
		return "department"
	case t.Own != "":
		return "school"
	}
	return "teacher"
}
