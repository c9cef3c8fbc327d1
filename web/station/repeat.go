package station

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/schedule"
	"lenlop/web/page"
)

// repeatFields are the inputs of repeats: one more time, or some weeks.
var repeatFields = []string{"repeatDay", "repeatAt", "weeks"}

// repeat plans the airing again, at one more time or every week.
func (r Handler) repeat(c echo.Context) error {
	ctx := c.Request().Context()
	f := page.FormOf(c, repeatFields...)
	a, err := r.Schedule.Store.Airing(ctx, c.Param("airing"))
	if err != nil {
		return err
	}
	starts, err := r.repeats(f, a)
	if err == nil {
		_, err = r.Schedule.Repeat(ctx, page.Who(c), a.ID, starts)
	}
	return r.backToAiring(c, err, "repeated", func(v *airing) { f.Err = err; v.Repeat = f })
}

// repeats reads the times that were asked for.
func (r Handler) repeats(f page.Form, a schedule.Airing) ([]time.Time, error) {
	if weeks := f.Values["weeks"]; weeks != "" {
		n, err := strconv.Atoi(weeks)
		if err != nil || n < 1 || n > schedule.MaxRepeats {
			return nil, fault.Form("airing.invalid",
				fault.Wrong("weeks", "field.out_of_range", "min", 1, "max", schedule.MaxRepeats))
		}
		return schedule.Weekly(a.StartsAt, n, r.Zone), nil
	}
	at, wrong := moment("repeatAt", f.Values["repeatDay"], f.Values["repeatAt"], r.Zone)
	switch {
	case wrong != nil:
		return nil, fault.Form("airing.invalid", *wrong)
	case at.IsZero():
		return nil, fault.Form("airing.invalid", fault.Wrong("repeatAt", "field.required"))
	}
	return []time.Time{at}, nil
}

// kin are the other airings of a first one and its repeats.
func (r Handler) kin(c echo.Context, a schedule.Airing) ([]schedule.Airing, error) {
	all, err := r.Schedule.Kin(c.Request().Context(), a)
	if err != nil {
		return nil, err
	}
	var others []schedule.Airing
	for _, x := range all {
		if x.ID != a.ID {
			others = append(others, x)
		}
	}
	return others, nil
}
