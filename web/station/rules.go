package station

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/schedule"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// saveRule sets how many slots a week a grade's subject has at least, or, without
// grade and subject, all of them. Saving nothing takes a rule away; so does none,
// except that it frees a grade's subject of the rule for all.
func (r Handler) saveRule(c echo.Context) error {
	ctx := c.Request().Context()
	f := page.FormOf(c, "grade", "subject", "atLeast")
	grade := 0
	if s := f.Values["grade"]; s != "" {
		if n, err := strconv.Atoi(s); err == nil && n > 0 {
			grade = n
		} else {
			grade = -1 // no grade, and refused
		}
	}
	away := c.FormValue("remove") == "yes"
	n, err := strconv.Atoi(f.Values["atLeast"])
	if err != nil && !away {
		return r.showWeek(c, http.StatusUnprocessableEntity, page.Form{Values: f.Values,
			Err: fault.Form("schedule.bad_rules", fault.Wrong("atLeast", "field.unreadable"))})
	}
	rules, err := r.Schedule.WeekRules.Rules(ctx)
	if err != nil {
		return err
	}
	rules = slices.DeleteFunc(rules,
		func(x schedule.Slots) bool { return x.Grade == grade && x.Subject == f.Values["subject"] })
	all, own := split(rules)
	if n != 0 || !away && all > 0 {
		rules = append(rules, schedule.Slots{Grade: grade, Subject: f.Values["subject"], AtLeast: n})
	}
	if grade == 0 && f.Values["subject"] == "" && (n == 0 || away) { // nothing is left to be freed of
		rules = slices.DeleteFunc(own, func(x schedule.Slots) bool { return x.AtLeast == 0 })
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

// split parts the rule for all (0: there is none) from those of grades and subjects.
func split(rules []schedule.Slots) (all int, own []schedule.Slots) {
	for _, x := range rules {
		if x.Grade == 0 && x.Subject == "" {
			all = x.AtLeast
		} else {
			own = append(own, x)
		}
	}
	return all, own
}

// byGrade groups shortfalls, which come by grade, for one line each.
func byGrade(broken []schedule.Shortfall) (grades [][]schedule.Shortfall) {
	for i, x := range broken {
		if i == 0 || x.Grade != broken[i-1].Grade {
			grades = append(grades, nil)
		}
		grades[len(grades)-1] = append(grades[len(grades)-1], x)
	}
	return grades
}

// allOr is the rule for all, or the usual one where there is none.
func allOr(rules []schedule.Slots, usual int) int {
	if all, _ := split(rules); all > 0 {
		return all
	}
	return usual
}

func exceptions(rules []schedule.Slots) []schedule.Slots {
	_, own := split(rules)
	return own
}

// ruleWords say what one rule asks for.
func ruleWords(ctx context.Context, x schedule.Slots) string {
	if x.AtLeast == 0 {
		return locale.T(ctx, "rules.free")
	}
	return locale.T(ctx, "rules.need", "n", x.AtLeast)
}
