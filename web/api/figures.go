package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/viewership"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/television"
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
	State    string     `json:"state,omitempty"` // counted, held, rejected, replaced
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
	Channel   string      `json:"channel"`
	Figures   []figureDoc `json:"figures"`
	CheckIns  checkInsDoc `json:"checkIns"`
	RollCalls *askedDoc   `json:"rollCalls,omitempty"`
}

// checkInsDoc counts an airing's check-ins: persons are grade A, codes of
// devices nobody knows grade B; stayed and repeats are of both.
type checkInsDoc struct {
	Persons int64 `json:"persons"`
	Codes   int64 `json:"codes"`
	Stayed  int64 `json:"stayed"`
	Repeats int64 `json:"repeats"`
	Pending int64 `json:"pending"`
}

// askedDoc is what classes said of an airing; estimate is there once ten
// drawn classes have answered.
type askedDoc struct {
	Classes  int64        `json:"classes"`
	Asked    int64        `json:"asked"`
	Watched  int64        `json:"watched"`
	Estimate *estimateDoc `json:"estimate,omitempty"`
}

type estimateDoc struct {
	Classes    int     `json:"classes"`
	Share      float64 `json:"share"`
	Persons    int64   `json:"persons"`
	Low        int64   `json:"low"`
	High       int64   `json:"high"`
	Population int64   `json:"population"`
	Rule       string  `json:"rule"`
}

// reachDoc bounds the different students reached; assumptions and what is not
// known are codes.
type reachDoc struct {
	Low        int64         `json:"low"`
	High       int64         `json:"high"`
	Population int64         `json:"population"`
	Identified identifiedDoc `json:"identified"`
	Assumed    []string      `json:"assumed"`
	Unbounded  bool          `json:"unbounded"` // an airing's audience is not known
}

type identifiedDoc struct {
	TelevisionOnly int64 `json:"televisionOnly"`
	WebOnly        int64 `json:"webOnly"`
	Both           int64 `json:"both"`
}

type ledgerOut struct {
	Web        webDoc          `json:"web"`
	Airings    []airingFigures `json:"airings"`
	Downloads  int64           `json:"downloads"`
	NetReach   *reachDoc       `json:"netReach,omitempty"` // not there without rosters
	Identified identifiedDoc   `json:"identified"`
	Missing    []string        `json:"missing"`
}

type binDoc struct {
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	Viewers int64   `json:"viewers"`
	Plays   int64   `json:"plays"`
}

// rowDoc is a row of the table. Web figures of few people are null, and
// webViewers "<5" when it is they who are few; hidden says why ("small", or
// "withheld" to protect another row). Of a channel they are null too.
type rowDoc struct {
	Key            string         `json:"key"`
	Label          string         `json:"label"`
	Parent         string         `json:"parent,omitempty"`
	WebViews       *int64         `json:"webViews"`
	WebViewers     any            `json:"webViewers"`
	WatchSeconds   *float64       `json:"watchSeconds"`
	Completions    *int64         `json:"completions"`
	Hidden         string         `json:"hidden,omitempty"`
	Television     map[string]any `json:"television"` // contacts by grade, of the grades that have one unit
	Contacts       []contactDoc   `json:"contacts"`
	Airings        int64          `json:"airings"`
	AiringsNoData  int64          `json:"airingsWithoutFigures"`
	AiringsPlanned int64          `json:"airingsPlanned"`
}

// contactDoc is television's contacts of one grade and unit; value is a number,
// or "<5", or null when hidden to protect another.
type contactDoc struct {
	Grade   string `json:"grade"`
	Unit    string `json:"unit"`
	Value   any    `json:"value"`
	Airings int    `json:"airings"`
}

