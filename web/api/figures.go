package api

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/viewership"
	"lenlop/web/page"
)

type figureIn struct {
	Metric   string  `json:"metric"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Grade    string  `json:"grade"`
	Source   string  `json:"source"`
	Method   string  `json:"method,omitempty"`
	Replaces string  `json:"replaces,omitempty"`
}

type figureDoc struct {
	ID       string     `json:"id"`
	Airing   string     `json:"airing"`
	Metric   string     `json:"metric"`
	Value    float64    `json:"value"`
	Unit     string     `json:"unit"`
	Grade    string     `json:"grade"`
	Source   string     `json:"source"`
	Method   string     `json:"method,omitempty"`
	At       *time.Time `json:"at"`
	By       string     `json:"by"`
	Replaces string     `json:"replaces,omitempty"`
}

type webDoc struct {
	Views        int64            `json:"views"`
	Viewers      int64            `json:"viewers"`
	WatchSeconds float64          `json:"watchSeconds"`
	Completions  int64            `json:"completions"`
	OfflineViews int64            `json:"offlineViews"`
	Excluded     map[string]int64 `json:"excluded"`
	Rules        []string         `json:"rules"`
}

type airingFigures struct {
	airingDoc
	Channel  string         `json:"channel"`
	Figures  []figureDoc    `json:"figures"`
	CheckIns map[string]int `json:"checkIns"`
}

type ledgerOut struct {
	Web       webDoc          `json:"web"`
	Airings   []airingFigures `json:"airings"`
	Downloads int64           `json:"downloads"`
	Missing   []string        `json:"missing"`
}

type binDoc struct {
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	Viewers int64   `json:"viewers"`
	Plays   int64   `json:"plays"`
}

type rowDoc struct {
	Key           string             `json:"key"`
	Label         string             `json:"label"`
	WebViews      int64              `json:"webViews"`
	WebViewers    int64              `json:"webViewers"`
	WatchSeconds  float64            `json:"watchSeconds"`
	Completions   int64              `json:"completions"`
	Television    map[string]float64 `json:"television"`
	Airings       int64              `json:"airings"`
	AiringsNoData int64              `json:"airingsWithoutFigures"`
}

var figureCalls = []call{
	{method: "POST", path: "/airings/:airing/figures", action: people.WriteFigure, scope: page.Site, status: 201, once: true,
		summary: "Append a television figure; replaces names an older row", in: figureIn{}, out: figureDoc{},
		handle: take(201, func(r *Room, c echo.Context, by people.Person, in figureIn) (figureDoc, error) {
			f, err := r.Viewership.AddFigure(c.Request().Context(), by, viewership.Figure{AiringID: c.Param("airing"),
				Metric: in.Metric, Value: in.Value, Unit: in.Unit, Grade: viewership.Grade(in.Grade), Source: in.Source, Method: in.Method, Replaces: in.Replaces})
			return r.figure(f), err
		})},
	{method: "GET", path: "/lessons/:lesson/ledger", action: people.ReadLedger, scope: page.Object, status: 200,
		summary: "Everything known about who watched a lesson, on air and on the web", out: ledgerOut{},
		handle: take(200, ledger)},
	{method: "GET", path: "/lessons/:lesson/retention", action: people.ReadLedger, scope: page.Object, status: 200,
		summary: "Share of viewers by moment of the recording", out: list[binDoc]{},
		handle: take(200, func(r *Room, c echo.Context, by people.Person, _ struct{}) (out list[binDoc], err error) {
			bins, err := r.Viewership.Retention(c.Request().Context(), by, c.Param("lesson"))
			out.Items = []binDoc{}
			for _, b := range bins {
				out.Items = append(out.Items, binDoc{b.From, b.To, b.Viewers, b.Plays})
			}
			return out, err
		})},
	{method: "GET", path: "/viewership", action: people.ReadViewing, scope: page.Site, status: 200,
		summary: "The department's table: web and television side by side", out: list[rowDoc]{},
		query:  []string{"from", "to", "by", "subject", "grade", "school", "lesson", "channel", "format"},
		handle: (*Room).table},
}

func ledger(r *Room, c echo.Context, by people.Person, _ struct{}) (ledgerOut, error) {
	l, err := r.Viewership.Ledger(c.Request().Context(), by, c.Param("lesson"))
	if err != nil {
		return ledgerOut{}, err
	}
	out := ledgerOut{Airings: []airingFigures{}, Downloads: l.Downloads, Missing: l.Missing,
		Web: webDoc{l.Web.Views, l.Web.Viewers, l.Web.WatchSeconds, l.Web.Completions, l.Web.OfflineViews, l.Web.Excluded, l.Web.Rules}}
	if out.Web.Excluded == nil {
		out.Web.Excluded = map[string]int64{}
	}
	if out.Missing == nil {
		out.Missing = []string{}
	}
	for _, a := range l.Airings {
		d := airingFigures{airingDoc: r.airing(a.Airing), Channel: a.Channel.Name, Figures: []figureDoc{}, CheckIns: map[string]int{"codes": int(a.Codes)}}
		for _, f := range a.Figures {
			d.Figures = append(d.Figures, r.figure(f))
		}
		out.Airings = append(out.Airings, d)
	}
	return out, nil
}

// table answers in JSON, or with ?format=csv in CSV for spreadsheets.
func (r *Room) table(c echo.Context) error {
	q := viewership.Query{By: c.QueryParam("by"), Subject: c.QueryParam("subject"), School: c.QueryParam("school"),
		Lesson: c.QueryParam("lesson"), Channel: c.QueryParam("channel")}
	if q.By == "" {
		q.By = "lesson"
	}
	if !slices.Contains([]string{"lesson", "day", "subject", "grade", "school", "channel"}, q.By) {
		return wrongParam("by")
	}
	var err error
	if q.From, err = r.timeParam(c, "from"); err != nil {
		return err
	}
	if q.To, err = r.timeParam(c, "to"); err != nil {
		return err
	}
	if q.Grade, err = intParam(c, "grade", 0); err != nil {
		return err
	}
	rows, err := r.Viewership.Table(c.Request().Context(), page.Who(c), q)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	switch c.QueryParam("format") {
	case "", "json":
		out := list[rowDoc]{Items: []rowDoc{}}
		for _, x := range rows {
			d := rowDoc{x.Key, x.Label, x.WebViews, x.WebViewers, x.WatchSeconds, x.Completions, map[string]float64{}, x.Airings, x.AiringsNoData}
			for g, v := range x.Television {
				d.Television[string(g)] = v
			}
			out.Items = append(out.Items, d)
		}
		return c.JSON(http.StatusOK, out)
	case "csv":
		return writeCSV(c, rows)
	}
	return wrongParam("format")
}

func writeCSV(c echo.Context, rows []viewership.Row) error {
	h := c.Response().Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="lenlop-viewership.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	w := csv.NewWriter(c.Response())
	grades := []viewership.Grade{"A", "B", "C", "D", "E"}
	head := []string{"key", "label", "webViews", "webViewers", "watchSeconds", "completions"}
	for _, g := range grades {
		head = append(head, "television"+string(g))
	}
	if err := w.Write(append(head, "airings", "airingsWithoutFigures")); err != nil {
		return err
	}
	for _, x := range rows {
		row := []string{safeCell(x.Key), safeCell(x.Label), fmt.Sprint(x.WebViews), fmt.Sprint(x.WebViewers), fmt.Sprintf("%.0f", x.WatchSeconds), fmt.Sprint(x.Completions)}
		for _, g := range grades {
			if v, ok := x.Television[g]; ok {
				row = append(row, fmt.Sprintf("%g", v))
			} else {
				row = append(row, "") // no data is not zero
			}
		}
		if err := w.Write(append(row, fmt.Sprint(x.Airings), fmt.Sprint(x.AiringsNoData))); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// safeCell keeps a spreadsheet from running a teacher's title as a formula
// (OWASP, "CSV Injection"; the wide forms are what East Asian keyboards type).
func safeCell(s string) string {
	if strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") || strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") ||
		s != "" && strings.ContainsRune("=+-@\t\r\n|", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (r *Room) figure(f viewership.Figure) figureDoc {
	return figureDoc{ID: f.ID, Airing: f.AiringID, Metric: f.Metric, Value: f.Value, Unit: f.Unit, Grade: string(f.Grade),
		Source: f.Source, Method: f.Method, At: r.at(f.At), By: f.HandedInBy, Replaces: f.Replaces}
}
