package department

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
)

// dayLayout is how a date input writes a day.
const dayLayout = "2006-01-02"

// groups are what the table can be cut by, in the order shown.
var groups = []string{
	viewership.ByLesson, viewership.BySubject, viewership.ByGrade,
	viewership.BySchool, viewership.ByArea, viewership.ByDay, viewership.ByChannel,
}

// grades of evidence, strongest first.
var grades = []television.Grade{
	television.GradeA, television.GradeB, television.GradeC, television.GradeD, television.GradeE,
}

// table is the department's page: one period, cut one way.
type table struct {
	From, To     time.Time // local midnights; To is the last day shown
	By           string
	Subject      string
	Grade        string
	School       string
	Area         string
	Channel      string
	Rows         []viewership.Row
	Total        viewership.Row
	Grades       []television.Grade // that have a column: some row knows them
	Subjects     []school.Subject
	Schools      []school.School
	Areas        []school.Area
	Channels     []schedule.Channel
	Now          time.Time
	Zone         *time.Location
	Form         page.Form // carries what was wrong with the period
	Keep         int       // days until a period's web figures are final
	Partial      bool      // the period is not over or not final
	LongestBar   float64   // largest figure of the chart
	MissingTotal int64     // airings that happened and have no figures
	Before       *before   // the week before, beside a week
	Page         int       // of the rows, from 1
	Own          string    // whose own figures these are: a school's name; "" for the department
	Path         string    // of this page
}

// rowsPerPage is how many rows of a table stand on a page.
const rowsPerPage = 100

// before is the whole of the days that a week is compared with.
type before struct {
	viewership.Row
	SameDays bool // of a week that is not over: as many days of the week before
}

// pages is how many pages the rows fill.
func (t table) pages() int { return max(1, (len(t.Rows)+rowsPerPage-1)/rowsPerPage) }

// shown are the rows of the page that was asked for.
func (t table) shown() []viewership.Row {
	from := min((t.Page-1)*rowsPerPage, len(t.Rows))
	return t.Rows[from:min(from+rowsPerPage, len(t.Rows))]
}

// turn is the address of another page of the rows.
func (t table) turn(n int) string { return t.address(t.Path, "page", strconv.Itoa(n)) }

// cuts are what the table can be cut by: one's own lessons are of one school.
func (t table) cuts() []string {
	if t.Path == home {
		return groups
	}
	return []string{viewership.ByLesson, viewership.BySubject, viewership.ByGrade, viewership.ByDay}
}

// address of the same table with one thing changed.
func (t table) address(path, name, value string) string {
	q := url.Values{}
	for k, v := range map[string]string{
		"from": t.From.Format(dayLayout), "to": t.To.Format(dayLayout), "by": t.By,
		"subject": t.Subject, "grade": t.Grade, "school": t.School, "area": t.Area, "channel": t.Channel, "page": "",
	} {
		if k == name {
			v = value
		}
		if v != "" {
			q.Set(k, v)
		}
	}
	return path + "?" + q.Encode()
}

// inArea is the same question for one area, school by school.
func (t table) inArea(area string) string {
	t.Area = area
	return t.address(home, "by", viewership.BySchool)
}

// narrowed is how many filters beside the period are set.
func (t table) narrowed() int {
	n := 0
	for _, s := range []string{t.Subject, t.Grade, t.School, t.Area, t.Channel} {
		if s != "" {
			n++
		}
	}
	return n
}

// period is a choice of days offered beside the form.
type period struct {
	Key      string
	From, To time.Time
}

// periods are this week, last week and the last thirty days.
func (t table) periods() []period {
	this := monday(t.Now, t.Zone)
	today := midnight(t.Now, t.Zone)
	return []period{
		{"this_week", this, this.AddDate(0, 0, 6)},
		{"last_week", this.AddDate(0, 0, -7), this.AddDate(0, 0, -1)},
		{"month", today.AddDate(0, 0, -29), today},
	}
}

// Link is the table of another period.
func (t table) link(p period) string {
	t.From, t.To = p.From, p.To
	return t.address(t.Path, "", "")
}

// week reports whether the period is this week or the one before.
func (t table) week() bool {
	p := t.periods()
	return t.is(p[0]) || t.is(p[1])
}

func (t table) is(p period) bool { return t.From.Equal(p.From) && t.To.Equal(p.To) }

// cell is what a row says about television evidence of a grade.
func cell(r viewership.Row, g television.Grade) []television.Headline {
	var out []television.Headline
	for _, h := range r.Contacts {
		if h.Grade == g {
			out = append(out, h)
		}
	}
	return out
}

// stated is a row's television figure for the chart: contacts of operators,
// else of the station, when they come in one unit; false when none is known.
func stated(r viewership.Row) (float64, bool) {
	for _, g := range []television.Grade{television.GradeD, television.GradeE} {
		if v, ok := r.Television[g]; ok {
			return v, true
		}
	}
	return 0, false
}

