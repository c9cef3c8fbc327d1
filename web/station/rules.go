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
	away := c.FormValue("remove") == "yes"
	var rules []schedule.Slots
	f, err := page.SaveMerged(c.Request().Context(), r.Schedule.Atomic,
		page.FormOf(c, "grade", "subject", "atLeast"),
		func(ctx context.Context) (_ []page.Stored, err error) {
			rules, err = r.Schedule.WeekRules.Rules(ctx)
			return storedRule(rules), err
		},
		func(ctx context.Context, f page.Form) error {
			changed, err := changedRules(rules, f, away)
			if err != nil {
				return err
			}
			return r.Schedule.SetRules(ctx, page.Who(c), changed)
		})
	if shown(err) {
		return r.showWeek(c, page.Status(err), f)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/station?done=saved")
}

// storedRule is the rule for all as its form has it.
func storedRule(rules []schedule.Slots) []page.Stored {
	return []page.Stored{page.Now("atLeast", strconv.Itoa(allOr(rules, schedule.UsualSlots)))}
}

// changedRules puts the rule of a form into the list, or takes it away.
func changedRules(rules []schedule.Slots, f page.Form, away bool) ([]schedule.Slots, error) {
	grade := 0
	if s := f.Values["grade"]; s != "" {
		if n, err := strconv.Atoi(s); err == nil && n > 0 {
			grade = n
		} else {
			grade = -1 // no grade, and refused
		}
	}
	n, err := strconv.Atoi(f.Values["atLeast"])
	if err != nil && !away {
		return nil, fault.Form("schedule.bad_rules", fault.Wrong("atLeast", "field.unreadable"))
	}
	rules = slices.DeleteFunc(slices.Clone(rules),
		func(x schedule.Slots) bool { return x.Grade == grade && x.Subject == f.Values["subject"] })
	all, own := split(rules)
	if n != 0 || !away && all > 0 {
		rules = append(rules, schedule.Slots{Grade: grade, Subject: f.Values["subject"], AtLeast: n})
	}
	if grade == 0 && f.Values["subject"] == "" && (n == 0 || away) { // nothing is left to be freed of
		rules = slices.DeleteFunc(own, func(x schedule.Slots) bool { return x.AtLeast == 0 })
	}
	return rules, nil
}

// ofAll parts the form of the rule for all from that of an exception.
func ofAll(f page.Form) (all, exception page.Form) {
	if f.Values["grade"] == "" && f.Values["subject"] == "" {
		return f, page.Form{}
	}
	return page.Form{}, f
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
