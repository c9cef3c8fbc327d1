package api

import (
	"encoding/json"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
)

// importForm documents what a multipart import holds; file is binary.
type importForm struct {
	File    string            `json:"file"`
	Mapping map[string]string `json:"mapping,omitempty"` // JSON: our names -> the file's headers
	Channel string            `json:"channel,omitempty"`
	Metric  string            `json:"metric,omitempty"`
	Unit    string            `json:"unit,omitempty"`
	Grade   string            `json:"grade,omitempty"`
	Source  string            `json:"source,omitempty"`
	Method  string            `json:"method,omitempty"`
	Correct string            `json:"correct,omitempty"` // "yes": a value that differs replaces the one there
}

type asRunForm struct {
	File    string            `json:"file"`
	Channel string            `json:"channel"`
	Mapping map[string]string `json:"mapping,omitempty"` // JSON: our names -> headers, or "1-10" for flat text
}

type commitIn struct {
	Sure bool `json:"sure,omitempty"` // the figures that look wrong are right
}

// importRow says what becomes of one row; code and message say why it is
// refused, column in which column of the file.
type importRow struct {
	Row     int     `json:"row"`
	Airing  string  `json:"airing,omitempty"`
	Column  string  `json:"column,omitempty"`
	Code    string  `json:"code,omitempty"`
	Message string  `json:"message,omitempty"`
	Warning string  `json:"warning,omitempty"`
	Same    bool    `json:"same,omitempty"` // is there already
	Metric  string  `json:"metric,omitempty"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit,omitempty"`
}

type importOut struct {
	ID        string            `json:"id"`
	Filename  string            `json:"filename"`
	Mapping   map[string]string `json:"mapping"`
	Accepted  int               `json:"accepted"`
	Same      int               `json:"same"`
	Refused   int               `json:"refused"`
	Skipped   int               `json:"skipped"` // totals and headings
	Warnings  int               `json:"warnings"`
	Committed *time.Time        `json:"committed,omitempty"`
	Rows      []importRow       `json:"rows"`
}

