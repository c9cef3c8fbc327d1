package department

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/viewership"
	"lenlop/web/page"
)

// ledger is one lesson's page: everything known of who watched it.
type ledger struct {
	Lesson    lesson.Lesson
	Ledger    viewership.Ledger
	Bins      []viewership.Bin
	Names     *names
	Station   bool // may open an airing's page
	Excluded  []string
	Televised int // airings that happened
}

func (r Room) ledger(c echo.Context) error {
	ctx, by := c.Request().Context(), page.Who(c)
	id := c.Param("lesson")
	v := ledger{Station: people.May(by, people.ReadSchedule, people.Object{})}
	var err error
	if v.Ledger, err = r.Views.Ledger(ctx, by, id); err != nil {
		return err
	}
	if v.Lesson, err = r.Lessons.Read(ctx, by, id); err != nil {
		return err
	}
	if v.Bins, err = r.Views.Retention(ctx, by, id); err != nil {
		return err
	}
	if v.Names, err = r.names(ctx); err != nil {
		return err
	}
	ids := []string{v.Lesson.TeacherID}
	for _, a := range v.Ledger.Airings {
		if a.Airing.Outcome.Happened() {
			v.Televised++
		}
		for _, f := range a.Figures {
			ids = append(ids, f.HandedInBy)
		}
	}
	if err := v.Names.learn(ctx, ids...); err != nil {
		return err
	}
	slices.SortStableFunc(v.Ledger.Airings, func(a, b viewership.AiringFigures) int {
		return cmp.Compare(a.Airing.StartsAt.Unix(), b.Airing.StartsAt.Unix())
	})
	v.Excluded = slices.Sorted(maps.Keys(v.Ledger.Web.Excluded))
	return page.Render(c, http.StatusOK, ledgerPage(v))
}

// played reports whether anybody's viewing is known bin by bin.
func (v ledger) played() bool {
	return slices.ContainsFunc(v.Bins, func(b viewership.Bin) bool { return b.Viewers > 0 })
}
