package station

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
)

// minutes is the page of an operator's file of households by minute.
type minutes struct {
	Channels []schedule.Channel
	Form     page.Form
	Preview  *television.MinutesPreview
	Lessons  map[string]lesson.Lesson
	Done     string
}

var minuteFields = []string{"channelId", "source", "share", "day"}

func (r Handler) minutes(c echo.Context) error {
	return r.showMinutes(c, http.StatusOK, minutes{Done: page.DoneOf(c)})
}

func (r Handler) showMinutes(c echo.Context, status int, v minutes) (err error) {
	if v.Channels, err = r.Schedule.Store.Channels(c.Request().Context()); err != nil {
		return err
	}
	if v.Preview != nil {
		as := make([]schedule.Airing, len(v.Preview.Rows))
		for i, x := range v.Preview.Rows {
			as[i] = x.Airing
		}
		if v.Lessons, err = r.lessons(c.Request().Context(), page.Who(c), as); err != nil {
			return err
		}
	}
	return page.Render(c, status, minutesPage(v))
}

// previewMinutes reads a file; nothing counts yet.
func (r Handler) previewMinutes(c echo.Context) error {
	name, data, err := page.File(c, "file", television.MaxImportBytes)
	f := page.FormOf(c, minuteFields...)
	var p television.MinutesPreview
	if err == nil {
		// 0 is refused
		share, _ := strconv.ParseFloat(strings.Replace(strings.Trim(f.Values["share"], " %"), ",", ".", 1), 64)
		p, err = r.Figures.PreviewMinutes(c.Request().Context(), page.Who(c), name, data,
			television.ImportDefaults{ChannelID: f.Values["channelId"], Source: f.Values["source"], Share: share / 100,
				Day: f.Values["day"]})
	}
	if shown(err) {
		f.Err = err
		return r.showMinutes(c, page.Status(err), minutes{Form: f})
	}
	if err != nil {
		return err
	}
	return r.showMinutes(c, http.StatusOK, minutes{Preview: &p})
}

func (r Handler) commitMinutes(c echo.Context) error {
	p, err := r.Figures.CommitMinutes(c.Request().Context(), page.Who(c), c.Param("import"),
		c.FormValue("sure") == "yes")
	switch {
	case shown(err) && len(p.Rows) > 0:
		return r.showMinutes(c, page.Status(err), minutes{Preview: &p, Form: page.Form{Err: err}})
	case shown(err):
		return r.showMinutes(c, page.Status(err), minutes{Form: page.Form{Err: err}})
	case err != nil:
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/station/minutes?done=imported")
}
