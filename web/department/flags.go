package department

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// flagged are the viewers' days that web-flag/1 leaves out, of a period.
type flagged struct {
	table
	Names *names
	Flags []playback.Flag
	Done  string
}

// flags lists the last thirty days unless the address says otherwise.
func (r Handler) flags(c echo.Context) error {
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	t, q, err := r.asked(c)
	if err != nil {
		return err
	}
	if c.QueryParam("from") == "" && c.QueryParam("to") == "" {
		month := t.periods()[2]
		t.From, t.To = month.From, month.To
		q.From, q.To = t.From, t.To.AddDate(0, 0, 1)
	}
	t.By = viewership.ByDay // for the words of a day
	ctx := c.Request().Context()
	v := flagged{table: t, Done: page.DoneOf(c)}
	if v.Flags, err = r.Flags.Flags(ctx, page.Who(c), q.From, q.To); err != nil {
		return err
	}
	if v.Names, err = r.names(ctx); err != nil {
		return err
	}
	for _, f := range v.Flags {
		if err := v.Names.learn(ctx, f.RestoredBy); err != nil {
			return err
		}
	}
	if format != "" {
		return r.sendFlags(c, v, format)
	}
	return page.Render(c, http.StatusOK, flagsPage(v))
}

// sendFlags sends the flags on screen; viewers stay as short as there.
func (r Handler) sendFlags(c echo.Context, v flagged, format string) error {
	ctx := c.Request().Context()
	text := func(key string) any { return locale.T(ctx, key) }
	head := []any{text("flags.viewer"), text("department.by_day"), text("flags.reason"), text("flags.sessions"),
		text("flags.state"), text("flags.restored_by"), text("flags.restored_at")}
	name := "lenlop-flags-" + v.From.Format(dayLayout) + "-" + v.To.Format(dayLayout)
	return page.SendSheet(c, r.Sheets, format, name, locale.T(ctx, "flags.title"), head,
		each(v.Flags, func(f playback.Flag) []any {
			row := []any{viewerName(ctx, f.Viewer), f.Day, locale.T(ctx, "flags."+f.Reason), f.Sessions,
				locale.T(ctx, "flags.left_out")}
			if f.RestoredBy != "" {
				row[4] = locale.T(ctx, "flags.counted")
				row = append(row, v.Names.Person(f.RestoredBy), locale.From(ctx).DateTime(f.RestoredAt))
			}
			return row
		}))
}

// restore counts a flagged day after all, or leaves it out again.
func (r Handler) restore(c echo.Context) error {
	back := c.FormValue("restored") == "yes"
	if err := r.Flags.Restore(c.Request().Context(), page.Who(c), c.FormValue("viewer"), c.FormValue("day"),
		back); err != nil {
		return err
	}
	q := url.Values{"from": {c.FormValue("from")}, "to": {c.FormValue("to")}, "done": {"flag_kept"}}
	if back {
		q.Set("done", "flag_undone")
	}
	return c.Redirect(http.StatusSeeOther, "/department/flags?"+q.Encode())
}

// shortViewer tells viewers apart without saying who they are: the figure is
// judged, not the student.
func shortViewer(id string) (key, tail string) {
	key = "flags.device"
	if strings.HasPrefix(id, "p:") {
		key = "flags.person"
	}
	return key, "…" + id[max(0, len(id)-6):]
}
