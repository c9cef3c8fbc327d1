package station

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/production"
	"lenlop/services/schedule"

	"lenlop/web/page"
)

// sheet is the page of one copy and its QC sheet.
type sheet struct {
	Copy    production.Copy
	Sheet   production.Sheet
	Lesson  lesson.Lesson
	Channel schedule.Channel
}

// copyFields are what is typed to have a copy made.
var copyFields = []string{"format"}

// formats are the names of the presets.
func formats() []string {
	var names []string
	for _, f := range production.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// copiesFor picks the copies of a lesson that are an airing's channel's.
func copiesFor(a schedule.Airing, all []production.Copy) []production.Copy {
	var own []production.Copy
	for _, c := range all {
		if c.ChannelID == a.ChannelID {
			own = append(own, c)
		}
	}
	return own
}

func (r Handler) makeCopy(c echo.Context) error {
	ctx := c.Request().Context()
	f := page.FormOf(c, copyFields...)
	a, err := r.Schedule.Store.Airing(ctx, c.Param("airing"))
	if err != nil {
		return err
	}
	_, err = r.Copies.Ask(ctx, page.Who(c), a.LessonID, a.ChannelID, f.Values["format"], a.HouseNumber)
	return r.backToAiring(c, err, "copy", func(v *airing) { f.Err = err; v.CopyForm = f })
}

func (r Handler) sheet(c echo.Context) error {
	ctx, by := c.Request().Context(), page.Who(c)
	x, err := r.Copies.Copy(ctx, by, c.Param("copy"))
	if err != nil {
		return err
	}
	v := sheet{Copy: x}
	if len(x.Sheet) > 0 {
		if err := json.Unmarshal(x.Sheet, &v.Sheet); err != nil {
			return fmt.Errorf("copy %s: sheet: %w", x.ID, err)
		}
	}
	if v.Lesson, err = r.Lessons.Read(ctx, by, x.LessonID); err != nil {
		return err
	}
	if v.Channel, err = r.Schedule.Store.Channel(ctx, x.ChannelID); err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, sheetPage(v))
}

// copyPath and filePath are where a copy's sheet and file stand.
func copyPath(x production.Copy) string { return "/station/copies/" + x.ID }
func filePath(x production.Copy) string { return "/api/v1/broadcast-copies/" + x.ID + "/file" }
