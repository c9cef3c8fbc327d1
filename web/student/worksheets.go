package student

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/worksheet"
	"lenlop/web/page"
)

// Worksheets gives a lesson's files to whoever may read it (worksheet.Service).
type Worksheets interface {
	// Of lists those of a lesson that was read for the visitor.
	Of(ctx context.Context, lessonID string) ([]worksheet.Worksheet, error)
	Read(ctx context.Context, by people.Person, lessonID, id string) (worksheet.Worksheet, error)
}

// worksheetRoute hands one out, to be saved.
func (r Handler) worksheetRoute() page.Route {
	return page.Route{Method: http.MethodGet, Path: "/lessons/:lesson/worksheets/:worksheet", Action: people.ReadLesson,
		Scope: page.Object, Handle: r.worksheet}
}

func (r Handler) worksheet(c echo.Context) error {
	w, err := r.Worksheets.Read(c.Request().Context(), page.Who(c), c.Param("lesson"), c.Param("worksheet"))
	if err != nil {
		return err
	}
	return page.Download(c, r.Media, page.Saved{Key: w.Key, Name: w.Name, Type: w.Type, Size: w.Size})
}
