package teacher

import (
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/caption"
	"lenlop/web/page"
)

// storedRows are the rows as one field: who changed any, changed them.
func storedRows(rows []caption.Row) []page.Stored {
	var b strings.Builder
	for _, x := range rows {
		if line := strings.TrimSpace(x.From + " " + x.To + " " + x.Text); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return []page.Stored{page.Now("rows", b.String())}
}

// mergedRows compares the typed rows with those that were shown and those that
// are stored.
func mergedRows(c echo.Context, e *editor, stored []caption.Row) (unchanged bool, err error) {
	f, now := page.FormOf(c), storedRows(stored)
	f.Values["rows"] = storedRows(e.Rows)[0].Value
	if _, err = f.Merged(now...); page.Changed(err) {
		e.Form.Err, e.Shown = err, page.ShownIn(now)
	}
	return f.Shown() != "" && f.Shown() == page.ShownIn(storedRows(e.Rows)), err
}
