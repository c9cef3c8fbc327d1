package department

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/viewership"
	"lenlop/services/viewership/television"
	"lenlop/web/locale"
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
	Form      page.Form
	homes
	Draws bool // may draw classes
}

func (r Handler) ledger(c echo.Context) error {
	ctx, by := c.Request().Context(), page.Who(c)
	id := c.Param("lesson")
	v := ledger{Station: people.May(by, people.ReadSchedule, people.Object{}),
		Draws: people.May(by, people.ReadViewing, people.Object{})}
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if v.homes, err = homesAsked(c); err != nil {
		status = page.Status(err)
		v.Form = page.Form{Err: err, Values: map[string]string{"home_low": c.QueryParam("home_low"),
			"home_high": c.QueryParam("home_high")}}
		v.PerHome = viewership.Range{}
	}
	if v.Ledger, err = r.Views.Ledger(ctx, by, id, v.PerHome); err != nil {
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
	slices.SortStableFunc(v.Ledger.Airings, func(a, b television.AiringFigures) int {
		return cmp.Compare(a.Airing.StartsAt.Unix(), b.Airing.StartsAt.Unix())
	})
	v.Excluded = slices.Sorted(maps.Keys(v.Ledger.Web.Excluded))
	if format != "" {
		return r.sendLedger(c, v, format)
	}
	return page.Render(c, status, ledgerPage(v))
}

// sendLedger sends every figure of the lesson as one row with its evidence.
func (r Handler) sendLedger(c echo.Context, v ledger, format string) error {
	ctx := c.Request().Context()
	text := func(key string) string { return locale.T(ctx, key) }
	head := []any{text("ledger.where"), text("ledger.when"), text("outcome.label"), text("figure.what"),
		text("figure.value"), text("department.unit"),
		text("figure.grade"), text("figure.source"), text("figure.method"), text("figure.state"), text("figure.by"),
		text("figure.at")}
	return page.SendSheet(c, r.Sheets, format, "lenlop-ledger-"+v.Lesson.ID, v.Lesson.Title, head,
		func(yield func([]any) bool) {
			for _, row := range slices.Concat(v.webRows(ctx), v.airingRows(ctx)) {
				if !yield(row) {
					return
				}
			}
		})
}

func (v ledger) webRows(ctx context.Context) (rows [][]any) {
	w := v.Ledger.Web
	rules := strings.Join(w.Rules, " ")
	add := func(what string, value any, unit string) {
		rows = append(rows, []any{locale.T(ctx, "ledger.web"), nil, nil, what, value, unit, nil, "Lên Lớp", rules,
			nil, nil, nil})
	}
	add(locale.T(ctx, "department.web_views"), w.Views, "views")
	add(locale.T(ctx, "department.web_viewers"), w.Viewers, "viewers")
	add(locale.T(ctx, "department.watch_hours"), hours(w.WatchSeconds), "hours")
	add(locale.T(ctx, "department.completions"), w.Completions, "views")
	add(locale.T(ctx, "ledger.offline"), w.OfflineViews, "views")
	add(locale.T(ctx, "ledger.downloads"), v.Ledger.Downloads, "downloads")
	for _, reason := range v.Excluded {
		add(locale.T(ctx, "ledger.left_out", "why", known(ctx, "excluded."+reason, reason)),
			w.Excluded[reason], "sessions")
	}
	if x := v.Ledger.Reach; x != nil {
		add(locale.T(ctx, "reach.low"), x.Low, television.Persons)
		add(locale.T(ctx, "reach.high"), x.High, television.Persons)
		add(locale.T(ctx, "reach.population"), x.Population, television.Persons)
	}
	for _, m := range v.Ledger.Missing {
		rows = append(rows, []any{locale.T(ctx, "ledger.missing"), nil, nil, known(ctx, "missing."+m, m)})
	}
	return rows
}

func (v ledger) airingRows(ctx context.Context) (rows [][]any) {
	when := locale.From(ctx).DateTime
	for _, a := range v.Ledger.Airings {
		lead := []any{a.Channel.Name, when(a.Airing.StartsAt), locale.T(ctx, "outcome."+string(a.Airing.Outcome))}
		add := func(cells ...any) { rows = append(rows, append(slices.Clone(lead), cells...)) }
		if n := a.NamedPersons(); n > 0 {
			add(locale.T(ctx, "ledger.by_name"), n, television.Persons, "A", "Lên Lớp", television.CheckInRule)
		}
		if a.Codes > 0 {
			add(locale.T(ctx, "ledger.codes_entered"), a.Codes, television.Codes, "B", "Lên Lớp",
				television.CheckInRule)
		}
		if x := a.Survey; x.Classes > 0 {
			add(locale.T(ctx, "ledger.stated_by", "n", x.Classes), x.Watched, television.Persons, nil,
				locale.T(ctx, "ledger.roll_call"), locale.T(ctx, "ledger.asked", "n", x.Asked))
			if e := x.Estimate; e != nil {
				add(locale.T(ctx, "ledger.estimate"), e.Persons, television.Persons,
					"C", locale.T(ctx, "ledger.roll_call"), estimate(ctx, *e))
			}
		}
		for _, f := range a.Figures {
			add(locale.T(ctx, "metric."+f.Metric), f.Value, f.Unit, string(f.Grade), f.Source, f.Method,
				known(ctx, "figure.state_"+string(f.State), string(f.State)), v.Names.Person(f.HandedInBy), when(f.At))
		}
		if len(a.Figures) == 0 && a.Airing.Outcome.Happened() {
			add(locale.T(ctx, "department.no_data"))
		}
	}
	return rows
}

// estimate words what drawn classes allow to say of all.
func estimate(ctx context.Context, e television.Estimate) string {
	n := locale.From(ctx)
	return locale.T(ctx, "ledger.estimate_words", "low", n.Number(e.LowPersons), "up", n.Number(e.UpPersons),
		"classes", e.Classes,
		"of", n.Number(e.PopulationTaken), "rule", television.SampleRule)
}

// played reports whether anybody's viewing is known bin by bin.
func (v ledger) played() bool {
	return slices.ContainsFunc(v.Bins, func(b viewership.Bin) bool { return b.Viewers > 0 })
}
