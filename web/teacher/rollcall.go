package teacher

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/viewership"
	"lenlop/services/viewership/television"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// RollCalls are taken by a class's teachers (television.Service).
type RollCalls interface {
	RollCallsOf(ctx context.Context, by people.Person, since time.Time) ([]television.ClassAirings, error)
	RollSheetOf(ctx context.Context, by people.Person, airingID, classID string) (television.RollSheet, error)
	TakeRollCall(ctx context.Context, by people.Person, r television.RollCall) (television.RollCall, error)
}

// Viewing reads who watched (viewership.Service).
type Viewing interface {
	Unreached(ctx context.Context, by people.Person, classID string, from, to time.Time) (viewership.ClassReach, error)
}

func (r Handler) rollRoutes() []page.Route {
	const one = "/teacher/roll-calls/:airing/:class"
	return []page.Route{
		{Method: http.MethodGet, Path: "/teacher/roll-calls", Action: people.ListClasses, Scope: page.Site,
			Handle: r.rollCalls},
		{Method: http.MethodGet, Path: one, Action: people.RollCall, Scope: page.Object,
			Handle: page.SignedIn(r.rollSheet)},
		{Method: http.MethodPost, Path: one, Action: people.RollCall, Scope: page.Object,
			Handle: page.SignedIn(r.callRoll)},
		{Method: http.MethodGet, Path: "/classes/:class/unreached", Action: people.ReadUnreached, Scope: page.Object,
			Handle: page.SignedIn(r.unreached)},
	}
}

// rollDays is how far back airings are offered, in days.
const rollDays = 14

// rollList are the airings that a teacher's classes can call the roll for.
type rollList struct {
	Classes []television.ClassAirings
	Done    string
}

func (r Handler) rollCalls(c echo.Context) error {
	v := rollList{Done: page.DoneOf(c)}
	var err error
	if v.Classes, err = r.RollCalls.RollCallsOf(c.Request().Context(), page.Who(c),
		r.Now().AddDate(0, 0, -rollDays)); err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, rollListPage(v))
}

// roll is one class's page for one airing.
type roll struct {
	television.RollSheet
	Form page.Form
}

func (r Handler) rollSheet(c echo.Context) error { return r.showRoll(c, nil) }

func (r Handler) showRoll(c echo.Context, wrong error) error {
	x, err := r.RollCalls.RollSheetOf(c.Request().Context(), page.Who(c), c.Param("airing"), c.Param("class"))
	if err != nil {
		return err
	}
	v, status := roll{RollSheet: x}, http.StatusOK
	if wrong != nil {
		status = page.Status(wrong)
		v.Form = page.Form{Err: wrong,
			Values: map[string]string{"asked": c.FormValue("asked"), "watched": c.FormValue("watched")}}
		v.Ticked = map[string]bool{}
		for _, p := range c.Request().Form["names"] {
			v.Ticked[p] = true
		}
	}
	return page.Render(c, status, rollPage(v))
}

// callRoll takes names (how "names") or two numbers.
func (r Handler) callRoll(c echo.Context) error {
	x := television.RollCall{AiringID: c.Param("airing"), ClassID: c.Param("class")}
	if c.FormValue("how") == "names" {
		x.Named, x.Names = true, c.Request().Form["names"]
	} else {
		x.Asked, x.Watched = whole(c.FormValue("asked")), whole(c.FormValue("watched"))
	}
	if _, err := r.RollCalls.TakeRollCall(c.Request().Context(), page.Who(c), x); err != nil {
		if k := fault.KindOf(err); k == fault.Invalid || k == fault.Conflict {
			return r.showRoll(c, err)
		}
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/teacher/roll-calls?done=roll_called")
}

// whole reads a typed number; anything else is -1, which no rule takes.
func whole(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// unreachedList is a class's students whom nobody is known to have reached.
type unreachedList struct {
	viewership.ClassReach
	From, To time.Time // local midnights; To is the last day
	Form     page.Form
}

func (r Handler) unreached(c echo.Context) error {
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	now := r.Now().In(r.Zone)
	to := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, r.Zone)
	v := unreachedList{From: to.AddDate(0, 0, -27), To: to}
	var bad []fault.Field
	for name, at := range map[string]*time.Time{"from": &v.From, "to": &v.To} {
		if s := c.QueryParam(name); s != "" {
			d, err := time.ParseInLocation(time.DateOnly, s, r.Zone)
			if err != nil {
				bad = append(bad, fault.Wrong(name, "field.bad_date"))
				continue
			}
			*at = d
		}
	}
	wrong := fault.Form("viewership.invalid", bad...)
	status := http.StatusOK
	v.ClassReach, err = r.Viewing.Unreached(c.Request().Context(), page.Who(c), c.Param("class"), v.From,
		v.To.AddDate(0, 0, 1))
	if fault.Is(err, "viewership.bad_period") {
		wrong = err
		v.From, v.To = to.AddDate(0, 0, -27), to
		v.ClassReach, err = r.Viewing.Unreached(c.Request().Context(), page.Who(c), c.Param("class"), v.From,
			v.To.AddDate(0, 0, 1))
	}
	if err != nil {
		return err
	}
	if wrong != nil {
		status = page.Status(wrong)
		v.Form = page.Form{Err: wrong,
			Values: map[string]string{"from": c.QueryParam("from"), "to": c.QueryParam("to")}}
	}
	if format != "" && wrong == nil {
		return r.sendUnreached(c, v, format)
	}
	return page.Render(c, status, unreachedPage(v))
}

func (r Handler) sendUnreached(c echo.Context, v unreachedList, format string) error {
	ctx := c.Request().Context()
	head := []any{locale.T(ctx, "unreached.student"), locale.T(ctx, "department.id")}
	return page.SendSheet(c, r.Sheets, format, "lenlop-unreached-"+v.Class.ID, locale.T(ctx, "unreached.title"), head,
		func(yield func([]any) bool) {
			for _, s := range v.Unreached {
				if !yield([]any{studentName(ctx, s), s.PersonID}) {
					return
				}
			}
		})
}

// studentName is a student's name, or the beginning of the key of one whose
// school keeps no names.
func studentName(ctx context.Context, s school.Student) string {
	if s.Name != "" {
		return s.Name
	}
	return locale.T(ctx, "roll.nameless", "key", s.Key[:min(6, len(s.Key))])
}
