package department

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/viewership"
	"lenlop/web/page"
)

// flagged are the viewers' days that web-flag/1 leaves out, of a period.
type flagged struct {
	table
	Names *names
	Flags []viewership.Flag
	Done  string
}

// flags lists the last thirty days unless the address says otherwise.
func (r Room) flags(c echo.Context) error {
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
	if v.Flags, err = r.Views.Flags(ctx, page.Who(c), q.From, q.To); err != nil {
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
	return page.Render(c, http.StatusOK, flagsPage(v))
}

// restore counts a flagged day after all, or leaves it out again.
func (r Room) restore(c echo.Context) error {
	back := c.FormValue("restored") == "yes"
	if err := r.Views.Restore(c.Request().Context(), page.Who(c), c.FormValue("viewer"), c.FormValue("day"), back); err != nil {
		return err
	}
	q := url.Values{"from": {c.FormValue("from")}, "to": {c.FormValue("to")}, "done": {"flag_kept"}}
	if back {
		q.Set("done", "flag_undone")
	}
	return c.Redirect(http.StatusSeeOther, "/department/flags?"+q.Encode())
}

// shortViewer tells viewers apart without saying who they are: the figure is
// judged, not the pupil.
func shortViewer(id string) (key, tail string) {
	key = "flags.device"
	if strings.HasPrefix(id, "p:") {
		key = "flags.person"
	}
	return key, "…" + id[max(0, len(id)-6):]
}