type asRunRow struct {
	Row       int        `json:"row"`
	Airing    string     `json:"airing,omitempty"`
	Column    string     `json:"column,omitempty"`
	Code      string     `json:"code,omitempty"`
	Message   string     `json:"message,omitempty"`
	Same      bool       `json:"same,omitempty"`
	Outcome   string     `json:"outcome,omitempty"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
}

type asRunOut struct {
	ID        string            `json:"id"`
	Filename  string            `json:"filename"`
	Channel   string            `json:"channel"`
	Mapping   map[string]string `json:"mapping"`
	Accepted  int               `json:"accepted"`
	Same      int               `json:"same"`
	Refused   int               `json:"refused"`
	Skipped   int               `json:"skipped"` // totals and headings
	Committed *time.Time        `json:"committed,omitempty"`
	Rows      []asRunRow        `json:"rows"`
	Silent    []string          `json:"silent"` // airings of the log's days that no row is about
}

var importCalls = []call{
	{method: "POST", path: "/figure-imports", action: people.WriteFigure, scope: page.Site, status: 201,
		multipart: true,
		summary:   "Preview a CSV or XLSX file of figures: rows that would count, rows refused and why; nothing counts yet",
		in:        importForm{}, out: importOut{}, handle: jsonHandler(201, previewFigures)},
	{method: "POST", path: "/figure-imports/:import/commit", action: people.WriteFigure, scope: page.Site, status: 200,
		summary: "Count the good rows of a previewed file; the same file again is refused", in: commitIn{},
		out: importOut{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in commitIn) (importOut, error) {
			p, err := r.Television.CommitImport(c.Request().Context(), by, c.Param("import"), in.Sure)
			return r.figureImport(c, p), err
		})},
	{method: "POST", path: "/as-run-imports", action: people.ReportAsRun, scope: page.Site, status: 201,
		multipart: true,
		summary:   "Preview a station's log (CSV, XLSX or flat text); nothing is reported yet", in: asRunForm{},
		out:    asRunOut{},
		handle: jsonHandler(201, previewAsRun)},
	{method: "POST", path: "/as-run-imports/:import/commit", action: people.ReportAsRun, scope: page.Site, status: 200,
		summary: "Report what a previewed log says", out: asRunOut{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (asRunOut, error) {
			p, err := r.Schedule.CommitAsRun(c.Request().Context(), by, c.Param("import"))
			return r.asRunImport(c, p), err
		})},
}

func previewFigures(r *Handler, c echo.Context, by people.Person, _ struct{}) (importOut, error) {
	name, data, err := page.File(c, "file", television.MaxImportBytes)
	if err != nil {
		return importOut{}, err
	}
	d := television.ImportDefaults{ChannelID: c.FormValue("channel"), Metric: c.FormValue("metric"),
		Unit:  c.FormValue("unit"),
		Grade: television.Grade(c.FormValue("grade")), Source: c.FormValue("source"), Method: c.FormValue("method"),
		Correct: c.FormValue("correct") == "yes"}
	if d.Columns, err = mapping(c); err != nil {
		return importOut{}, err
	}
	p, err := r.Television.PreviewImport(c.Request().Context(), by, name, data, d)
	return r.figureImport(c, p), err
}

func previewAsRun(r *Handler, c echo.Context, by people.Person, _ struct{}) (asRunOut, error) {
	name, data, err := page.File(c, "file", schedule.MaxLogBytes)
	if err != nil {
		return asRunOut{}, err
	}
	columns, err := mapping(c)
	if err != nil {
		return asRunOut{}, err
	}
	p, err := r.Schedule.PreviewAsRun(c.Request().Context(), by, c.FormValue("channel"), name, data, columns)
	return r.asRunImport(c, p), err
}

// mapping reads the form's JSON object of column names; without one those of
// the last import are taken.
func mapping(c echo.Context) (map[string]string, error) {
	s := c.FormValue("mapping")
	if s == "" {
		return nil, nil
	}
	var m map[string]string
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "request.malformed")
	}
	return m, nil
}

func (r *Handler) figureImport(c echo.Context, p television.Preview) importOut {
	out := importOut{ID: p.Import.ID, Filename: p.Import.Filename, Mapping: p.Import.Defaults.Columns,
		Accepted: p.Good, Same: p.Same,
		Refused: p.Refused, Skipped: p.Skipped, Warnings: p.Warnings,
		Committed: r.at(p.Import.Committed), Rows: []importRow{}}
	if out.Mapping == nil {
		out.Mapping = map[string]string{}
	}
	for _, x := range p.Rows {
		row := importRow{Row: x.Row, Airing: x.Figure.AiringID, Column: x.Column, Code: x.Code,
			Warning: x.Warning, Same: x.Same,
			Metric: x.Figure.Metric, Value: x.Figure.Value, Unit: x.Figure.Unit}
		if x.Code != "" {
			row.Message = sentence(c, x.Code, x.Args)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func (r *Handler) asRunImport(c echo.Context, p schedule.AsRunPreview) asRunOut {
	out := asRunOut{ID: p.Import.ID, Filename: p.Import.Filename, Channel: p.Import.ChannelID,
		Mapping: p.Import.Mapping, Accepted: p.Good,
		Same: p.Same, Refused: p.Refused, Skipped: p.Skipped, Committed: r.at(p.Import.Committed), Rows: []asRunRow{},
		Silent: []string{}}
	if out.Mapping == nil {
		out.Mapping = map[string]string{}
	}
	for _, x := range p.Rows {
		row := asRunRow{Row: x.Row, Airing: x.Airing.ID, Column: x.Column, Code: x.Code, Same: x.Same,
			Outcome: string(x.AsRun.Outcome), StartedAt: r.at(x.AsRun.StartedAt), EndedAt: r.at(x.AsRun.EndedAt)}
		if x.Code != "" {
			row.Message = sentence(c, x.Code, nil)
		}
		out.Rows = append(out.Rows, row)
	}
	for _, a := range p.Silent {
		out.Silent = append(out.Silent, a.ID)
	}
	return out
}
