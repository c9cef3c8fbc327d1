package department

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/viewership"
	"lenlop/services/viewership/disclosure"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// reach is the page of how many different students lessons reached.
type reach struct {
	table
	homes
	Reach viewership.Reach
	None  bool // no rosters in it
}

// homes are the stated viewers of a home, as typed.
type homes struct {
	Low, High string
	PerHome   viewership.Range
}

// homesAsked reads the stated viewers of a home from the address.
func homesAsked(c echo.Context) (h homes, err error) {
	h.Low, h.High = c.QueryParam("home_low"), c.QueryParam("home_high")
	var bad []fault.Field
	read := func(name, s string) float64 {
		if s == "" {
			return 0
		}
		n, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
		if err != nil || n < 1 || n > 20 {
			bad = append(bad, fault.Wrong(name, "reach.bad_home"))
			return 0
		}
		return n
	}
	h.PerHome = viewership.Range{Low: read("home_low", h.Low), High: read("home_high", h.High)}
	if len(bad) == 0 && (h.Low == "") != (h.High == "") {
		bad = append(bad, fault.Wrong("home_high", "reach.both_homes"))
	}
	if len(bad) == 0 && h.PerHome.High < h.PerHome.Low {
		bad = append(bad, fault.Wrong("home_high", "reach.homes_order"))
	}
	return h, fault.Form("viewership.invalid", bad...)
}

func (r Handler) reach(c echo.Context) error {
	ctx := c.Request().Context()
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	t, q, err := r.asked(c)
	v := reach{table: t}
	if err == nil {
		v.homes, err = homesAsked(c)
	}
	status := http.StatusOK
	if err == nil {
		v.Reach, err = r.Views.ReachIn(ctx, page.Who(c),
			viewership.ReachQuery{From: q.From, To: q.To, Grade: q.Grade, Area: q.Area, PerHome: v.PerHome})
	}
	if fault.Is(err, "reach.no_rosters") {
		v.None, err = true, nil
	}
	if err == nil && format != "" {
		return r.sendReach(c, v, format)
	}
	if fault.KindOf(err) == fault.Invalid && err != nil {
		status = page.Status(err)
		v.Form = page.Form{Err: err, Values: map[string]string{"from": c.QueryParam("from"), "to": c.QueryParam("to"),
			"home_low": c.QueryParam("home_low"), "home_high": c.QueryParam("home_high")}}
		err = nil
	}
	if err != nil {
		return err
	}
	if err := r.choices(ctx, &v.table); err != nil {
		return err
	}
	return page.Render(c, status, reachPage(v))
}

// address keeps the stated viewers of a home too.
func (v reach) again() string {
	a := v.table.address("/department/reach", "by", "")
	if v.PerHome.High > 0 {
		a += "&home_low=" + v.Low + "&home_high=" + v.High
	}
	return a
}

// lines of the page, in words and values.
func (v reach) lines(ctx context.Context) [][2]string {
	x := v.Reach
	n := func(i int, value int64) string {
		if m := x.Marks[i]; m != disclosure.Shown {
			return hidden(ctx, m)
		}
		return locale.From(ctx).Number(value)
	}
	return [][2]string{
		{locale.T(ctx, "reach.population"), locale.From(ctx).Number(x.Population)},
		{locale.T(ctx, "reach.television_only"), n(0, x.Identified.TelevisionOnly)},
		{locale.T(ctx, "reach.web_only"), n(1, x.Identified.WebOnly)},
		{locale.T(ctx, "reach.both"), n(2, x.Identified.Both)},
		{locale.T(ctx, "reach.low"), n(3, x.Low)},
		{locale.T(ctx, "reach.high"), locale.From(ctx).Number(x.High)},
	}
}

func (r Handler) sendReach(c echo.Context, v reach, format string) error {
	ctx := c.Request().Context()
	var lines [][2]string
	if !v.None {
		lines = v.lines(ctx)
		for _, a := range v.Reach.Assumed {
			lines = append(lines, [2]string{locale.T(ctx, "reach.assumed"), assumed(ctx, a, v.PerHome)})
		}
		if v.Reach.Unbounded {
			lines = append(lines, [2]string{locale.T(ctx, "reach.assumed"), locale.T(ctx, "reach.unbounded")})
		}
	}
	name := "lenlop-reach-" + v.From.Format(dayLayout) + "-" + v.To.Format(dayLayout)
	return page.SendSheet(c, r.Sheets, format, name, locale.T(ctx, "reach.title"),
		[]any{locale.T(ctx, "reach.title"), chosen(ctx, v.table)},
		each(lines, func(x [2]string) []any { return []any{x[0], x[1]} }))
}

func assumed(ctx context.Context, code string, perHome viewership.Range) string {
	return locale.T(ctx, "reach."+code, "low", locale.From(ctx).Decimal(perHome.Low, 1), "high",
		locale.From(ctx).Decimal(perHome.High, 1))
}

// between words the bounds of a reach.
func between(ctx context.Context, x viewership.Reach) string {
	low := locale.From(ctx).Number(x.Low)
	if x.Marks[3] != disclosure.Shown {
		low = hidden(ctx, x.Marks[3])
	}
	return locale.T(ctx, "reach.between", "low", low, "high", locale.From(ctx).Number(x.High))
}
