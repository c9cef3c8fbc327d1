package department

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/viewership"
	"lenlop/web/locale"
)

// csv sends the table as a file that spreadsheets open: UTF-8 with a mark,
// because Excel takes Vietnamese for something else without it. An empty cell
// is "no data", never zero.
func (r Room) csv(c echo.Context) error {
	t, q, err := r.asked(c)
	if err != nil {
		return err
	}
	if err := r.rows(c, &t, q); err != nil {
		return err
	}
	ctx := c.Request().Context()
	say := func(key string) string { return locale.T(ctx, key) }
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Disposition", `attachment; filename="lenlop-`+t.By+"-"+t.From.Format(dayLayout)+"-"+t.To.Format(dayLayout)+`.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	if _, err := c.Response().Write([]byte("\ufeff")); err != nil {
		return err
	}
	w := csv.NewWriter(c.Response())
	head := []string{
		say("department.by_" + t.By), say("department.id"), say("department.web_views"), say("department.web_viewers"),
		say("department.watch_hours"), say("department.completions"),
	}
	for _, g := range grades {
		head = append(head, say("department.tv")+" "+string(g), say("department.unit")+" "+string(g))
	}
	head = append(head, say("department.airings"), say("department.airings_no_data"), say("department.airings_planned"))
	if err := w.Write(safe(head)); err != nil {
		return err
	}
	for _, x := range t.Rows {
		if err := w.Write(safe(record(x, t.By))); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// record is one row of the file.
func record(x viewership.Row, by string) []string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	f := func(v float64, places int) string { return strconv.FormatFloat(v, 'f', places, 64) }
	rec := []string{x.Label, x.Key}
	if by == viewership.ByChannel { // a channel has no web figures
		rec = append(rec, "", "", "", "")
	} else {
		rec = append(rec, n(x.WebViews), n(x.WebViewers), f(x.WatchSeconds/3600, 2), n(x.Completions))
	}
	for _, g := range grades {
		var values, units []string
		for _, h := range cell(x, g) {
			values, units = append(values, f(h.Value, -1)), append(units, h.Unit)
		}
		rec = append(rec, strings.Join(values, " / "), strings.Join(units, " / "))
	}
	return append(rec, n(x.Airings), n(x.AiringsNoData), n(x.AiringsPlanned))
}

// safe closes formula injection: a cell that a spreadsheet would run as a
// formula is led by an apostrophe (OWASP, "CSV Injection").
func safe(cells []string) []string {
	out := make([]string, len(cells))
	for i, s := range cells {
		if s != "" && strings.ContainsRune("=+-@\t\r\n|", rune(s[0])) || strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") || strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") {
			s = "'" + s
		}
		out[i] = s
	}
	return out
}
