package teacher

import (
	"github.com/labstack/echo/v4"

	"lenlop/web/page"
)

// recording sends the original file.
func (r Handler) recording(c echo.Context) error {
	rec, err := r.Lessons.Original(c.Request().Context(), page.Who(c), c.Param("lesson"))
	if err != nil {
		return err
	}
	return page.Download(c, r.Media, page.Saved{Key: rec.Key, Name: rec.Filename, Size: rec.Size})
}
