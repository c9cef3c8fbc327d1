package station

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/schedule"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// guide is the page on which another channel's guide is taken in.
type guide struct {
	Channels []schedule.Channel // others'
	Form     page.Form
	Preview  *schedule.GuidePreview
	Rows     []schedule.GuideRow
	Done     string
}

var guideFields = []string{"channelId", "source", "all", "local"}

func (r Handler) guide(c echo.Context) error {
	f := page.Form{Values: map[string]string{"channelId": c.QueryParam("channel")}}
	return r.showGuide(c, http.StatusOK, guide{Done: page.DoneOf(c), Form: f})
}

func (r Handler) showGuide(c echo.Context, status int, v guide) error {
	all, err := r.Schedule.Store.Channels(c.Request().Context())
	if err != nil {
		return err
	}
	for _, ch := range all {
		if !ch.Own {
			v.Channels = append(v.Channels, ch)
		}
	}
	return page.Render(c, status, guidePage(v))
}

// previewGuide reads a guide; nothing is listed yet.
func (r Handler) previewGuide(c echo.Context) error {
	name, data, err := page.File(c, "file", schedule.MaxGuideBytes)
	f := page.FormOf(c, guideFields...)
	var p schedule.GuidePreview
	if err == nil {
		p, err = r.Schedule.PreviewGuide(c.Request().Context(), page.Who(c), f.Values["channelId"], name, data,
			schedule.GuideOptions{Source: f.Values["source"], All: f.Values["all"] == "yes",
				Local: f.Values["local"] == "yes"})
	}
	if shown(err) {
		f.Err = err
		return r.showGuide(c, page.Status(err), guide{Form: f})
	}
	if err != nil {
		return err
	}
	v := guide{Preview: &p}
	for _, want := range []func(string) bool{
		func(code string) bool { return code != "" && code != schedule.NoLesson },
		func(code string) bool { return code == "" },
		func(code string) bool { return code == schedule.NoLesson },
	} {
		for _, x := range p.Rows {
			if want(x.Code) && len(v.Rows) < maxShownRows {
				v.Rows = append(v.Rows, x)
			}
		}
	}
	return r.showGuide(c, http.StatusOK, v)
}

func (r Handler) commitGuide(c echo.Context) error {
	p, err := r.Schedule.CommitGuide(c.Request().Context(), page.Who(c), c.Param("guide"))
	if shown(err) {
		return r.showGuide(c, page.Status(err), guide{Form: page.Form{Err: err}})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, week{}.address(p.Guide.ChannelID, monday(p.From, r.Zone))+"&done=listed")
}

// span is a programme's time, or a dash when it is not understood.
func span(ctx context.Context, p schedule.Programme) string {
	if p.StartsAt.IsZero() || p.EndsAt.IsZero() {
		return "–"
	}
	return locale.From(ctx).DateTime(p.StartsAt) + " – " + locale.From(ctx).Time(p.EndsAt)
}

// homes is a number of households, or a dash when nothing is known.
func homes(ctx context.Context, n float64) string {
	if n == 0 {
		return "–"
	}
	return locale.From(ctx).Decimal(n, 1)
}