var figureCalls = []call{
	{method: "POST", path: "/airings/:airing/figures", action: people.WriteFigure, scope: page.Site, status: 201,
		summary: "Append a television figure; replaces names an older row", in: figureIn{}, out: figureDoc{},
		prepare: repeatable(201, func(r *Handler, c echo.Context, by people.Person, in figureIn) (figureDoc, error) {
			f, err := r.Television.AddFigure(c.Request().Context(), by, television.Figure{AiringID: c.Param("airing"),
				Metric: in.Metric, Value: in.Value, Unit: in.Unit, Grade: television.Grade(in.Grade), Source: in.Source,
				Method: in.Method, Replaces: in.Replaces})
			return r.figure(f), err
		})},
	{method: "GET", path: "/lessons/:lesson/ledger", action: people.ReadLedger, scope: page.Object, status: 200,
		summary: "Everything known about who watched a lesson, on air and on the web", out: ledgerOut{},
		query:  []string{"viewersPerHomeLow", "viewersPerHomeHigh"},
		handle: jsonHandler(200, ledger)},
	{method: "GET", path: "/lessons/:lesson/retention", action: people.ReadLedger, scope: page.Object, status: 200,
		summary: "Share of viewers by moment of the recording", out: list[binDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			_ struct{}) (out list[binDoc], err error) {
			bins, err := r.Viewership.Retention(c.Request().Context(), by, c.Param("lesson"))
			out.Items = []binDoc{}
			for _, b := range bins {
				out.Items = append(out.Items, binDoc{b.From, b.To, b.Viewers, b.Plays})
			}
			return out, err
		})},
	{method: "GET", path: "/viewership", action: people.ReadViewing, scope: page.Site, status: 200,
		summary: "The department's table: web and television side by side", out: list[rowDoc]{},
		query:  []string{"from", "to", "by", "subject", "grade", "school", "area", "lesson", "channel", "format"},
		handle: (*Handler).table},
}

func ledger(r *Handler, c echo.Context, by people.Person, _ struct{}) (ledgerOut, error) {
	perHome, err := homesParam(c)
	if err != nil {
		return ledgerOut{}, err
	}
	l, err := r.Viewership.Ledger(c.Request().Context(), by, c.Param("lesson"), perHome)
	if err != nil {
		return ledgerOut{}, err
	}
	out := ledgerOut{Airings: []airingFigures{}, Downloads: l.Downloads, Missing: l.Missing,
		Identified: identifiedDoc(l.Identified),
		Web: webDoc{l.Web.Views, l.Web.Viewers, l.Web.WatchSeconds, l.Web.Completions, l.Web.OfflineViews,
			l.Web.Excluded, l.Web.Rules}}
	if out.Web.Excluded == nil {
		out.Web.Excluded = map[string]int64{}
	}
	if out.Missing == nil {
		out.Missing = []string{}
	}
	if x := l.Reach; x != nil {
		out.NetReach = &reachDoc{x.Low, x.High, x.Population, identifiedDoc(x.Identified), x.Assumed, x.Unbounded}
	}
	for _, a := range l.Airings {
		d := airingFigures{airingDoc: r.airing(a.Airing), Channel: a.Channel.Name, Figures: []figureDoc{},
			RollCalls: asked(a.Survey),
			CheckIns: checkInsDoc{a.CheckIns.Persons, a.CheckIns.Devices, a.CheckIns.Stayed, a.CheckIns.Repeats,
				a.CheckIns.Pending}}
		for _, f := range a.Figures {
			d.Figures = append(d.Figures, r.figure(f))
		}
		out.Airings = append(out.Airings, d)
	}
	return out, nil
}

func asked(a television.ClassSurvey) *askedDoc {
	if a.Classes == 0 {
		return nil
	}
	d := &askedDoc{Classes: a.Classes, Asked: a.Asked, Watched: a.Watched}
	if e := a.Estimate; e != nil {
		d.Estimate = &estimateDoc{e.Classes, e.Share, e.Persons, e.LowPersons, e.UpPersons, e.PopulationTaken,
			television.SampleRule}
	}
	return d
}

// homesParam reads the stated viewers of a home; without them audiences of
// households bound nothing.
func homesParam(c echo.Context) (viewership.Range, error) {
	var r viewership.Range
	for name, to := range map[string]*float64{"viewersPerHomeLow": &r.Low, "viewersPerHomeHigh": &r.High} {
		s := c.QueryParam(name)
		if s == "" {
			continue
		}
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || !(n >= 1 && n <= 20) {
			return r, wrongParam(name)
		}
		*to = n
	}
	if r.High < r.Low || (r.Low == 0) != (r.High == 0) {
		return r, wrongParam("viewersPerHomeHigh")
	}
	return r, nil
}

