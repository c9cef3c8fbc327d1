package station

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership"
	"lenlop/services/viewership/television"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// What a figure may be, in the order shown. The rules are viewership's.
var (
	metrics = []string{television.Contacts, television.Viewers, television.AverageAudience, television.PeakAudience}
	units   = []string{television.Persons, television.Households, television.Plays}
	grades  = []television.Grade{television.GradeA, television.GradeB, television.GradeC, television.GradeD,
		television.GradeE}
)

var (
	asRunFields  = []string{"outcome", "startedAt", "endedAt", "note"}
	figureFields = []string{"metric", "value", "unit", "grade", "source", "method", "replaces"}
)

// airing is one airing's page: its plan, what happened, what was handed in.
type airing struct {
	Airing   schedule.Airing
	Channel  schedule.Channel
	Channels []schedule.Channel
	Lesson   lesson.Lesson
	Subjects []school.Subject
	Figures  []television.Figure
	Kin      []schedule.Airing // the first one and its repeats, without this one
	Copies   []production.Copy // for the airing's channel, newest first
	Replaced map[string]string // id of a row -> id of the row that corrects it
	Names    map[string]string // of those who handed figures in
	Plan     page.Form
	AsRun    page.Form
	Figure   page.Form
	CopyForm page.Form
	Repeat   page.Form
	Now      time.Time
	Zone     *time.Location
	Done     string
	Edit     bool // may change the plan
	Report   bool // may say what happened
	Write    bool // may hand a figure in
}

// begun reports whether the planned time has come.
func (v airing) begun() bool { return !v.Now.Before(v.Airing.StartsAt) }

// moment is a time as a datetime-local input wants it; zero is empty.
func (v airing) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(v.Zone).Format(momentLayout)
}

// storedPlan is the plan of the airing as its form has it.
func (v airing) storedPlan(ctx context.Context) []page.Stored {
	a, l, channel := v.Airing, locale.From(ctx), ""
	for _, ch := range v.Channels {
		if ch.ID == a.ChannelID {
			channel = ch.Name
		}
	}
	at := a.StartsAt.In(v.Zone)
	return []page.Stored{
		page.NowAs("channelId", a.ChannelID, channel), page.NowAs("day", at.Format(dayLayout), l.Date(a.StartsAt)),
		page.Now("startsAt", at.Format(clockLayout)), page.Now("minutes", lasting(a)),
		page.Now("houseNumber", a.HouseNumber),
	}
}

// storedAsRun is what was reported of the airing as its form has it.
func (v airing) storedAsRun(ctx context.Context) []page.Stored {
	a, l := v.Airing, locale.From(ctx)
	out := []page.Stored{page.Now("outcome", string(a.Outcome)), page.Now("startedAt", v.moment(a.StartedAt)),
		page.Now("endedAt", v.moment(a.EndedAt)), page.Now("note", a.Note)}
	if a.Outcome != schedule.Planned {
		out[0].Label = locale.T(ctx, "station.outcome_"+string(a.Outcome))
	}
	if !a.StartedAt.IsZero() {
		out[1].Label, out[2].Label = l.DateTime(a.StartedAt), l.DateTime(a.EndedAt)
	}
	return out
}

// row is the number of a figure on the page, by which a correction names it.
func (v airing) row(id string) int {
	return slices.IndexFunc(v.Figures, func(f television.Figure) bool { return f.ID == id }) + 1
}

func (r Handler) airing(c echo.Context) error {
	return r.showAiring(c, http.StatusOK, airing{Done: page.DoneOf(c)})
}

// showAiring renders the page of the airing in the address with the forms that
// the handler already holds in v.
func (r Handler) showAiring(c echo.Context, status int, v airing) error {
	ctx, by := c.Request().Context(), page.Who(c)
	var err error
	if v.Airing, err = r.Schedule.Store.Airing(ctx, c.Param("airing")); err != nil {
		return err
	}
	if v.Channel, err = r.Schedule.Store.Channel(ctx, v.Airing.ChannelID); err != nil {
		return err
	}
	if v.Channels, err = r.Schedule.Store.Channels(ctx); err != nil {
		return err
	}
	if v.Lesson, err = r.Lessons.Read(ctx, by, v.Airing.LessonID); err != nil {
		return err
	}
	if v.Subjects, err = r.Schools.Subjects(ctx); err != nil {
		return err
	}
	copies, err := r.Copies.OfLesson(ctx, by, v.Airing.LessonID)
	if err != nil {
		return err
	}
	v.Copies = copiesFor(v.Airing, copies)
	if v.Kin, err = r.kin(c, v.Airing); err != nil {
		return err
	}
	if v.Figures, err = r.figures(ctx, by, v.Airing); err != nil {
		return err
	}
	v.Replaced, v.Names = map[string]string{}, map[string]string{}
	for _, f := range v.Figures {
		if f.Replaces != "" {
			v.Replaced[f.Replaces] = f.ID
		}
		if f.HandedInBy == "" || v.Names[f.HandedInBy] != "" {
			continue
		}
		p, err := r.People.Person(ctx, f.HandedInBy)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		v.Names[f.HandedInBy] = p.Name
	}
	v.Now, v.Zone = r.Now(), r.Zone
	v.Edit, v.Report, v.Write = may(c, people.EditSchedule), may(c, people.ReportAsRun), may(c, people.WriteFigure)
	return page.Render(c, status, airingPage(v))
}

