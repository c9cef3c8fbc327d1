package department

import (
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/viewership"
	"lenlop/services/viewership/television"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// reportList are the reports made so far.
type reportList struct {
	Reports []viewership.Report
	Names   *names
}

// report is one frozen report, to be read and printed. Nothing on it is read
// again but the names of what it was narrowed to.
type report struct {
	viewership.Report
	table  // words for its rows
	Names  *names
	Reason []string // codes of what was left out, in order
	May    bool     // may make a corrected one
}

// key is the public key's hex, to compare with the published one.
func (v report) key() string { return hex.EncodeToString(v.PublicKey) }

func (v report) signature() string { return hex.EncodeToString(v.Signature) }

// day of a report's period as people write it; to is left out of the period,
// so the last day is the one before.
func (v report) day(s string, before int) time.Time {
	t, err := time.ParseInLocation(dayLayout, s, v.Zone)
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, -before)
}

func (r Handler) reports(c echo.Context) error {
	ctx := c.Request().Context()
	var v reportList
	var err error
	if v.Reports, err = r.Reports.ReportList(ctx, page.Who(c)); err != nil {
		return err
	}
	if v.Names, err = r.names(ctx); err != nil {
		return err
	}
	for _, x := range v.Reports {
		if err := v.Names.learn(ctx, x.MadeBy); err != nil {
			return err
		}
	}
	return page.Render(c, http.StatusOK, reportsPage(v))
}

// makeReport freezes the table that the form's address asks for.
func (r Handler) makeReport(c echo.Context) error {
	_, q, err := r.asked(c)
	if err != nil {
		return err
	}
	x, err := r.Reports.MakeReport(c.Request().Context(), page.Who(c), q, c.FormValue("corrects"))
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/department/reports/"+x.ID)
}

func (r Handler) report(c echo.Context) error {
	ctx := c.Request().Context()
	x, err := r.Reports.ReportByID(ctx, page.Who(c), c.Param("report"))
	if err != nil {
		return err
	}
	if c.QueryParam("format") == "json" {
		return sendSigned(c, x)
	}
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	v := report{Report: x, table: table{By: x.Frozen.By, Zone: r.Zone, Now: r.Now()},
		Reason: slices.Sorted(maps.Keys(x.Frozen.LeftOut)),
		May:    people.May(page.Who(c), people.MakeReport, people.Object{})}
	if v.Names, err = r.names(ctx); err != nil {
		return err
	}
	v.Subjects = v.Names.Subjects
	if v.Channels, err = r.Channels.Channels(ctx); err != nil {
		return err
	}
	if v.Areas, err = r.Schools.Areas(ctx); err != nil {
		return err
	}
	if err := v.Names.learn(ctx, x.MadeBy); err != nil {
		return err
	}
	if format != "" {
		return r.sendReport(c, v, format)
	}
	return page.Render(c, http.StatusOK, reportPage(v))
}

// sendSigned sends the report with its signature, as "lenlop report verify"
// reads it.
func sendSigned(c echo.Context, x viewership.Report) error {
	raw, err := x.Sealed()
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="lenlop-report-`+x.ID+`.json"`)
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, raw)
}

// sendReport sends the frozen rows as a file, their sum last, then what the
// report says of itself.
func (r Handler) sendReport(c echo.Context, v report, format string) error {
	ctx := c.Request().Context()
	text := func(key string) string { return locale.T(ctx, key) }
	head := []any{text("department.by_" + v.By), text("department.id"), text("department.web_views"),
		text("department.web_viewers"),
		text("department.watch_hours"), text("department.completions")}
	for _, g := range grades {
		head = append(head, text("department.tv")+" "+string(g), text("department.unit")+" "+string(g))
	}
	head = append(head, text("department.airings"), text("department.airings_no_data"),
		text("department.airings_planned"))
	t := v.table
	if t.By == viewership.ByArea {
		t.By = viewership.BySchool // areas are kept with their names only
	}
	return page.SendSheet(c, r.Sheets, format, "lenlop-report-"+v.ID, text("report.title"), head,
		func(yield func([]any) bool) {
			for _, x := range v.Frozen.Rows {
				if !yield(record(ctx, t, thawed(x))) {
					return
				}
			}
			total := record(ctx, t, thawed(v.Frozen.Total))
			total[0], total[1] = text("report.total"), nil
			if !yield(total) {
				return
			}
			for _, line := range [][2]string{{text("report.id"), v.ID},
				{text("report.as_of"), locale.From(ctx).DateTime(v.Frozen.AsOf)}, {"SHA-256", v.Hash},
				{"Ed25519", v.signature()}, {text("report.key"), v.key()},
				{text("ledger.rules"), strings.Join(v.Frozen.Rules, " ")}} {
				if !yield([]any{line[0], line[1]}) {
					return
				}
			}
		})
}

// thawed is a frozen row as the table's words know it.
func thawed(x viewership.FrozenRow) viewership.Row {
	r := viewership.Row{Key: x.Key, Label: x.Label, Parent: x.Parent, Depth: x.Depth, Mark: x.Hidden, WebViews: x.Views,
		WebViewers:   x.Viewers,
		WatchSeconds: x.WatchSeconds, Completions: x.Completions, OfflineViews: x.OfflineViews, Airings: x.Airings,
		AiringsNoData: x.AiringsNoData, AiringsPlanned: x.AiringsPlanned}
	for _, h := range x.Television {
		r.Contacts = append(r.Contacts, television.Headline(h))
	}
	return r
}

// channelName is a channel's name, or its id when it is gone.
func (v report) channelName(id string) string {
	for _, ch := range v.Channels {
		if ch.ID == id {
			return ch.Name
		}
	}
	return id
}

// areaName is an area's name, or its id when it is gone.
func (v report) areaName(id string) string {
	for _, a := range v.Areas {
		if a.ID == id {
			return a.Name
		}
	}
	return id
}

// again is the address that makes this report again.
func (v report) again() string {
	f := v.Frozen
	t := table{From: v.day(f.From, 0), To: v.day(f.To, 1), By: f.By, Subject: f.Subject, School: f.School, Area: f.Area,
		Channel: f.Channel}
	if f.Grade > 0 {
		t.Grade = strconv.Itoa(f.Grade)
	}
	return t.address("/department/reports", "", "")
}
