package station

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
)

// Columns that a file may name otherwise than we do, in the order shown.
var (
	figureColumns = []string{television.ColumnDate, television.ColumnTime, television.ColumnItemNumber,
		television.ColumnValue, television.ColumnUnit}
	logColumns = []string{schedule.LogDate, schedule.LogStart, schedule.LogEnd, schedule.LogLength,
		schedule.LogHouseNumber, schedule.LogOutcome}
)

// maxShownRows of a preview: those refused and doubted stand first, and nobody
// reads thousands that are in order.
const maxShownRows = 300

// figureImport is the page of a file of figures: to be chosen, or read and
// waiting for a yes.
type figureImport struct {
	Channels []schedule.Channel
	Form     page.Form
	Preview  *television.Preview
	Rows     []television.ImportRow // refused, doubted, then the rest
	Lessons  map[string]lesson.Lesson
	Done     string
	Channel  schedule.Channel    // whose files are listed
	Past     []television.Import // newest first
}

// asRunImport is the same for a station's log.
type asRunImport struct {
	Channels []schedule.Channel
	Form     page.Form
	Preview  *schedule.AsRunPreview
	Rows     []schedule.AsRunRow
	Lessons  map[string]lesson.Lesson
	Done     string
	Channel  schedule.Channel
	Past     []schedule.AsRunImport
}

func (r Handler) figureImport(c echo.Context) error {
	return r.showFigureImport(c, http.StatusOK, figureImport{Done: page.DoneOf(c)})
}

// showFigureImport fills an empty form with what the channel's last file was
// read by.
func (r Handler) showFigureImport(c echo.Context, status int, v figureImport) (err error) {
	ctx, by := c.Request().Context(), page.Who(c)
	if v.Channels, err = r.Schedule.Store.Channels(ctx); err != nil {
		return err
	}
	v.Channel = chosen(v.Channels, first(v.Form.Get("channelId", ""), c.QueryParam("channel")))
	if v.Past, err = r.Figures.ImportedFiles(ctx, by, v.Channel.ID); err != nil {
		return err
	}
	if v.Form.Values == nil {
		d, err := r.Figures.LastImport(ctx, by, v.Channel.ID)
		if err != nil {
			return err
		}
		v.Form.Values = map[string]string{"channelId": v.Channel.ID, "source": d.Source, "method": d.Method}
		for name, value := range map[string]string{"metric": d.Metric, "unit": d.Unit, "grade": string(d.Grade)} {
			if value != "" {
				v.Form.Values[name] = value
			}
		}
		remembered(v.Form, d.Columns)
	}
	return page.Render(c, status, figureImportPage(v))
}

// previewFigures reads a file; nothing counts yet.
func (r Handler) previewFigures(c echo.Context) error {
	ctx, by := c.Request().Context(), page.Who(c)
	name, data, err := page.File(c, "file", television.MaxImportBytes)
	f := page.FormOf(c, append([]string{"channelId", "metric", "unit", "grade", "source", "method", "correct",
		shownColumns}, prefixed(figureColumns)...)...)
	var p television.Preview
	if err == nil {
		p, err = r.Figures.PreviewImport(ctx, by, name, data,
			television.ImportDefaults{ChannelID: f.Values["channelId"],
				Metric: f.Values["metric"], Unit: f.Values["unit"], Grade: television.Grade(f.Values["grade"]),
				Source: f.Values["source"],
				Method: f.Values["method"], Correct: f.Values["correct"] == "yes",
				Columns: columnsOf(f, figureColumns)})
	}
	if shown(err) {
		f.Err = err
		return r.showFigureImport(c, page.Status(err), figureImport{Form: f})
	}
	if err != nil {
		return err
	}
	return r.showPreview(c, http.StatusOK, p, nil)
}

func (r Handler) showPreview(c echo.Context, status int, p television.Preview, failed error) error {
	v := figureImport{Preview: &p, Form: page.Form{Err: failed}}
	for _, want := range []func(television.ImportRow) bool{
		func(x television.ImportRow) bool { return x.Code != "" },
		func(x television.ImportRow) bool { return x.Code == "" && x.Warning != "" },
		func(x television.ImportRow) bool { return x.Code == "" && x.Warning == "" },
	} {
		for _, x := range p.Rows {
			if want(x) && len(v.Rows) < maxShownRows {
				v.Rows = append(v.Rows, x)
			}
		}
	}
	var as []schedule.Airing
	for _, x := range v.Rows {
		if x.Figure.LessonID != "" {
			as = append(as, schedule.Airing{LessonID: x.Figure.LessonID})
		}
	}
	var err error
	if v.Lessons, err = r.lessons(c.Request().Context(), page.Who(c), as); err != nil {
		return err
	}
	return r.showFigureImport(c, status, v)
}