// table answers in JSON, or with ?format=csv or xlsx in a file for spreadsheets.
func (r *Handler) table(c echo.Context) error {
	q := viewership.Query{By: c.QueryParam("by"), Subject: c.QueryParam("subject"), School: c.QueryParam("school"),
		Area: c.QueryParam("area"), Lesson: c.QueryParam("lesson"), Channel: c.QueryParam("channel")}
	if q.By == "" {
		q.By = "lesson"
	}
	if !slices.Contains([]string{"lesson", "day", "subject", "grade", "school", "area", "channel"}, q.By) {
		return wrongParam("by")
	}
	format := c.QueryParam("format")
	if !slices.Contains([]string{"", "json", "csv", "xlsx"}, format) {
		return wrongParam("format")
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
	if format == "csv" || format == "xlsx" {
		return r.sendRows(c, format, q.By, rows)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	out := list[rowDoc]{Items: make([]rowDoc, 0, len(rows))}
	for _, x := range rows {
		out.Items = append(out.Items, rowOf(q.By, x))
	}
	return c.JSON(http.StatusOK, out)
}

func rowOf(by string, x viewership.Row) rowDoc {
	d := rowDoc{Key: x.Key, Label: x.Label, Parent: x.Parent, Hidden: string(x.Mark), Television: map[string]any{},
		Contacts: []contactDoc{},
		Airings:  x.Airings, AiringsNoData: x.AiringsNoData, AiringsPlanned: x.AiringsPlanned}
	switch {
	case x.Mark == disclosure.Small:
		d.WebViewers = fewer
	case x.Mark == disclosure.Shown && by != viewership.ByChannel:
		d.WebViews, d.WebViewers, d.WatchSeconds, d.Completions = &x.WebViews, x.WebViewers, &x.WatchSeconds,
			&x.Completions
	}
	for _, h := range x.Contacts {
		d.Contacts = append(d.Contacts, contactDoc{string(h.Grade), h.Unit, valueOf(h), h.Airings})
		if _, one := x.Television[h.Grade]; one || h.Mark == disclosure.Small {
			d.Television[string(h.Grade)] = valueOf(h)
		}
	}
	return d
}

// fewer stands for a count of 1 to 4 people.
const fewer = "<5"

func valueOf(h television.Headline) any {
	switch h.Mark {
	case disclosure.Small:
		return fewer
	case disclosure.Withheld:
		return nil
	}
	return h.Value
}

// sendRows sends the same rows as a file. An empty cell is no data or hidden,
// never zero.
func (r *Handler) sendRows(c echo.Context, format, by string, rows []viewership.Row) error {
	grades := []television.Grade{"A", "B", "C", "D", "E"}
	head := []any{"key", "label", "parent", "webViews", "webViewers", "watchSeconds", "completions", "hidden"}
	for _, g := range grades {
		head = append(head, "television"+string(g), "unit"+string(g))
	}
	head = append(head, "airings", "airingsWithoutFigures", "airingsPlanned")
	return page.SendSheet(c, r.Sheets, format, "lenlop-viewership-"+by, "viewership", head,
		func(yield func([]any) bool) {
			for _, x := range rows {
				d := rowOf(by, x)
				row := []any{d.Key, d.Label, d.Parent, cellOf(d.WebViews), d.WebViewers, cellOf(d.WatchSeconds),
					cellOf(d.Completions), d.Hidden}
				for _, g := range grades {
					var unit any
					v := d.Television[string(g)]
					for _, h := range d.Contacts {
						if h.Grade == string(g) && v != nil {
							unit = h.Unit
						}
					}
					row = append(row, v, unit)
				}
				if !yield(append(row, d.Airings, d.AiringsNoData, d.AiringsPlanned)) {
					return
				}
			}
		})
}

// cellOf is a number or nothing.
func cellOf[T any](n *T) any {
	if n == nil {
		return nil
	}
	return *n
}

func (r *Handler) figure(f television.Figure) figureDoc {
	return figureDoc{ID: f.ID, Airing: f.AiringID, Metric: f.Metric, Value: f.Value, Unit: f.Unit,
		Grade:  string(f.Grade),
		Source: f.Source, Method: f.Method, At: r.at(f.At), By: f.HandedInBy, Replaces: f.Replaces,
		State: string(f.State)}
}
