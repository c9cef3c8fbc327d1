package department

import (
	"context"
	"iter"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/viewership"
	"lenlop/services/viewership/disclosure"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// csv is the table as a CSV file, at an address of its own since before
// ?format= was there.
func (r Handler) csv(c echo.Context) error {
	t, q, err := r.asked(c)
	if err != nil {
		return err
	}
	if err := r.rows(c, &t, q); err != nil {
		return err
	}
	return r.send(c, t, "csv")
}

// send sends the table on screen as a file. An empty cell is "no data", never
// zero, and what is hidden on screen is hidden there.
func (r Handler) send(c echo.Context, t table, format string) error {
	ctx := c.Request().Context()
	text := func(key string) string { return locale.T(ctx, key) }
	head := []any{text("department.by_" + t.By), text("department.id")}
	if t.By == viewership.ByArea {
		head = append(head, text("department.within"))
	}
	head = append(head, text("department.web_views"), text("department.web_viewers"), text("department.watch_hours"),
		text("department.completions"))
	for _, g := range grades {
		head = append(head, text("department.tv")+" "+string(g), text("department.unit")+" "+string(g))
	}
	head = append(head, text("department.airings"), text("department.airings_no_data"),
		text("department.airings_planned"))
	name := "lenlop-" + t.By + "-" + t.From.Format(dayLayout) + "-" + t.To.Format(dayLayout)
	return page.SendSheet(c, r.Sheets, format, name, text("department.title"), head,
		each(t.Rows, func(x viewership.Row) []any { return record(ctx, t, x) }))
}

// each gives a file's rows one by one.
func each[T any](list []T, fn func(T) []any) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for _, x := range list {
			if !yield(fn(x)) {
				return
			}
		}
	}
}

// record is one row of the file.
func record(ctx context.Context, t table, x viewership.Row) []any {
	name := x.Label
	switch t.By {
	case viewership.BySubject, viewership.ByGrade, viewership.ByDay, viewership.ByArea:
		name = label(ctx, t, x)
	}
	rec := []any{name, x.Key}
	if t.By == viewership.ByArea {
		rec = append(rec, x.Parent)
	}
	switch {
	case t.By == viewership.ByChannel: // a channel has no web figures
		rec = append(rec, nil, nil, nil, nil)
	case x.Mark != disclosure.Shown:
		h := hidden(ctx, x.Mark)
		rec = append(rec, hidden(ctx, disclosure.Withheld), h, hidden(ctx, disclosure.Withheld),
			hidden(ctx, disclosure.Withheld))
	default:
		rec = append(rec, x.WebViews, x.WebViewers, hours(x.WatchSeconds), x.Completions)
	}
	for _, g := range grades {
		var values []any
		var units []string
		for _, h := range cell(x, g) {
			units = append(units, h.Unit)
			if h.Mark != disclosure.Shown {
				values = append(values, hidden(ctx, h.Mark))
				continue
			}
			values = append(values, h.Value)
		}
		rec = append(rec, together(ctx, values), strings.Join(units, " / "))
	}
	return append(rec, x.Airings, x.AiringsNoData, x.AiringsPlanned)
}

// hours rounds seconds to hundredths of an hour.
func hours(seconds float64) float64 { return float64(int64(seconds/36+0.5)) / 100 }

// together is one value as it is, several in one text, none as nothing.
func together(ctx context.Context, values []any) any {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return values[0]
	}
	var words []string
	for _, v := range values {
		if n, is := v.(float64); is {
			words = append(words, locale.From(ctx).Decimal(n, 1))
		} else {
			words = append(words, v.(string))
		}
	}
	return strings.Join(words, " / ")
}

// hidden is what stands for a count that is not shown.
func hidden(ctx context.Context, m disclosure.Mark) string {
	if m == disclosure.Small {
		return "<5"
	}
	return locale.T(ctx, "department.hidden")
}