// figures of one airing, in the order they were handed in, so that their
// numbers on the page never change.
func (r Handler) figures(ctx context.Context, by people.Person, a schedule.Airing) ([]television.Figure, error) {
	ledger, err := r.Views.Ledger(ctx, by, a.LessonID, viewership.Range{})
	if err != nil {
		return nil, err
	}
	for _, x := range ledger.Airings {
		if x.Airing.ID == a.ID {
			fs := slices.Clone(x.Figures)
			slices.SortStableFunc(fs, func(a, b television.Figure) int {
				return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
			})
			return fs, nil
		}
	}
	return nil, nil
}

func (r Handler) asRun(c echo.Context) error {
	f, err := page.SaveMerged(c.Request().Context(), r.Schedule.Atomic, page.FormOf(c, asRunFields...),
		func(ctx context.Context) ([]page.Stored, error) {
			a, err := r.lockedAiring(ctx, c.Param("airing"))
			return airing{Airing: a, Zone: r.Zone}.storedAsRun(ctx), err
		},
		func(ctx context.Context, f page.Form) error {
			run, err := r.asRunOf(f)
			if err == nil {
				_, err = r.Schedule.Report(ctx, page.Who(c), c.Param("airing"), run)
			}
			return err
		})
	return r.backToAiring(c, err, "reported", func(v *airing) { v.AsRun = f })
}

// asRunOf reads what was typed.
func (r Handler) asRunOf(f page.Form) (schedule.AsRun, error) {
	run := schedule.AsRun{Outcome: schedule.Outcome(f.Values["outcome"]), Note: f.Values["note"]}
	var bad []fault.Field
	for name, at := range map[string]*time.Time{"startedAt": &run.StartedAt, "endedAt": &run.EndedAt} {
		var wrong *fault.Field
		if *at, wrong = local(name, f.Values[name], r.Zone); wrong != nil {
			bad = append(bad, *wrong)
		}
	}
	return run, fault.Form("airing.invalid", bad...)
}

func (r Handler) figure(c echo.Context) error {
	ctx := c.Request().Context()
	f := page.FormOf(c, figureFields...)
	a, err := r.Schedule.Store.Airing(ctx, c.Param("airing"))
	if err != nil {
		return err
	}
	value, ok := count(f.Values["value"])
	switch {
	case f.Values["value"] == "":
		err = fault.Form("figure.invalid", fault.Wrong("value", "field.required"))
	case !ok:
		err = fault.Form("figure.invalid", fault.Wrong("value", "figure.bad_value"))
	default:
		_, err = r.Figures.AddFigure(ctx, page.Who(c), television.Figure{
			AiringID: a.ID, LessonID: a.LessonID, ChannelID: a.ChannelID,
			Metric: f.Values["metric"], Value: value, Unit: f.Values["unit"],
			Grade:  television.Grade(f.Values["grade"]),
			Source: f.Values["source"], Method: f.Values["method"], Replaces: f.Values["replaces"],
		})
	}
	return r.backToAiring(c, err, "figured", func(v *airing) { f.Err = err; v.Figure = f })
}

// backToAiring shows the airing again: by a redirect after success, else with
// what was typed and what is wrong with it, which put lays into its form.
func (r Handler) backToAiring(c echo.Context, err error, done string, put func(*airing)) error {
	if shown(err) {
		var v airing
		put(&v)
		return r.showAiring(c, page.Status(err), v)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/station/airings/"+c.Param("airing")+"?done="+done)
}

// lasting is the planned length in whole minutes.
func lasting(a schedule.Airing) string {
	return strconv.Itoa(int(a.EndsAt.Sub(a.StartsAt).Minutes()))
}
