package department

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/viewership"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// leftOut is the page of what the counts of a period leave out, and why.
type leftOut struct {
	table
	viewership.Exclusions
	Reasons []string // that were given
}

func (v leftOut) pages() int { return max(1, (len(v.Lessons)+rowsPerPage-1)/rowsPerPage) }

func (v leftOut) shown() []viewership.LessonExclusions {
	from := min((v.Page-1)*rowsPerPage, len(v.Lessons))
	return v.Lessons[from:min(from+rowsPerPage, len(v.Lessons))]
}

func (r Handler) leftOut(c echo.Context) error {
	ctx := c.Request().Context()
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	t, q, err := r.asked(c)
	t.Path, t.School, t.Area, t.Channel = "/department/left-out", "", "", ""
	v := leftOut{table: t}
	status := http.StatusOK
	if err == nil {
		v.Exclusions, err = r.Views.ExclusionReport(ctx, page.Who(c), q)
	}
	for _, x := range viewership.ExclusionReasons {
		if v.Exclusions.Reasons[x] != 0 {
			v.Reasons = append(v.Reasons, x)
		}
	}
	if err == nil && format != "" {
		return r.sendLeftOut(c, v, format)
	}
	if err != nil && fault.KindOf(err) == fault.Invalid {
		status = page.Status(err)
		v.Form = page.Form{Err: err, Values: map[string]string{"from": c.QueryParam("from"), "to": c.QueryParam("to")}}
		err = nil
	}
	if err != nil {
		return err
	}
	v.Page = min(v.Page, v.pages())
	if err := r.choices(ctx, &v.table); err != nil {
		return err
	}
	return page.Render(c, status, leftOutPage(v))
}

func (r Handler) sendLeftOut(c echo.Context, v leftOut, format string) error {
	ctx := c.Request().Context()
	text := func(key string) any { return locale.T(ctx, key) }
	head := []any{text("department.by_lesson"), text("department.id"), text("department.by_subject"),
		text("department.by_grade"), text("left.all")}
	for _, x := range v.Reasons {
		head = append(head, reasonName(ctx, x))
	}
	name := "lenlop-left-out-" + v.From.Format(dayLayout) + "-" + v.To.Format(dayLayout)
	return page.SendSheet(c, r.Sheets, format, name, locale.T(ctx, "left.title"), head,
		each(v.Lessons, func(x viewership.LessonExclusions) []any {
			row := []any{x.Title, x.ID, x.SubjectName, strconv.Itoa(x.Grade), x.Sessions}
			for _, reason := range v.Reasons {
				row = append(row, x.Reasons[reason])
			}
			return row
		}))
}

func reasonName(ctx context.Context, reason string) string {
	return known(ctx, "excluded."+reason, reason)
}
