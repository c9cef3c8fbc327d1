package department

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
)

// usuallyDrawn is how many classes the form offers at first: a few more than must
// answer, because some never do.
const usuallyDrawn = 15

// draw is the page of the classes that chance chose to be asked about an airing.
type draw struct {
	Airing  schedule.Airing
	Channel schedule.Channel
	Title   string
	Lesson  string
	Survey  television.ClassSurvey
	Classes []school.Class
	Names   *names
	Form    page.Form
}

func (r Handler) draw(c echo.Context) error { return r.showDraw(c, nil) }

func (r Handler) makeDraw(c echo.Context) error {
	n, err := strconv.Atoi(c.FormValue("classes"))
	if err != nil {
		n = 0
	}
	if _, err := r.Draws.DrawFor(c.Request().Context(), page.Who(c), c.Param("airing"), n); err != nil {
		if k := fault.KindOf(err); k == fault.Invalid || k == fault.Conflict {
			return r.showDraw(c, err)
		}
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/department/draws/"+c.Param("airing"))
}

func (r Handler) showDraw(c echo.Context, wrong error) error {
	ctx := c.Request().Context()
	v, err := r.readDraw(ctx, c)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if wrong != nil {
		status = page.Status(wrong)
		v.Form = page.Form{Err: wrong, Values: map[string]string{"classes": c.FormValue("classes")}}
	}
	return page.Render(c, status, drawPage(v))
}

func (r Handler) readDraw(ctx context.Context, c echo.Context) (v draw, err error) {
	a, err := r.Channels.Airing(ctx, c.Param("airing"))
	if err != nil {
		return v, err
	}
	g, err := r.Views.Ledger(ctx, page.Who(c), a.LessonID, viewership.Range{})
	if err != nil {
		return v, err
	}
	l, err := r.Lessons.Read(ctx, page.Who(c), a.LessonID)
	if err != nil {
		return v, err
	}
	v = draw{Airing: a, Title: l.Title, Lesson: l.ID}
	for _, x := range g.Airings {
		if x.Airing.ID == a.ID {
			v.Survey, v.Channel = x.Survey, x.Channel
		}
	}
	if v.Names, err = r.names(ctx); err != nil {
		return v, err
	}
	if v.Survey.Draw == nil {
		return v, nil
	}
	for _, id := range v.Survey.Draw.Classes {
		x, err := r.Classes.Class(ctx, id)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return v, err
		}
		if x.ID == "" {
			x.Name = id
		}
		v.Classes = append(v.Classes, x)
	}
	return v, v.Names.learn(ctx, v.Survey.Draw.By)
}
