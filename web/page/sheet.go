package page

import (
	"io"
	"iter"
	"mime"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
)

// Sheets writes a table as a file of a format, "csv" or "xlsx": rows of text,
// whole numbers, fractions and nothing (nil), the first the heading.
type Sheets func(w io.Writer, format, title string, rows iter.Seq[[]any]) error

// sheetTypes are the media types of the formats.
var sheetTypes = map[string]string{
	"csv":  "text/csv; charset=utf-8",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// SheetFormat is the file that ?format= asks for, or "" for the page itself.
// Another word is a fault on the field.
func SheetFormat(c echo.Context) (string, error) {
	f := c.QueryParam("format")
	if _, known := sheetTypes[f]; known || f == "" {
		return f, nil
	}
	return "", fault.Form("request.invalid", fault.Wrong("format", "field.unreadable"))
}

// SendSheet sends a table as a file to be kept; name is without its ending.
func SendSheet(c echo.Context, write Sheets, format, name, title string, head []any, rows iter.Seq[[]any]) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, sheetTypes[format])
	h.Set("Cache-Control", "private, no-store")
	h.Set(echo.HeaderContentDisposition,
		mime.FormatMediaType("attachment", map[string]string{"filename": name + "." + format}))
	c.Response().WriteHeader(http.StatusOK)
	return write(c.Response(), format, title, func(yield func([]any) bool) {
		if !yield(slices.Clone(head)) {
			return
		}
		rows(yield)
	})
}