// commitFigures counts a previewed file. One with doubtful figures that nobody
// confirmed is shown again.
func (r Handler) commitFigures(c echo.Context) error {
	p, err := r.Figures.CommitImport(c.Request().Context(), page.Who(c), c.Param("import"),
		c.FormValue("sure") == "yes")
	switch {
	case shown(err) && len(p.Rows) > 0:
		return r.showPreview(c, page.Status(err), p, err)
	case shown(err):
		return r.showFigureImport(c, page.Status(err), figureImport{Form: page.Form{Err: err}})
	case err != nil:
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/station/figures?done=imported&channel="+p.Import.Defaults.ChannelID)
}

func (r Handler) asRunImport(c echo.Context) error {
	return r.showAsRunImport(c, http.StatusOK, asRunImport{Done: page.DoneOf(c)})
}

func (r Handler) showAsRunImport(c echo.Context, status int, v asRunImport) (err error) {
	ctx, by := c.Request().Context(), page.Who(c)
	if v.Channels, err = r.Schedule.Store.Channels(ctx); err != nil {
		return err
	}
	v.Channel = chosen(v.Channels, first(v.Form.Get("channelId", ""), c.QueryParam("channel")))
	if v.Past, err = r.Schedule.ImportedLogs(ctx, by, v.Channel.ID); err != nil {
		return err
	}
	if v.Form.Values == nil {
		columns, err := r.Schedule.LastLog(ctx, by, v.Channel.ID)
		if err != nil {
			return err
		}
		v.Form.Values = map[string]string{"channelId": v.Channel.ID}
		remembered(v.Form, columns)
	}
	return page.Render(c, status, asRunImportPage(v))
}

// previewAsRun reads a log; nothing is reported yet.
func (r Handler) previewAsRun(c echo.Context) error {
	ctx, by := c.Request().Context(), page.Who(c)
	name, data, err := page.File(c, "file", schedule.MaxLogBytes)
	f := page.FormOf(c, append([]string{"channelId", shownColumns}, prefixed(logColumns)...)...)
	var p schedule.AsRunPreview
	if err == nil {
		p, err = r.Schedule.PreviewAsRun(ctx, by, f.Values["channelId"], name, data, columnsOf(f, logColumns))
	}
	if shown(err) {
		f.Err = err
		return r.showAsRunImport(c, page.Status(err), asRunImport{Form: f})
	}
	if err != nil {
		return err
	}
	v := asRunImport{Preview: &p}
	for _, refused := range []bool{true, false} {
		for _, x := range p.Rows {
			if (x.Code != "") == refused && len(v.Rows) < maxShownRows {
				v.Rows = append(v.Rows, x)
			}
		}
	}
	as := p.Silent
	for _, x := range v.Rows {
		if x.Airing.ID != "" {
			as = append(as, x.Airing)
		}
	}
	if v.Lessons, err = r.lessons(ctx, by, as); err != nil {
		return err
	}
	return r.showAsRunImport(c, http.StatusOK, v)
}

func (r Handler) commitAsRun(c echo.Context) error {
	p, err := r.Schedule.CommitAsRun(c.Request().Context(), page.Who(c), c.Param("import"))
	if shown(err) {
		return r.showAsRunImport(c, page.Status(err), asRunImport{Form: page.Form{Err: err}})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/station/as-run?done=logged&channel="+p.Import.ChannelID)
}

// columnField is the input in which a file's name for our column is typed.
func columnField(column string) string { return "column_" + column }

func prefixed(columns []string) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = columnField(c)
	}
	return names
}

// shownColumns is sent by a form that showed its columns: what is empty in it was
// emptied by a person, and is not filled in from the channel's last file.
const shownColumns = "columns"

// remembered writes the columns of the channel's last file into an empty form.
func remembered(f page.Form, columns map[string]string) {
	for c, name := range columns {
		f.Values[columnField(c)] = name
	}
}

// columnsOf is what was typed; nil when the form did not ask, so that the
// channel's last choice is taken.
func columnsOf(f page.Form, columns []string) map[string]string {
	m := map[string]string{}
	for _, c := range columns {
		if s := f.Values[columnField(c)]; s != "" {
			m[c] = s
		}
	}
	if len(m) == 0 && f.Values[shownColumns] == "" {
		return nil
	}
	return m
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
