package department

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/viewership"
	"lenlop/services/viewership/disclosure"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// schools is the page of which schools take part in a period.
type schools struct {
	table
	viewership.Participation
}

func (r Handler) schools(c echo.Context) error {
	ctx := c.Request().Context()
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	t, q, err := r.asked(c)
	v := schools{table: t}
	status := http.StatusOK
	if err == nil {
		v.Participation, err = r.Views.Participation(ctx, page.Who(c), q)
	}
	if err == nil && format != "" {
		return r.sendSchools(c, v, format)
	}
	if fault.KindOf(err) == fault.Invalid && err != nil {
		status = page.Status(err)
		v.Form = page.Form{Err: err, Values: map[string]string{"from": c.QueryParam("from"), "to": c.QueryParam("to")}}
		err = nil
	}
	if err != nil {
		return err
	}
	if err := r.choices(ctx, &v.table); err != nil {
		return err
	}
	return page.Render(c, status, schoolsPage(v))
}

func (r Handler) sendSchools(c echo.Context, v schools, format string) error {
	ctx := c.Request().Context()
	text := func(key string) any { return locale.T(ctx, key) }
	head := []any{text("department.by_school"), text("part.code"), text("part.level"), text("part.takes_part"),
		text("part.lessons"), text("department.web_views"),
		text("part.students"), text("part.reached"), text("part.share")}
	name := "lenlop-schools-" + v.From.Format(dayLayout) + "-" + v.To.Format(dayLayout)
	return page.SendSheet(c, r.Sheets, format, name, locale.T(ctx, "part.title"), head,
		each(v.Participation.Schools, func(x viewership.SchoolParticipation) []any {
			var students, reached, of any
			if x.Students > 0 {
				students, reached = x.Students, x.Reached
			}
			if x.Mark != disclosure.Shown {
				reached = hidden(ctx, x.Mark)
			}
			if s, known := x.Share(); known {
				of = float64(int64(1000*s+0.5)) / 10
			}
			return []any{x.School.Name, x.School.Code, levelName(ctx, string(x.School.Level)),
				takesPart(ctx, x), x.Lessons,
				x.Views, students, reached, of}
		}))
}

func takesPart(ctx context.Context, x viewership.SchoolParticipation) string {
	if x.TakesPart {
		return locale.T(ctx, "part.yes")
	}
	return locale.T(ctx, "part.no")
}

func levelName(ctx context.Context, level string) string {
	if level == "" {
		return locale.T(ctx, "part.no_level")
	}
	return locale.T(ctx, "level."+level)
}

// reached words the students of a school who are known to be reached.
func reached(ctx context.Context, x viewership.SchoolParticipation) string {
	switch {
	case x.Students == 0:
		return locale.T(ctx, "part.no_roster")
	case x.Mark != disclosure.Shown:
		return hidden(ctx, x.Mark) + " / " + locale.From(ctx).Number(x.Students)
	}
	return locale.From(ctx).Number(x.Reached) + " / " + locale.From(ctx).Number(x.Students)
}