func midnight(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

func monday(t time.Time, zone *time.Location) time.Time {
	t = midnight(t, zone)
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

// asked reads the table's question from the address. Without a period it is
// this week.
func (r Handler) asked(c echo.Context) (table, viewership.Query, error) {
	t := table{
		By: c.QueryParam("by"), Subject: c.QueryParam("subject"), Grade: c.QueryParam("grade"),
		School: c.QueryParam("school"), Area: c.QueryParam("area"), Channel: c.QueryParam("channel"),
		Now: r.Now(), Zone: r.Zone,
		Path: home, Page: 1,
	}
	if n, err := strconv.Atoi(c.QueryParam("page")); err == nil && n > 1 {
		t.Page = n
	}
	if !slices.Contains(groups, t.By) {
		t.By = viewership.ByLesson
	}
	var bad []fault.Field
	week := t.periods()[0]
	for _, x := range []struct {
		name  string
		at    *time.Time
		start time.Time
	}{{"from", &t.From, week.From}, {"to", &t.To, week.To}} {
		*x.at = x.start
		if s := c.QueryParam(x.name); s != "" {
			d, err := time.ParseInLocation(dayLayout, s, r.Zone)
			if err != nil {
				bad = append(bad, fault.Wrong(x.name, "field.bad_date"))
				continue
			}
			*x.at = d
		}
	}
	grade, _ := strconv.Atoi(t.Grade)
	q := viewership.Query{
		From: t.From, To: t.To.AddDate(0, 0, 1), By: t.By,
		Subject: t.Subject, Grade: grade, School: t.School, Area: t.Area, Channel: t.Channel,
	}
	return t, q, fault.Form("viewership.invalid", bad...)
}

// rows fills the table.
func (r Handler) rows(c echo.Context, t *table, q viewership.Query) error {
	ctx, by := c.Request().Context(), page.Who(c)
	query := r.Views.TableAndTotal
	if t.Path != home {
		query = r.Views.OwnTable
	}
	var err error
	if t.Rows, t.Total, err = query(ctx, by, q); err != nil {
		return err
	}
	t.Page = min(t.Page, t.pages())
	if t.week() && c.QueryParam("format") == "" {
		t.Before = &before{SameDays: t.Now.Before(q.To)}
		if t.Before.SameDays {
			q.To = midnight(t.Now, t.Zone).AddDate(0, 0, 1)
		}
		q.From, q.To = q.From.AddDate(0, 0, -7), q.To.AddDate(0, 0, -7)
		if _, t.Before.Row, err = query(ctx, by, q); err != nil {
			return err
		}
	}
	t.MissingTotal = t.Total.AiringsNoData
	for _, g := range grades {
		if len(cell(t.Total, g)) > 0 {
			t.Grades = append(t.Grades, g)
		}
	}
	if t.By == viewership.ByChannel || t.By == viewership.ByArea || t.By == viewership.BySchool {
		t.Grades = nil // what the sum does not show, a row may
		for _, g := range grades {
			if slices.ContainsFunc(t.Rows, func(x viewership.Row) bool { return len(cell(x, g)) > 0 }) {
				t.Grades = append(t.Grades, g)
			}
		}
	}
	for _, x := range t.Rows {
		t.LongestBar = max(t.LongestBar, float64(x.WebViews))
		if v, ok := stated(x); ok {
			t.LongestBar = max(t.LongestBar, v)
		}
	}
	return nil
}

// finalAfter is how many days after its end a period's web figures can still
// grow: devices that were offline deliver late (offline/1).
const finalAfter = 30

// home is the department's own page.
const home = "/department"

func (r Handler) table(c echo.Context) error {
	return r.showTable(c, func(*table, *viewership.Query) {})
}

// showTable answers with the table. own narrows it to what is one's own.
func (r Handler) showTable(c echo.Context, own func(*table, *viewership.Query)) error {
	ctx := c.Request().Context()
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	t, q, err := r.asked(c)
	own(&t, &q)
	status := http.StatusOK
	if err == nil {
		err = r.rows(c, &t, q)
	}
	if err == nil && format != "" {
		return r.send(c, t, format)
	}
	if fault.KindOf(err) == fault.Invalid && err != nil {
		status = page.Status(err)
		t.Form = page.Form{Err: err, Values: map[string]string{"from": c.QueryParam("from"), "to": c.QueryParam("to")}}
		err = nil
	}
	if err != nil {
		return err
	}
	if err := r.choices(ctx, &t); err != nil {
		return err
	}
	t.Keep = finalAfter
	t.Partial = t.Now.Before(t.To.AddDate(0, 0, 1+finalAfter))
	return page.Render(c, status, tablePage(t))
}

// choices reads what the filters offer.
func (r Handler) choices(ctx context.Context, t *table) (err error) {
	if t.Subjects, err = r.Schools.Subjects(ctx); err != nil {
		return err
	}
	if t.Schools, err = r.Schools.Schools(ctx); err != nil {
		return err
	}
	slices.SortFunc(t.Schools, func(a, b school.School) int { return strings.Compare(a.Name, b.Name) })
	if t.Areas, err = r.Schools.Areas(ctx); err != nil {
		return err
	}
	slices.SortFunc(t.Areas, func(a, b school.Area) int { return strings.Compare(a.Name, b.Name) })
	t.Channels, err = r.Channels.Channels(ctx)
	return err
}
