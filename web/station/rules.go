package station

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/schedule"
	"lenlop/web/page"
)

// saveRule sets how many slots a week a grade's subject has at least; none
// takes the rule away.
func (r Room) saveRule(c echo.Context) error {
	ctx := c.Request().Context()
	f := page.FormOf(c, "grade", "subject", "atLeast")
	grade, _ := strconv.Atoi(f.Values["grade"]) // 0 is no grade, and refused
	n, err := strconv.Atoi(f.Values["atLeast"])
	if err != nil {
		return r.showWeek(c, http.StatusUnprocessableEntity, page.Form{Values: f.Values,
			Err: fault.Form("schedule.bad_rules", fault.Wrong("atLeast", "field.unreadable"))})
	}
	rules, err := r.Schedule.WeekRules.Rules(ctx)
	if err != nil {
		return err
	}
	rules = slices.DeleteFunc(rules, func(x schedule.Slots) bool { return x.Grade == grade && x.Subject == f.Values["subject"] })
	if n != 0 {
		rules = append(rules, schedule.Slots{Grade: grade, Subject: f.Values["subject"], AtLeast: n})
	}
	err = r.Schedule.SetRules(ctx, page.Who(c), rules)
	if shown(err) {
		f.Err = err
		return r.showWeek(c, page.Status(err), f)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/station?done=saved")
}
