package station

import (
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/web/page"
)

// original sends a file as it was handed in; the browser keeps it and shows
// nothing of it.
func original(c echo.Context, filename string, data []byte) error {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, filename)
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	return c.Blob(http.StatusOK, "application/octet-stream", data)
}

// figureFile sends an imported file of figures as it came.
func (r Handler) figureFile(c echo.Context) error {
	i, err := r.Figures.ImportedFile(c.Request().Context(), page.Who(c), c.Param("import"))
	if err != nil {
		return err
	}
	return original(c, i.Filename, i.Data)
}

// logFile sends an imported log as it came.
func (r Handler) logFile(c echo.Context) error {
	i, err := r.Schedule.ImportedLog(c.Request().Context(), page.Who(c), c.Param("import"))
	if err != nil {
		return err
	}
	return original(c, i.Filename, i.Data)
}
